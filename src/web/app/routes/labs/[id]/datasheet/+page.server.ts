// SPDX-License-Identifier: Apache-2.0
import { error, type ServerLoadEvent } from '@sveltejs/kit';
import { sheetPage, type SheetPage } from '../../../../../state/sheet-page.ts';

export async function load({ params, url }: ServerLoadEvent<{ id: string }>): Promise<SheetPage> {
  const page = await sheetPage(params.id, seedOf(url.searchParams.get('seed')));
  return page ?? error(404, 'There is no such data sheet');
}

function seedOf(text: string | null): number | undefined {
  if (text === null) return undefined;
  if (!/^\d{1,10}$/.test(text) || Number(text) > 0xffff_ffff)
    error(400, 'A seed is a whole number from 0 to 4294967295');
  return Number(text);
}
