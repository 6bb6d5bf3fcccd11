// SPDX-License-Identifier: Apache-2.0
import { json, type RequestHandler } from '@sveltejs/kit';
import { site } from '../../../../site/site.ts';

export const GET: RequestHandler = () => json(site().role);
