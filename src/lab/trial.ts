// SPDX-License-Identifier: Apache-2.0
import type { Machine } from '../machine/machine.ts';
import type { Template } from '../machine/template.ts';
import type { Check } from './api.ts';
import { restoreRacing, type Bench } from './bench.ts';
import type { Build } from './build.ts';
import { judge } from './judge.ts';
import type { Lab } from './lab.ts';
import { observe } from './observe.ts';
import { runCheck, type CheckRun } from './run.ts';
import type { Finding, Timings } from './verdict.ts';
import type { Sources } from './workspace.ts';

/** What is tried in one or more machines. */
export interface Trial {
  bench: Bench;
  lab: Lab;
  build: Build;
  files: Sources;
  seed: number;
  checkSeconds?: number;
}

/** How it went in one machine. */
export interface Judged {
  run: CheckRun;
  findings: Finding[];
  timings: Pick<Timings, 'check' | 'epilogue' | 'judge'>;
}

/** Runs a check in a machine to its end, looks the machine over, and draws the findings. The machine is used up. */
export async function judgeIn(
  machine: Machine,
  template: Template,
  check: Check,
  trial: Trial,
): Promise<Judged> {
  const { bench, lab, build, files, seed } = trial;
  const modules = new Map([[lab.module, build.image!]]);
  try {
    machine.vital.begin(trial.checkSeconds);
    const run = await runCheck(lab, check, machine, template, modules, seed);
    const checked = performance.now();
    const seen = await observe(machine, template, run);
    void machine.stop();
    const judging = performance.now();
    const findings = await judge(bench.kit, lab.module, build, files, run, seen);
    const timings = { check: run.checkTime, epilogue: judging - checked, judge: performance.now() - judging };
    return { run, findings, timings };
  } finally {
    await machine.stop();
  }
}

/** The same in the racing lane, on a machine of its own. */
export async function judgeRacing(check: Check, trial: Trial, signal?: AbortSignal): Promise<Judged> {
  const machine = await restoreRacing(trial.bench);
  const { racing } = trial.bench;
  if (!machine || !racing) throw new Error(`${trial.lab.id} races, and its bench has no racing lane`);
  const abort = (): void => void machine.stop();
  signal?.addEventListener('abort', abort);
  try {
    signal?.throwIfAborted();
    return await judgeIn(machine, racing.template, check, trial);
  } finally {
    signal?.removeEventListener('abort', abort);
    await machine.stop();
  }
}
