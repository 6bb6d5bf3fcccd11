// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';
import { importAttempts } from '../../store/attempt-import.ts';
import { attemptOf, attemptsOf, type AttemptSummary } from '../../store/attempts.ts';
import { labRef, skillRefs, type SkillRef } from '../site/refs.ts';
import { site } from '../site/site.ts';
import type { Mine } from './mine.ts';
import { evidenceOf, progressOf, type StageProgress } from './progress.ts';

export interface AttemptRow {
  id: string;
  title: string;
  /** Absent for a lab that is not there any more. */
  href?: string;
  word: 'passed' | 'provisional' | 'not passed';
  at: string;
  kernel: string;
}

export interface LatestRow extends AttemptRow {
  tries: number;
  met: number;
  requirements: { says: string; result: string; evidence?: string | undefined }[];
  findings: { name: string; title: string; detail: string }[];
}

export interface WorkPage {
  latest: LatestRow[];
  attempts: AttemptRow[];
  evidence: { skill: SkillRef; says: string[] }[];
  progress: StageProgress[];
  firstLab: string;
}

/** What a page shows of a verdict (src/lab/verdict.ts); of one in another form, nothing. */
const verdictShown = z.object({
  requirements: z.array(z.object({ says: z.string(), result: z.string(), evidence: z.string().optional() })),
  findings: z.array(z.object({ name: z.string(), title: z.string(), detail: z.string() })),
});

/** Attempts to list; there is no end to them. */
const listed = 50;

export async function workPage(mine: Mine): Promise<WorkPage> {
  const { db, person } = mine;
  await importAttempts(db, person);
  const all = await attemptsOf(db, person, site().roadmap.ledger.renamed, { limit: 1000 });
  const labs = Map.groupBy(all, ({ lab }) => lab);
  const evidence = await evidenceOf(mine);
  return {
    latest: await Promise.all([...labs.values()].map((own) => latestRow(mine, own[0]!, own.length))),
    attempts: all.slice(0, listed).map(row),
    evidence: skillRefs(evidence.keys()).map((skill) => ({ skill, says: evidence.get(skill.id)! })),
    progress: progressOf(evidence),
    firstLab: [...site().labs.keys()][0]!,
  };
}

async function latestRow({ db, person }: Mine, last: AttemptSummary, tries: number): Promise<LatestRow> {
  const { data } = verdictShown.safeParse((await attemptOf(db, person, last.id))?.verdict);
  const { requirements, findings } = data ?? { requirements: [], findings: [] };
  const met = requirements.filter(({ result }) => result === 'pass').length;
  return { ...row(last), tries, met, requirements, findings };
}

function row({ id, lab, outcome, provisional, at, kernel }: AttemptSummary): AttemptRow {
  const known = site().labs.has(lab) ? labRef(lab) : undefined;
  return {
    id,
    title: known?.title ?? lab,
    ...(known && { href: known.href }),
    word: outcome === 'fail' ? 'not passed' : provisional ? 'provisional' : 'passed',
    at: at.toISOString(),
    kernel,
  };
}
