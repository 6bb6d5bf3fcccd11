// SPDX-License-Identifier: Apache-2.0
import { error, redirect, type Actions } from '@sveltejs/kit';
import { z } from 'zod';
import { beginRetest, claim } from '../../../../state/placement.ts';
import { resultPage, type ResultPage } from '../../../../state/result-page.ts';
import { token } from '../../../../state/token.ts';
import { fromStore } from '../../../parts/from-store.ts';
import { many, one, posted } from '../../../parts/posted.ts';

export async function load(): Promise<ResultPage & { token: string }> {
  const page = await fromStore(resultPage);
  if (!page) redirect(303, '/start');
  return { ...page, token };
}

const stage = z.string().regex(/^[0-6]$/);

export const actions: Actions = {
  claim: async (event) => {
    const form = await posted(event, z.object({ stage: one.pipe(stage.or(z.literal(''))) }));
    const chosen = form.stage === '' ? undefined : Number(form.stage);
    if (!(await fromStore((mine) => claim(mine, chosen)))) error(409, 'No placement is finished yet');
    redirect(303, '/start/result');
  },
  retest: async (event) => {
    const { stages } = await posted(event, z.object({ stages: many.pipe(z.array(stage).min(1).max(7)) }));
    await fromStore((mine) => beginRetest(mine, stages.map(Number)));
    redirect(303, '/start/item');
  },
};
