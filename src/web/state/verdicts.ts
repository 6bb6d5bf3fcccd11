// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';
import { importAttempts } from '../../store/attempt-import.ts';
import { attemptOf, attemptsOf, type AttemptSummary } from '../../store/attempts.ts';
import { labRef } from '../site/refs.ts';
import { site } from '../site/site.ts';
import type { Mine } from './mine.ts';

export interface AttemptRow {
  id: string;
  /** Its own page. */
  page: string;
  title: string;
  /** Absent for a lab that is not there any more. */
  href?: string;
  word: 'passed' | 'provisional' | 'not passed';
  at: string;
  kernel: string;
}

/** What a page shows of a verdict. */
export interface VerdictParts {
  met: number;
  requirements: { says: string; result: string; evidence?: string | undefined }[];
  findings: FindingShown[];
}

/** `report`: what was on the bus around a broken rule; of other findings it is in the terminal. */
export interface FindingShown {
  name: string;
  title: string;
  detail: string;
  step?: string;
  report?: string;
}

/** The last verdict about a lab. */
export interface VerdictShown extends AttemptRow, VerdictParts {
  /** How many attempts there were so far. */
  tries: number;
}

/** What a page shows of a verdict (src/lab/verdict.ts); of one in another form, nothing. */
const form = z.object({
  requirements: z.array(z.object({ says: z.string(), result: z.string(), evidence: z.string().optional() })),
  findings: z.array(
    z.object({
      kind: z.string().default(''),
      name: z.string(),
      title: z.string(),
      detail: z.string(),
      step: z.string().optional(),
      report: z.string().default(''),
    }),
  ),
});

const seeded = z.object({ seed: z.number().int().min(0).max(0xffff_ffff) });

/** Attempts that are looked at, at most: nobody is shown more tries than this. */
const most = 1000;

/** All attempts, newest first, with those that were just recorded. */
export async function allAttempts({ db, person }: Mine, lab?: string): Promise<AttemptSummary[]> {
  await importAttempts(db, person);
  return attemptsOf(db, person, site().roadmap.ledger.renamed, { limit: most, ...(lab && { lab }) });
}

/** The last verdict about a lab, or undefined before the first. */
export async function lastVerdict(mine: Mine, lab: string): Promise<VerdictShown | undefined> {
  const all = await allAttempts(mine, lab);
  return all[0] && verdictShown(mine, all[0], all.length);
}

/** The seed of the folder that was judged last for a lab, or undefined before the first verdict. */
export async function lastSeed(mine: Mine, lab: string): Promise<number | undefined> {
  const [last] = await allAttempts(mine, lab);
  return last && seeded.safeParse((await attemptOf(mine.db, mine.person, last.id))?.verdict).data?.seed;
}

export async function verdictShown(
  { db, person }: Mine,
  last: AttemptSummary,
  tries: number,
): Promise<VerdictShown> {
  return { ...attemptRow(last), tries, ...shownOf((await attemptOf(db, person, last.id))?.verdict) };
}

/** What a page shows of a verdict as it was stored. */
export function shownOf(verdict: unknown): VerdictParts {
  const { data } = form.safeParse(verdict);
  const { requirements, findings } = data ?? { requirements: [], findings: [] };
  const met = requirements.filter(({ result }) => result === 'pass').length;
  return {
    met,
    requirements,
    findings: findings.map(({ kind, name, title, detail, step, report }) => ({
      name,
      title,
      detail,
      ...(step !== undefined && { step }),
      ...(kind === 'bus-rule' && report !== '' && { report }),
    })),
  };
}

export function attemptRow({ id, lab, outcome, provisional, at, kernel }: AttemptSummary): AttemptRow {
  const known = site().labs.has(lab) ? labRef(lab) : undefined;
  return {
    id,
    page: `/work/attempts/${encodeURIComponent(id)}`,
    title: known?.title ?? lab,
    ...(known && { href: known.href }),
    word: outcome === 'fail' ? 'not passed' : provisional ? 'provisional' : 'passed',
    at: at.toISOString(),
    kernel,
  };
}
