// SPDX-License-Identifier: Apache-2.0
import type { Done, PlanInput } from '../../plan/input.ts';
import { result } from '../../placement/result.ts';
import { attemptsOf } from '../../store/attempts.ts';
import { creditsOf } from '../../store/credits.ts';
import { stepsDone } from '../../store/plans.ts';
import { site } from '../site/site.ts';
import { earnedByLabs } from './earned.ts';
import type { Mine } from './mine.ts';
import { lastDone } from './placement.ts';

/** What a plan is made of beside what its form says: the day, and what placement, labs and done steps show. */
export type Facts = Pick<PlanInput, 'today' | 'entry' | 'gaps' | 'credits' | 'done'>;

export async function factsOf(mine: Mine): Promise<Facts> {
  const { roadmap } = site();
  const { renamed } = roadmap.ledger;
  const { db, person } = mine;
  const last = await lastDone(mine);
  const found = last && result(roadmap, last.session);
  const held = await creditsOf(db, person, renamed);
  const shown = await earnedByLabs(mine);
  const steps = await stepsDone(db, person, renamed);
  const passes = (await attemptsOf(db, person, renamed, { limit: 10_000 }))
    .filter(({ outcome, provisional }) => outcome === 'pass' && !provisional)
    .map(({ lab, at }) => ({ lab, on: localDay(at) }));
  return {
    today: localDay(new Date()),
    entry: found?.start ?? 0,
    gaps: found?.gaps.map(({ skill }) => skill) ?? [],
    credits: [
      // What was chosen by hand is in the entry stage.
      ...held.flatMap(({ skill, source }) => (source === 'hand' ? [] : [{ skill, source }])),
      ...shown.map(({ skill }) => ({ skill, source: 'lab' as const })),
    ],
    done: [
      ...steps.map(({ step, at }): Done => {
        const ref = step.slice(step.indexOf(':') + 1);
        return step.startsWith('lab:') ? { lab: ref, on: localDay(at) } : { skill: ref, on: localDay(at) };
      }),
      // Oldest first, so that the first pass of a lab counts.
      ...new Map(passes.map((pass) => [pass.lab, pass])).values(),
    ],
  };
}

/** The day on this machine's calendar. */
export function localDay(at: Date): string {
  const pad = (number: number): string => String(number).padStart(2, '0');
  return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
}
