// SPDX-License-Identifier: Apache-2.0
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { asBringupError } from '../shared/errors.ts';
import { attempt } from './attempt.ts';
import { type Bench } from './bench.ts';
import type { Lab } from './lab.ts';
import { mutantsOf, mutate } from './mutant.ts';
import type { Verdict } from './verdict.ts';
import { starterOf, withChip } from './chip-header.ts';
import { readSources, type Sources } from './workspace.ts';

/** One thing that must hold of a lab, and whether it did. */
export interface Proof {
  lab: string;
  /** 'starter', 'solution', 'variant two-queues', 'mutant no-wake'. */
  subject: string;
  ok: boolean;
  /** How many runs did what they should, of how many. */
  runs: [good: number, all: number];
  /** What happened instead, or what caught a mutant. */
  note: string;
  /** Median of the real milliseconds of a verdict, without the first. */
  time: number;
}

interface Case {
  subject: string;
  /** For a seed: what chips differ in is in the sources. */
  sources: (seed: number) => Promise<Sources>;
  runs: number;
  /** Requirements by which a mutant may be caught. */
  caughtBy?: readonly string[];
  /** Empty when the verdict is the wanted one, else why it is not. */
  wrong: (verdict: Verdict) => string;
  note?: (verdict: Verdict) => string;
}

export interface VerifyOptions {
  /** Which subjects are proven: all when left out. */
  only?: (subject: string) => boolean;
  /** How often each mutant is judged: once when left out. */
  mutantRuns?: number;
  /** Time of performance.now() after which no proof is begun. */
  until?: number;
  /** How often the solution and each variant are judged. */
  runs: number;
  /** How many machines judge at a time. */
  jobs: number;
  /** Ends a mutant's check as soon as a requirement has caught it, and does not look at what else it did. */
  brief?: boolean;
  signal?: AbortSignal;
}

/**
 * Proves a lab: the starter fails, the solution and every variant pass each of `runs` times, every
 * mutant is caught for its stated reason. An inconclusive verdict proves nothing and counts as wrong. Gives the name
 * of a subject whose turn did not come before `until`.
 */
export async function* verifyLab(
  lab: Lab,
  bench: Bench,
  options: VerifyOptions,
): AsyncGenerator<Proof | string> {
  let cases: Case[];
  try {
    const { only = () => true } = options;
    cases = casesOf(lab, options).filter(({ subject }) => only(subject));
  } catch (error) {
    const note = asBringupError(error).message;
    yield { lab: lab.id, subject: 'files', ok: false, runs: [0, 1], note, time: 0 };
    return;
  }
  const { until = Infinity } = options;
  const proofs = withWorkers(options.jobs, cases, async (one, worker) =>
    performance.now() > until ? one.subject : prove(lab, bench, one, `verify ${lab.id} ${worker}`, options),
  );
  for (const proof of proofs) {
    options.signal?.throwIfAborted();
    yield await proof;
  }
}

/** Starts work on each item, in order, as soon as one of the workers is free. */
function withWorkers<A, B>(
  count: number,
  items: readonly A[],
  work: (item: A, worker: number) => Promise<B>,
): Promise<B>[] {
  const free = Array.from({ length: count }, (_, worker) => Promise.resolve(worker));
  let turn = Promise.resolve();
  return items.map((item) => {
    const mine = turn.then(() => Promise.race(free));
    const result = mine.then((worker) => work(item, worker));
    turn = mine.then((worker) => {
      free[worker] = result.then(
        () => worker,
        () => worker,
      );
    });
    return result;
  });
}

async function prove(
  lab: Lab,
  bench: Bench,
  one: Case,
  key: string,
  { brief, signal }: VerifyOptions,
): Promise<Proof> {
  const proof: Proof = {
    lab: lab.id,
    subject: one.subject,
    ok: false,
    runs: [0, one.runs],
    note: '',
    time: 0,
  };
  const times: number[] = [];
  try {
    for (let i = 0; i < one.runs; i++) {
      signal?.throwIfAborted();
      const seed = seedOf(one.subject, i);
      const sources = await one.sources(seed);
      const enough = brief && one.caughtBy;
      const options = { seed, key, ...(enough && { enough }), ...(signal && { signal }) };
      const verdict = await conclusive(() => attempt(lab, () => sources, bench, options));
      times.push(verdict.timings.total);
      const wrong = one.wrong(verdict);
      if (wrong) proof.note = wrong;
      else {
        proof.runs[0]++;
        proof.note ||= one.note?.(verdict) ?? '';
      }
    }
  } catch (error) {
    proof.note = asBringupError(error).message;
  }
  proof.ok = proof.runs[0] === proof.runs[1];
  proof.time = median(times.slice(times.length > 1 ? 1 : 0));
  return proof;
}

/** Tries of a verdict that a busy host made inconclusive. */
const tries = 3;

/** A verdict; taken again when the host was too busy to take it, which says nothing of the lab. */
async function conclusive(take: () => Promise<Verdict>): Promise<Verdict> {
  let verdict = await take();
  for (let i = 1; i < tries && verdict.error?.code === 'E-DEADLINE'; i++) verdict = await take();
  return verdict;
}

function casesOf(lab: Lab, { runs, mutantRuns = 1 }: VerifyOptions): Case[] {
  const folder =
    (name: string) =>
    (seed: number): Promise<Sources> =>
      withChip(lab, readSources(join(lab.folder, name)), seed);
  const variants = existsSync(join(lab.folder, 'variants'))
    ? readdirSync(join(lab.folder, 'variants')).sort()
    : [];
  const passes = (verdict: Verdict): string => (verdict.outcome === 'pass' ? '' : describe(verdict));
  return [
    {
      subject: 'starter',
      sources: (seed: number) => starterOf(lab, seed),
      runs: 1,
      wrong: starterWrong,
      note: describe,
    },
    { subject: 'solution', sources: folder('solution'), runs, wrong: passes },
    ...variants.map((name) => ({
      subject: `variant ${name}`,
      sources: folder(`variants/${name}`),
      runs,
      wrong: passes,
    })),
    ...mutantsOf(lab).map((mutant) => ({
      subject: `mutant ${mutant.name}`,
      sources: async (seed: number) => withChip(lab, await mutate(lab, mutant), seed),
      runs: mutantRuns,
      caughtBy: mutant.caughtBy,
      wrong: (verdict: Verdict) => mutantWrong(verdict, mutant.caughtBy),
      note: describe,
    })),
  ];
}

function starterWrong(verdict: Verdict): string {
  if (verdict.findings.some(({ kind }) => kind === 'build')) return `does not build: ${describe(verdict)}`;
  return verdict.outcome === 'fail' ? '' : `is not rejected: ${describe(verdict)}`;
}

function mutantWrong(verdict: Verdict, caughtBy: string[]): string {
  const by = catchers(verdict);
  if (by.includes('build')) return `does not build: ${describe(verdict)}`;
  if (verdict.outcome !== 'fail') return `is not caught: ${describe(verdict)}`;
  if (!caughtBy.some((name) => by.includes(name)))
    return `is caught by ${by.join(', ')} and not by ${caughtBy.join(' or ')}`;
  return '';
}

/** What a verdict was failed by: ids of requirements and kinds of findings. */
function catchers(verdict: Verdict): string[] {
  const failed = verdict.requirements.filter(({ result }) => result === 'fail').map(({ id }) => id);
  return [...new Set([...failed, ...verdict.findings.map(({ kind }) => kind)])];
}

function describe(verdict: Verdict): string {
  if (verdict.error) return `inconclusive: ${verdict.error.code} ${verdict.error.message.split('\n')[0]}`;
  if (verdict.outcome === 'pass') return 'passes';
  const evidence =
    verdict.requirements.find(({ evidence }) => evidence)?.evidence ?? verdict.findings[0]?.title ?? '';
  return `${catchers(verdict).join(', ')}: ${evidence}`;
}

/** True of the subjects that must be rejected, the starter apart. */
export function isMutant(subject: string): boolean {
  return subject.startsWith('mutant ');
}

/** Different for each run, and the same in every verification. */
function seedOf(subject: string, index: number): number {
  let seed = 2166136261;
  for (const char of `${subject} ${index}`) seed = Math.imul(seed ^ char.charCodeAt(0), 16777619) >>> 0;
  return seed;
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
