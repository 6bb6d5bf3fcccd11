// SPDX-License-Identifier: Apache-2.0
import { fail, redirect, type Actions, type RequestEvent, type ServerLoadEvent } from '@sveltejs/kit';
import { z } from 'zod';
import { weekdays } from '../../../../plan/day.ts';
import { BringupError } from '../../../../shared/errors.ts';
import { jobFound, type JobFound } from '../../../state/job.ts';
import { planPage, type PlanPage } from '../../../state/plan-page.ts';
import { planAgain, planFrom, setDone, type PlanForm } from '../../../state/plan.ts';
import { token } from '../../../state/token.ts';
import { fromStore } from '../../parts/from-store.ts';
import { many, one, posted } from '../../parts/posted.ts';

export async function load({ url }: ServerLoadEvent): Promise<PlanPage & { token: string }> {
  const hours = Number(url.searchParams.get('hours') || NaN);
  return { ...(await fromStore((mine) => planPage(mine, hours))), token };
}

/** What the page gets when a form was not taken, or a job description was read. */
export interface PlanAnswer {
  says?: string;
  values?: PlanForm;
  job?: JobFound;
}

const planForm = z.object({
  target: one,
  title: one,
  skill: many,
  hours: one,
  start: one,
  off: many.pipe(z.array(z.enum(weekdays))),
  ranges: one,
});

const mark =
  (done: boolean) =>
  async (event: RequestEvent): Promise<never> => {
    const { step } = await posted(event, z.object({ step: one }));
    await fromStore((mine) => setDone(mine, step, done));
    redirect(303, '/plan');
  };

export const actions: Actions = {
  save: async (event) => {
    const values = await posted(event, planForm);
    const refused = await orSays(() => fromStore((mine) => planFrom(mine, values)));
    if (typeof refused === 'string') return fail(400, { says: refused, values });
    redirect(303, '/plan');
  },
  job: async (event) => {
    const { text } = await posted(event, z.object({ text: one }));
    const job = await orSays(async () => jobFound(text));
    return typeof job === 'string' ? fail(400, { says: job }) : { job };
  },
  again: async (event) => {
    await posted(event, z.object({}));
    await fromStore((mine) => planAgain(mine, 'planned again'));
    redirect(303, '/plan');
  },
  done: mark(true),
  undo: mark(false),
};

/** What some work gives, or why the input does not fit. */
async function orSays<T>(work: () => Promise<T>): Promise<T | string> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof BringupError && ['E-PLAN', 'E-INPUT'].includes(error.code))
      return `${error.message}. ${error.code === 'E-INPUT' ? error.next : ''}`;
    throw error;
  }
}
