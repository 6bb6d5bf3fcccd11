// SPDX-License-Identifier: Apache-2.0
import type { ServerLoadEvent } from '@sveltejs/kit';
import { longestQuery, search, type Hit } from '../../../site/search.ts';

export function load({ url }: ServerLoadEvent): { query: string; hits: Hit[] } {
  const query = (url.searchParams.get('q') ?? '').trim().slice(0, longestQuery);
  return { query, hits: search(query) };
}
