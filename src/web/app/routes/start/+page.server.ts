// SPDX-License-Identifier: Apache-2.0
import { redirect, type Actions } from '@sveltejs/kit';
import { z } from 'zod';
import { stageRef, type StageRef } from '../../../site/refs.ts';
import { site } from '../../../site/site.ts';
import { beginAgain, beginOne, standing, type Standing } from '../../../state/placement.ts';
import { token } from '../../../state/token.ts';
import { fromStore } from '../../parts/from-store.ts';
import { posted } from '../../parts/posted.ts';

export type StartPage = Standing & { stages: StageRef[]; token: string };

export async function load(): Promise<StartPage> {
  const stages = site().roadmap.stages.map(({ number }) => stageRef(number));
  return { ...(await fromStore(standing)), stages, token };
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
