// SPDX-License-Identifier: Apache-2.0
import { json, type RequestHandler } from '@sveltejs/kit';
import { search } from '../../../../site/search.ts';

export const GET: RequestHandler = ({ url }) => json(search(url.searchParams.get('q') ?? ''));
