// SPDX-License-Identifier: Apache-2.0
import { asBringupError } from '../shared/errors.ts';
import type { Bench } from './bench.ts';
import { buildModule, type Build } from './build.ts';
import { Failure } from './failure.ts';
import { distinct } from './findings.ts';
import { loadCheck, type Lab } from './lab.ts';
import { warmRig, type Rig } from './rig.ts';
import { judgeIn, judgeRacing, type Judged } from './trial.ts';
import type { Finding, Timings, Verdict } from './verdict.ts';
import type { Sources } from './workspace.ts';

export interface AttemptOptions {
  seed: number;
  /** Names the place whose builds follow each other. */
  key: string;
  /** A rig that was made ready before, for this seed; it is used up. */
  ready?: Promise<Rig>;
  /** Runs make even if kbuild's saved commands could be repeated. */
  build?: 'kbuild';
  /** Milliseconds a build may take, in place of a minute. */
  buildDeadline?: number;
  /** Seconds of processor time the check may take, in place of two minutes. */
  checkSeconds?: number;
  /** Requirements of which one that fails is all there is to know: the check ends there, and nothing is looked over. */
  enough?: readonly string[];
  signal?: AbortSignal;
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
    ? options.ready.then((rig) => ({ rig, restore: 0, warm: 0 }))
    : warmRig(bench, options.seed);
  making.catch(() => {}); // looked at below, after the build
  const abort = (): void => void making.then(({ rig }) => rig.stop()).catch(() => {});
  options.signal?.addEventListener('abort', abort);
  try {
    const files = sources();
    const check = await loadCheck(lab);
    const build = await buildModule(bench.kit, bench.judge.kernel, lab.module, files, options.key, {
      ...(options.build && { always: options.build }),
      ...(options.buildDeadline !== undefined && { deadline: options.buildDeadline }),
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
    const { rig, restore, warm } = await making;
    options.signal?.throwIfAborted();
    if (options.ready) await rig.machine.resume();
    Object.assign(timings, { restore, warm });
    const { seed, checkSeconds, enough } = options;
    const limits = { ...(checkSeconds !== undefined && { checkSeconds }), ...(enough && { enough }) };
    const trial = { bench, lab, build, files, seed, ...limits };
    const [steady, raced] = await both(
      judgeIn(rig, bench.template, check.steady, trial),
      check.racing && judgeRacing(check.racing, trial, options.signal),
    );
    Object.assign(timings, steady.timings);
    conclude(verdict, steady, raced);
    if (steady.trace) verdict.trace = steady.trace;
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
    await making.then(({ rig }) => rig.stop()).catch(() => {});
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
    machine: { lanes: bench.racing ? ['steady', bench.racing.lane] : ['steady'], start: 'restored' },
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

/** Both lanes at once. What goes wrong on our side in one is thrown once the other is over. */
async function both(
  steady: Promise<Judged>,
  racing: Promise<Judged> | undefined,
): Promise<[Judged, Judged?]> {
  const [first, second] = await Promise.allSettled([steady, racing]);
  if (first.status === 'rejected') throw first.reason;
  if (second.status === 'rejected') throw second.reason;
  return second.value ? [first.value, second.value] : [first.value];
}

/** A requirement is met when it is in each lane that looked at it. */
function conclude(verdict: Verdict, steady: Judged, raced: Judged | undefined): void {
  verdict.requirements = steady.run.requirements.map((requirement) => {
    const other = raced?.run.requirements.find(({ id }) => id === requirement.id);
    return requirement.result === 'pass' && other?.result === 'fail' ? other : requirement;
  });
  const racing = (raced?.findings ?? []).map((finding) => ({
    ...finding,
    step: `${finding.step ? `${finding.step}, ` : ''}on two processors`,
  }));
  verdict.findings = distinct([...steady.findings, ...racing]);
  verdict.faults = steady.run.faults;
  const met = verdict.requirements.every(({ result }) => result === 'pass');
  verdict.outcome = met && verdict.findings.length === 0 ? 'pass' : 'fail';
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
