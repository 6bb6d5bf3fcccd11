// SPDX-License-Identifier: Apache-2.0
import { error, type ServerLoadEvent } from '@sveltejs/kit';
import { attemptPage, type AttemptPage } from '../../../../../state/attempt-page.ts';
import { fromStore } from '../../../../parts/from-store.ts';

export async function load({ params, url }: ServerLoadEvent<{ id: string }>): Promise<AttemptPage> {
  const page = await fromStore((mine) => attemptPage(mine, params.id, url.searchParams));
  return page ?? error(404, 'There is no such attempt');
}
