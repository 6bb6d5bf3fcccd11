// SPDX-License-Identifier: Apache-2.0
import type { Template } from '../machine/template.ts';
import { traceOf, type Trace } from '../silicon/trace/trace.ts';
import type { Check } from './api.ts';
import type { Bench } from './bench.ts';
import type { Build } from './build.ts';
import { judge } from './judge.ts';
import type { Lab } from './lab.ts';
import { observe } from './observe.ts';
import { racingRig, type Rig } from './rig.ts';
import { runCheck, type CheckRun } from './run.ts';
import { brokenRules } from './bus.ts';
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
  /** Requirements of which one that fails is all there is to know. */
  enough?: readonly string[];
}

/** How it went in one machine. */
export interface Judged {
  run: CheckRun;
  findings: Finding[];
  timings: Pick<Timings, 'check' | 'epilogue' | 'judge'>;
  /** What the chip saw, for a lab with one. */
  trace?: Trace;
}

/** Runs a check in a rig to its end, looks the machine over, and draws the findings. The rig is used up. */
export async function judgeIn(rig: Rig, template: Template, check: Check, trial: Trial): Promise<Judged> {
  const { bench, lab, build, files, seed } = trial;
  const { machine, silicon } = rig;
  const modules = new Map([[lab.module, build.image!]]);
  try {
    machine.vital.begin(trial.checkSeconds);
    const run = await runCheck(lab, check, rig, template, modules, trial);
    const checked = performance.now();
    const met = run.requirements.every(({ result }) => result === 'pass');
    await silicon?.confirm(!met);
    if (run.enough) return { run, findings: [], timings: { check: run.checkTime, epilogue: 0, judge: 0 } };
    const events = await silicon?.events();
    silicon?.leave();
    const seen = await observe(rig, template, run);
    void rig.stop();
    const judging = performance.now();
    const findings = await judge(bench.kit, lab.module, build, files, run, seen);
    const timings = { check: run.checkTime, epilogue: judging - checked, judge: performance.now() - judging };
    if (!silicon || !events) return { run, findings, timings };
    const trace = traceOf(silicon.chip.part, seed, events);
    return { run, findings: [...findings, ...brokenRules(silicon.chip, events, run)], timings, trace };
  } finally {
    await rig.stop();
  }
}

/** The same in the racing lane, on a machine of its own. */
export async function judgeRacing(check: Check, trial: Trial, signal?: AbortSignal): Promise<Judged> {
  const { racing } = trial.bench;
  if (!racing) throw new Error(`${trial.lab.id} races, and its bench has no racing lane`);
  const rig = await racingRig(trial.bench, trial.seed);
  const abort = (): void => void rig.stop();
  signal?.addEventListener('abort', abort);
  try {
    signal?.throwIfAborted();
    return await judgeIn(rig, racing.template, check, trial);
  } finally {
    signal?.removeEventListener('abort', abort);
    await rig.stop();
  }
}
