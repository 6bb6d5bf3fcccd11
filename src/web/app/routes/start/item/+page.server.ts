// SPDX-License-Identifier: Apache-2.0
import { fail, redirect, type Actions, type ServerLoadEvent } from '@sveltejs/kit';
import { BringupError } from '../../../../../shared/errors.ts';
import { asked, respond, type Asked } from '../../../../state/placement.ts';
import { token } from '../../../../state/token.ts';
import { fromStore } from '../../../parts/from-store.ts';
import { posted } from '../../../parts/posted.ts';
import { itemForm, responseOf } from '../../../parts/response.ts';

export type ItemPage = Asked & { stale: boolean; token: string };

export async function load({ url }: ServerLoadEvent): Promise<ItemPage> {
  const now = await fromStore(asked);
  if (!now) redirect(303, '/start/result'); // which leads to the beginning when nothing was finished
  return { ...now, stale: url.searchParams.has('stale'), token };
}

export const actions: Actions = {
  default: async (event) => {
    const form = await posted(event, itemForm);
    const response = responseOf(form);
    const step = await fromStore(async (mine) => {
      try {
        return response && (await respond(mine, form, response));
      } catch (error) {
        if (error instanceof BringupError && error.code === 'E-PLACEMENT-ANSWER') return undefined;
        throw error;
      }
    });
    if (!step) return fail(400, { places: form.place });
    redirect(303, { next: '/start/item', stale: '/start/item?stale', done: '/start/result' }[step]);
  },
};
