// SPDX-License-Identifier: Apache-2.0
import type { ServerLoadEvent } from '@sveltejs/kit';
import { homePage, type HomePage } from '../../site/home.ts';

export function load({ url }: ServerLoadEvent): HomePage {
  return homePage(url.searchParams);
}
