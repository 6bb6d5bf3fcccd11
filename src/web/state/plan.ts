// SPDX-License-Identifier: Apache-2.0
import { replan } from '../../plan/compare.ts';
import { parseDaysOff, parsePlanInput, type PlanRequest, type Target } from '../../plan/input.ts';
import { makePlan } from '../../plan/make.ts';
import type { Plan } from '../../plan/plan.ts';
import { parseTarget } from '../../plan/target.ts';
import { BringupError } from '../../shared/errors.ts';
import { markStep, planOf, savePlan, unmarkStep } from '../../store/plans.ts';
import { site } from '../site/site.ts';
import { factsOf, type Facts } from './facts.ts';
import type { Mine } from './mine.ts';

/** What the form of a plan sends, as text. */
export interface PlanForm {
  /** The id of a specialization or domain, `stage-3`, or `job`. */
  target: string;
  title: string;
  /** Skills of a job. */
  skill: string[];
  hours: string;
  start: string;
  /** Weekdays off, and ranges of days as parseDaysOff takes them. */
  off: string[];
  ranges: string;
}

export interface Kept {
  version: number;
  plan: Plan;
}

/** The plan that holds, as it was made; undefined when there is none. */
export async function keptPlan({ db, person }: Mine): Promise<Kept | undefined> {
  const stored = await planOf(db, person);
  if (!stored) return undefined;
  return { version: stored.version, plan: remade(parsePlanInput(stored.input)) };
}

/** Makes a plan of what a form says, and stores it. Throws E-PLAN with a sentence for people. */
export async function planFrom(mine: Mine, form: PlanForm): Promise<void> {
  const { roadmap } = site();
  const target: Target =
    form.target === 'job'
      ? { kind: 'job', title: form.title || 'Job description', skills: form.skill }
      : parseTarget(roadmap, form.target);
  if (target.kind === 'job' && target.skills.length === 0)
    throw new BringupError('E-PLAN', 'a job needs one skill at least', { next: 'Choose what it asks for.' });
  const off = parseDaysOff([...form.off, form.ranges].join(','));
  const hours = form.hours.trim() === '' ? NaN : Number(form.hours);
  await store(mine, { ...(await factsOf(mine)), target, hours, start: form.start, off }, 'asked for');
}

/** Plans again from today with what is done by now. Nothing happens when there is no plan. */
export async function planAgain(mine: Mine, reason: string): Promise<void> {
  const kept = await keptPlan(mine);
  if (kept) await store(mine, { ...kept.plan.input, ...(await factsOf(mine)) }, reason);
}

/** Marks a step of the plan as done, or takes that back, and plans again. */
export async function setDone(mine: Mine, step: string, done: boolean): Promise<void> {
  const { db, person } = mine;
  if (done) {
    const kept = await keptPlan(mine);
    if (!kept?.plan.steps.some(({ id }) => id === step)) return; // a form of an older plan
    await markStep(db, person, step, { by: 'hand' });
  } else await unmarkStep(db, person, step, site().roadmap.ledger.renamed);
  await planAgain(mine, 'progress');
}

/** What would change today: another plan of the same form, and how it differs. */
export function planNow({ plan }: Kept, facts: Facts): ReturnType<typeof replan> {
  return replan(site().roadmap, [...site().labs.values()], plan, facts);
}

/** The same plan with other hours, on the day it was made. Throws E-PLAN. */
export function planWith({ plan }: Kept, hours: number): Plan {
  return replan(site().roadmap, [...site().labs.values()], plan, { hours }).plan;
}

async function store({ db, person }: Mine, request: PlanRequest, reason: string): Promise<void> {
  const plan = remade(request);
  await savePlan(db, person, { input: plan.input, plan, reason });
}

function remade(request: PlanRequest): Plan {
  return makePlan(site().roadmap, [...site().labs.values()], request);
}
