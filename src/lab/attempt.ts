// SPDX-License-Identifier: Apache-2.0
import { kernelFor, type Judge } from '../kernel/kernel.ts';
import { requireKit, type Kit } from '../kit/kit.ts';
import type { Lane } from '../machine/qemu.ts';
import { Machine } from '../machine/machine.ts';
import { getTemplate, type Template } from '../machine/template.ts';
import { asBringupError } from '../shared/errors.ts';
import type { OnProgress } from '../shared/progress.ts';
import { buildModule, type Build } from './build.ts';
import { Failure } from './failure.ts';
import { judge } from './judge.ts';
import { loadCheck, type Lab } from './lab.ts';
import { observe } from './observe.ts';
import { runCheck, type CheckRun } from './run.ts';
import type { Finding, Timings, Verdict } from './verdict.ts';
import { warmUp } from './warm.ts';
import type { Sources } from './workspace.ts';

export interface AttemptOptions {
  seed: number;
  /** Names the place whose builds follow each other. */
  key: string;
  lane?: Lane;
  /** A machine that was made ready before; it is used up. */
  ready?: Promise<Machine>;
  /** Runs make even if kbuild's saved commands could be repeated. */
  build?: 'kbuild';
  onProgress?: OnProgress;
  signal?: AbortSignal;
}

/** Everything a judgement needs, found once. Throws E-KIT-MISSING, E-KERNEL-MISSING, E-TEMPLATE. */
export interface Bench {
  kit: Kit;
  judge: Judge;
  template: Template;
  lane: Lane;
}

/** The kit, kernel and template for a flavor; boots a machine once when there is no template yet. */
export async function prepareBench(
  flavor: string,
  options: Pick<AttemptOptions, 'lane' | 'onProgress' | 'signal'> = {},
): Promise<Bench> {
  const kit = requireKit();
  const lane = options.lane ?? 'steady';
  const chosen = kernelFor(flavor);
  const template = await getTemplate(kit, chosen, lane, {
    ...(options.onProgress && { onProgress: options.onProgress }),
    ...(options.signal && { signal: options.signal }),
  });
  return { kit, judge: chosen, template, lane };
}

/** A machine restored and warmed up, for `ready`. */
export async function readyMachine(bench: Bench): Promise<Machine> {
  return (await restoreWarm(bench)).machine;
}

async function restoreWarm(bench: Bench): Promise<{ machine: Machine; restore: number; warm: number }> {
  const start = performance.now();
  const machine = await Machine.restore(bench.template);
  const restore = performance.now() - start;
  await warmUp(bench, machine).catch(async (error: unknown) => {
    await machine.stop();
    throw error;
  });
  return { machine, restore, warm: performance.now() - start - restore };
}

/**
 * Judges sources: builds the module, runs the lab's check on a machine of its own, looks the machine
 * over. Never throws: what is ours becomes an inconclusive verdict.
 */
export async function attempt(
  lab: Lab,
  sources: () => Sources,
  bench: Bench,
  options: AttemptOptions,
): Promise<Verdict> {
  const start = performance.now();
  const timings: Timings = { build: 0, restore: 0, warm: 0, check: 0, epilogue: 0, judge: 0, total: 0 };
  const verdict = blank(lab, bench, options.seed, timings);
  const making = options.ready
    ? options.ready.then((machine) => ({ machine, restore: 0, warm: 0 }))
    : restoreWarm(bench);
  making.catch(() => {}); // looked at below, after the build
  const abort = (): void => void making.then(({ machine }) => machine.stop()).catch(() => {});
  options.signal?.addEventListener('abort', abort);
  try {
    const files = sources();
    const check = await loadCheck(lab);
    const build = await buildModule(bench.kit, bench.judge.kernel, lab.module, files, options.key, {
      ...(options.build && { always: options.build }),
      ...(options.signal && { signal: options.signal }),
    });
    timings.build = build.time;
    verdict.diagnostics = build.diagnostics;
    verdict.build = { how: build.how, confirmed: build.how === 'kbuild' };
    if (!build.ok) {
      verdict.findings = [buildFinding(build)];
      verdict.outcome = 'fail';
      return verdict;
    }
    const { machine, restore, warm } = await making;
    options.signal?.throwIfAborted();
    Object.assign(timings, { restore, warm });
    const run = await runCheck(lab, check, machine, new Map([[lab.module, build.image!]]), options.seed);
    const checked = performance.now();
    const seen = await observe(machine, bench.template, run);
    timings.epilogue = performance.now() - checked;
    void machine.stop();
    const judging = performance.now();
    const findings = await judge(bench.kit, lab.module, build, files, run, seen);
    timings.judge = performance.now() - judging;
    conclude(verdict, run, findings);
  } catch (error) {
    if (error instanceof Failure && !options.signal?.aborted) {
      verdict.findings = [
        {
          kind: 'build',
          name: 'sources',
          title: 'the sources can not be built',
          detail: error.message,
          places: [],
          report: '',
        },
      ];
      verdict.outcome = 'fail';
    } else {
      verdict.outcome = 'inconclusive';
      verdict.error = asBringupError(error).toJSON();
      if (process.env['BRINGUP_DEBUG']) console.error(error);
    }
  } finally {
    options.signal?.removeEventListener('abort', abort);
    await making.then(({ machine }) => machine.stop()).catch(() => {});
    timings.total = performance.now() - start;
  }
  return verdict;
}

function blank(lab: Lab, bench: Bench, seed: number, timings: Timings): Verdict {
  const { kernel, flavor, provisional } = bench.judge;
  return {
    lab: lab.id,
    outcome: 'inconclusive',
    provisional,
    kernel: { id: kernel.id, release: kernel.release, flavor: flavor.id },
    template: bench.template.id,
    machine: { lane: bench.lane, start: 'restored' },
    requirements: lab.requirements.map((requirement) => ({ ...requirement, result: 'not-reached', time: 0 })),
    findings: [],
    diagnostics: [],
    notes: [],
    faults: 0,
    detectors: flavor.detectors,
    timings,
    seed,
    at: new Date().toISOString(),
  };
}

function conclude(verdict: Verdict, run: CheckRun, findings: Finding[]): void {
  verdict.requirements = run.requirements;
  verdict.findings = findings;
  verdict.faults = run.faults;
  verdict.timings.check = run.checkTime;
  const met = run.requirements.every(({ result }) => result === 'pass');
  verdict.outcome = met && findings.length === 0 ? 'pass' : 'fail';
}

function buildFinding(build: Build): Finding {
  const first = build.diagnostics.find(({ severity }) => severity === 'error');
  const linking = /^ERROR: modpost: (.{1,300})$/m.exec(build.output)?.[1];
  return {
    kind: 'build',
    name: 'build',
    title: first?.message ?? linking ?? build.problem ?? 'the build failed',
    detail: first ? '' : 'make -C … M=$PWD modules',
    places: first ? [{ fn: '', role: 'here', file: first.file, line: first.line }] : [],
    report: build.output,
  };
}
