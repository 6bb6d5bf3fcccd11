// SPDX-License-Identifier: Apache-2.0
import { json, type RequestHandler } from '@sveltejs/kit';
import { everything } from '../../../../site/api.ts';

export const GET: RequestHandler = () => json(everything());
