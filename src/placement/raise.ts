// SPDX-License-Identifier: Apache-2.0
import type { Roadmap } from '../roadmap/read.ts';
import { medianEntry, outlookOf, startChances, type Outlook } from './belief.ts';
import { beliefOf } from './asking.ts';
import type { Session } from './form.ts';
import { likelihoodOfCredit, stageCount } from './model.ts';

/** Something that would make a result surer. */
export type Raise = {
  skill: string;
  stage: number;
  /** How likely the entry stage would be right if this went well, 0 to 1. */
  exact: number;
} & (
  | { kind: 'lab'; lab: string; /** The lab is in the catalog and not there yet. */ planned: boolean }
  | { kind: 'mentor'; /** What a mentor would look at. */ says: string }
);

/** Labs to name, besides a mentor. */
const LABS = 3;
/** What adds less than this is not worth naming. */
const WORTH = 0.02;

/**
 * Labs of skills that would say most about the entry stage when passed, those that are there first, and what a mentor
 * could look at.
 */
export function raisesOf(roadmap: Roadmap, session: Session, exact: number): Raise[] {
  const planned = new Set(roadmap.planned.map(({ id }) => id));
  const had = new Set(session.credits.map(({ skill }) => skill));
  const outlook = outlookOf(beliefOf(session));
  // All skills of a stage say the same of it, so the surer result is worked out once for each stage.
  const after = Array.from({ length: stageCount }, (_, stage) =>
    sureness(outlook.given({ stage, likelihood: likelihoodOfCredit })),
  );
  // What was missed in an item comes first, then what was not asked.
  const turn = (skill: string): number =>
    ['wrong', 'unknown', undefined, 'right'].indexOf(
      session.answers.find((one) => one.skill === skill)?.outcome,
    );
  const open = roadmap.skills
    .filter(({ id, stage, depth }) => !had.has(id) && depth !== 'expert' && after[stage]! > exact + WORTH)
    .sort((a, b) => after[b.stage]! - after[a.stage]! || turn(a.id) - turn(b.id));
  const labs = open.flatMap(({ id: skill, stage, proofs }): Raise[] =>
    proofs
      .filter((proof) => 'lab' in proof)
      .map(({ lab }) => ({
        kind: 'lab',
        lab,
        planned: planned.has(lab),
        skill,
        stage,
        exact: after[stage]!,
      })),
  );
  const mentor = open.flatMap(({ id: skill, stage, proofs }): Raise[] =>
    proofs
      .filter((proof) => 'mentor' in proof)
      .map((proof) => ({ kind: 'mentor', says: proof.mentor, skill, stage, exact: after[stage]! })),
  );
  const there = labs.sort(
    (a, b) => Number('planned' in a && a.planned) - Number('planned' in b && b.planned),
  );
  return [...there.slice(0, LABS), ...mentor.slice(0, 1)];
}

/** How likely the entry stage is that one would name. */
function sureness(outlook: Outlook): number {
  return startChances(outlook)[Math.min(medianEntry(outlook), stageCount - 1)]!;
}
