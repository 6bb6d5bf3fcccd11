// SPDX-License-Identifier: Apache-2.0
import { skillRefs, type SkillRef } from '../site/refs.ts';
import { site } from '../site/site.ts';
import type { Mine } from './mine.ts';
import { evidenceOf, progressOf, type StageProgress } from './progress.ts';
import { allAttempts, attemptRow, verdictShown, type AttemptRow, type VerdictShown } from './verdicts.ts';

export interface WorkPage {
  latest: VerdictShown[];
  attempts: AttemptRow[];
  evidence: { skill: SkillRef; says: string[] }[];
  progress: StageProgress[];
  firstLab: string;
}

/** Attempts to list; there is no end to them. */
const listed = 50;

export async function workPage(mine: Mine): Promise<WorkPage> {
  const all = await allAttempts(mine);
  const labs = Map.groupBy(all, ({ lab }) => lab);
  const evidence = await evidenceOf(mine);
  return {
    latest: await Promise.all([...labs.values()].map((own) => verdictShown(mine, own[0]!, own.length))),
    attempts: all.slice(0, listed).map(attemptRow),
    evidence: skillRefs(evidence.keys()).map((skill) => ({ skill, says: evidence.get(skill.id)! })),
    progress: progressOf(evidence),
    firstLab: [...site().labs.keys()][0]!,
  };
}
