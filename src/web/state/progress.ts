// SPDX-License-Identifier: Apache-2.0
import { creditsOf } from '../../store/credits.ts';
import { stepsDone } from '../../store/plans.ts';
import { labRef, stageRef, type StageRef } from '../site/refs.ts';
import { site } from '../site/site.ts';
import { earnedByLabs } from './earned.ts';
import type { Mine } from './mine.ts';

/** How many skills of a stage somebody has. */
export interface StageProgress {
  stage: StageRef;
  had: number;
  all: number;
}

/** What says that somebody has a skill, for people: skill id → 'placement', 'the lab …', 'by hand'. */
export async function evidenceOf(mine: Mine): Promise<Map<string, string[]>> {
  const { db, person } = mine;
  const { renamed } = site().roadmap.ledger;
  const says = new Map<string, string[]>();
  const add = (skill: string, what: string): void => {
    if (site().skills.has(skill)) says.set(skill, [...(says.get(skill) ?? []), what]);
  };
  for (const { skill, lab } of await earnedByLabs(mine)) add(skill, `the lab ${labRef(lab).title}`);
  for (const { skill, source } of await creditsOf(db, person, renamed))
    if (source !== 'hand') add(skill, source);
  for (const { step } of await stepsDone(db, person, renamed))
    if (step.startsWith('skill:')) add(step.slice('skill:'.length), 'marked as done');
  return says;
}

/** Progress of all stages; what was only claimed by hand does not count. */
export function progressOf(evidence: ReadonlyMap<string, unknown>): StageProgress[] {
  return [...site().byStage].map(([number, skills]) => ({
    stage: stageRef(number),
    had: skills.filter(({ id }) => evidence.has(id)).length,
    all: skills.length,
  }));
}
