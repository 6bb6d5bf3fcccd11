// SPDX-License-Identifier: Apache-2.0
import type { Roadmap } from '../roadmap/read.ts';
import { dayNumber } from './day.ts';
import type { PlanRequest } from './input.ts';
import { makePlan } from './make.ts';
import type { Plan, PlanLab, Step } from './plan.ts';

/** What a new plan changes. Days are calendar days; below zero is sooner. */
export interface PlanChange {
  finish: { before: string | null; after: string | null; days: number };
  /** Work left, new minus old. */
  minutes: number;
  added: Step[];
  /** Steps that are neither in the new plan nor done. */
  dropped: Step[];
  done: Step[];
  /** Steps that end on another day; `to` is the new one. */
  moved: { step: Step; days: number }[];
  /** Steps whose last day is before the new plan's today, and that are not done. */
  missed: Step[];
}

/**
 * Makes a plan anew with changes: another day, more done, another target, more hours. What was reported
 * done stays done, whatever the changes say. For a what-if, keep `today` as it was. Throws as makePlan().
 */
export function replan(
  roadmap: Roadmap,
  labs: readonly PlanLab[],
  before: Plan,
  changes: Partial<PlanRequest>,
): { plan: Plan; change: PlanChange } {
  const done = [...before.input.done, ...(changes.done ?? [])];
  const known = done.map((one) => JSON.stringify(one));
  const plan = makePlan(roadmap, labs, {
    ...before.input,
    ...changes,
    done: done.filter((_, at) => known.indexOf(known[at]!) === at),
  });
  return { plan, change: comparePlans(before, plan) };
}

/** What is different between two plans of one person. */
export function comparePlans(before: Plan, after: Plan): PlanChange {
  const old = new Map(before.steps.map((step) => [step.id, step]));
  const now = new Map(after.steps.map((step) => [step.id, step]));
  const done = new Set(after.done.map(({ id }) => id));
  const gone = before.steps.filter(({ id }) => !now.has(id));
  return {
    finish: {
      before: before.finish,
      after: after.finish,
      days: days(before.finish ?? after.input.today, after.finish ?? after.input.today),
    },
    minutes: after.minutes - before.minutes,
    added: after.steps.filter(({ id }) => !old.has(id)),
    dropped: gone.filter(({ id }) => !done.has(id)),
    done: gone.filter(({ id }) => done.has(id)),
    moved: after.steps.flatMap((step) => {
      const was = old.get(step.id);
      const moved = was ? days(was.to, step.to) : 0;
      return moved === 0 ? [] : [{ step, days: moved }];
    }),
    missed: before.steps.filter(({ id, to }) => now.has(id) && to < after.input.today),
  };
}

function days(from: string, to: string): number {
  return dayNumber(to) - dayNumber(from);
}
