// SPDX-License-Identifier: Apache-2.0
import type { ServerLoadEvent } from '@sveltejs/kit';

export function load({ locals }: ServerLoadEvent): { theme: string } {
  return { theme: locals.theme ?? '' };
}
