// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { blankVerdict } from '../../lab/inconclusive.ts';
import { attempt } from '../../lab/attempt.ts';
import { prepareBench, type Bench } from '../../lab/bench.ts';
import { buildFolder } from '../../lab/build.ts';
import { inspect, type Note } from '../../lab/inspect.ts';
import { openLabFolder, type LabFolder } from '../../lab/folder.ts';
import { passed, record } from '../../lab/history.ts';
import { allLabs } from '../../lab/lab.ts';
import type { Rig } from '../../lab/rig.ts';
import type { Verdict } from '../../lab/verdict.ts';
import { readSources } from '../../lab/workspace.ts';
import { BringupError, exit } from '../../shared/errors.ts';
import type { OnProgress } from '../../shared/progress.ts';
import { buildOnFirstNeed } from '../first-need.ts';
import { progressView } from '../view/progress.ts';
import { renderNotes, renderVerdict } from '../view/verdict.ts';

const lastFile = (folder: string): string => join(folder, '.bringup-last.json');

/** bringup check [DIR] */
export async function check(
  path: string | undefined,
  options: { json?: boolean; kernel?: string },
  signal: AbortSignal,
): Promise<number> {
  const folder = openLabFolder(path ?? '.');
  const onProgress = progressView().on;
  // On another kernel than the lab's the verdict is for information, and not recorded.
  const bench = options.kernel
    ? await prepareBench({ ...folder.lab, flavor: options.kernel }, { onProgress, signal })
    : undefined;
  const verdict = await judgeFolder(folder, {
    onProgress,
    signal,
    ...(bench && { bench, informative: true }),
    onVerdict: (known) => options.json || process.stdout.write(renderVerdict(known, nextLab(known.lab))),
  });
  process.stdout.write(options.json ? `${JSON.stringify(verdict, null, 2)}\n` : renderNotes(verdict));
  return statusOf(verdict);
}

/** 0 for a pass, 1 for a fail, 2 for what could not be judged for good. */
export function statusOf(verdict: Verdict): number {
  if (verdict.outcome === 'fail') return exit.fail;
  return verdict.outcome === 'pass' && !verdict.provisional ? exit.ok : exit.ours;
}

/**
 * Judges a learner's folder, records the verdict and keeps it beside the sources. A passing verdict
 * counts once make itself has built the module.
 */
export async function judgeFolder(
  folder: LabFolder,
  options: {
    bench?: Bench;
    ready?: Promise<Rig>;
    informative?: boolean;
    onProgress?: OnProgress;
    signal?: AbortSignal;
    /** Told the verdict as soon as it is known, before the remarks are asked for. */
    onVerdict?: (verdict: Verdict) => void;
  },
): Promise<Verdict> {
  let bench: Bench;
  try {
    bench = options.bench ?? (await prepareBench(folder.lab, options));
  } catch (error) {
    if (!(error instanceof BringupError) || error.exitStatus !== exit.ours) throw error;
    if (error.code === 'E-KERNEL-MISSING') buildOnFirstNeed(folder.lab.flavor);
    const verdict = blankVerdict(folder.lab, folder.seed, error);
    options.onVerdict?.(verdict);
    return verdict;
  }
  const { ready, signal } = options;
  const common = { seed: folder.seed, key: folder.path, ...(signal && { signal }) };
  let verdict = await attempt(folder.lab, () => readSources(folder.path), bench, {
    ...common,
    ...(ready && { ready }),
  });
  if (verdict.outcome === 'pass' && !verdict.build?.confirmed && !passed().has(folder.lab.id)) {
    // The first pass counts once make itself, and not its repeated commands, has built the module.
    verdict = await attempt(folder.lab, () => readSources(folder.path), bench, {
      ...common,
      build: 'kbuild',
    });
  }
  if (signal?.aborted) throw new BringupError('E-INTERRUPTED', 'the check was interrupted');
  if (!options.informative) record(folder.path, verdict);
  options.onVerdict?.(verdict);
  verdict.notes = await remarks(folder, bench, verdict);
  try {
    writeFileSync(lastFile(folder.path), JSON.stringify(verdict));
  } catch {
    // a folder that can't be written to can still be judged
  }
  return verdict;
}

/** What sparse and checkpatch say; they are asked after the verdict, which does not wait for them. */
async function remarks(folder: LabFolder, bench: Bench, verdict: Verdict): Promise<Note[]> {
  if (verdict.outcome === 'inconclusive' || verdict.findings.some(({ kind }) => kind === 'build')) return [];
  const { kit, judge } = bench;
  return inspect(kit, judge.kernel, buildFolder(kit, judge.kernel, folder.path), readSources(folder.path));
}

/** The verdict of the last check of a folder. Throws E-INPUT when there is none. */
export function lastVerdict(folder: LabFolder): Verdict {
  try {
    return JSON.parse(readFileSync(lastFile(folder.path), 'utf8')) as Verdict;
  } catch (error) {
    throw new BringupError('E-INPUT', `${folder.path} has no verdict yet`, {
      next: 'Run `bringup check` first.',
      cause: error,
    });
  }
}

/** The next lab whose needs are met and that was not passed. */
export function nextLab(current: string): string | undefined {
  const done = passed().add(current);
  return allLabs().find((lab) => !done.has(lab.id) && lab.needs.every((need) => done.has(need)))?.id;
}
