// SPDX-License-Identifier: Apache-2.0
import { redirect, type Actions } from '@sveltejs/kit';
import { z } from 'zod';
import { beginAgain, beginOne, standing, type Standing } from '../../../state/placement.ts';
import { token } from '../../../state/token.ts';
import { fromStore } from '../../parts/from-store.ts';
import { posted } from '../../parts/posted.ts';

export async function load(): Promise<Standing & { token: string }> {
  return { ...(await fromStore(standing)), token };
}

export const actions: Actions = {
  begin: async (event) => {
    await posted(event, z.object({}));
    await fromStore(beginOne);
    redirect(303, '/start/item');
  },
  again: async (event) => {
    await posted(event, z.object({}));
    await fromStore(beginAgain);
    redirect(303, '/start/item');
  },
};
