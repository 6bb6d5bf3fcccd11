// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { findCurrentKernel } from '../../kernel/make.ts';
import { allLabs } from '../../lab/lab.ts';
import { BringupError, exit } from '../../shared/errors.ts';
import { repository } from '../../shared/paths.ts';
import { start } from './setup.ts';

interface Part {
  name: string;
  argv: string[];
  /** Reads how many passed and failed from the output; else the part counts as one. */
  count?: (output: string) => [passed: number, failed: number] | undefined;
}

const tool = (name: string): string => join(repository, 'node_modules', '.bin', name);
const plain = (output: string): [number, number] | undefined => {
  const match = [...output.matchAll(/^(\d+) passed, (\d+) failed$/gm)].at(-1);
  return match && [Number(match[1]), Number(match[2])];
};
const vitest = (output: string): [number, number] | undefined => {
  const text = output.replaceAll(/\x1b\[[0-9;]*m/g, ''); // eslint-disable-line no-control-regex
  const line = /^ +Tests +(.*)$/m.exec(text)?.[1];
  if (!line) return undefined;
  return [Number(/(\d+) passed/.exec(line)?.[1] ?? 0), Number(/(\d+) failed/.exec(line)?.[1] ?? 0)];
};

// Entry points, and modules whose exports are for others: the lab interface and dynamic imports.
const excluded =
  '--excludePathsFromReport=config;labs/;test/;cli/commands/;cli/program;lab/api;lab/skeleton;console/index;web/site;web/state;placement/form;silicon/index;silicon/gauge';

// A machine of the steady lane takes one processor; more than two at a time would disturb each other's times.
const jobs = Math.min(2, availableParallelism());

const bringup = join(repository, 'bringup');
const verify = [bringup, 'lab', 'verify', '--brief', '--runs', '1', '--jobs', String(jobs)];
/** Minutes that another kernel and its labs want. */
const kernelMinutes = 12;

/** What only reads the sources: several at a time. */
const readings: Part[] = [
  { name: 'types', argv: [tool('tsc')] },
  {
    name: 'types of the web',
    argv: [tool('svelte-check'), '--tsconfig', 'src/web/tsconfig.json', '--fail-on-warnings'],
  },
  { name: 'lint', argv: [tool('eslint'), '.'] },
  { name: 'format', argv: [tool('prettier'), '--check', '--log-level', 'warn', '.'] },
  { name: 'dead code', argv: [tool('ts-unused-exports'), 'tsconfig.json', '--allowUnusedTypes', excluded] },
  {
    name: 'dead code of the web',
    argv: [
      tool('ts-unused-exports'),
      'src/web/tsconfig.json',
      '--allowUnusedTypes',
      '--excludePathsFromReport=config;web/app;test/',
    ],
  },
  { name: 'roadmap', argv: [bringup, 'roadmap', 'check'] },
];

/** What runs bringup: one after the other. */
const runs: Part[] = [
  { name: 'unit tests', argv: [tool('vitest'), 'run', '--project', 'unit'], count: vitest },
  {
    name: 'tests of time',
    argv: [tool('vitest'), 'run', '--project', 'time', '--maxWorkers=1'],
    count: vitest,
  },
  {
    name: 'machine tests',
    argv: [tool('vitest'), 'run', '--project', 'machine', `--maxWorkers=${jobs}`],
    count: vitest,
  },
];

/**
 * bringup test: everything CI runs, in order; ends with "N passed, N failed". Mutants of labs, and kernels that are not
 * there, come last, as far as `minutes` go; what was not reached is said.
 */
export async function test(options: { minutes: string }, signal: AbortSignal): Promise<number> {
  const minutes = Number(options.minutes);
  if (!(minutes >= 0))
    throw new BringupError('E-USAGE', `--minutes takes a number, not "${options.minutes}"`);
  const until = performance.now() + minutes * 60_000;
  const left = (): number => (until - performance.now()) / 60_000;
  const sums = { passed: 0, failed: 0 };
  const failures: string[] = [];
  await start({ wait: true, quick: true, web: false }, signal);
  const one = async (part: Part, live: boolean): Promise<void> => {
    signal.throwIfAborted();
    const begun = performance.now();
    const { status, output } = await stream(part.argv, live, signal);
    const [passed, counted] = part.count?.(output) ?? [status === 0 ? 1 : 0, status === 0 ? 0 : 1];
    // A part that ended badly without saying of what, or that tested nothing, is no pass.
    const failed = counted === 0 && (status !== 0 || passed === 0) ? 1 : counted;
    sums.passed += passed;
    sums.failed += failed;
    const seconds = ((performance.now() - begun) / 1000).toFixed(0);
    if (failed > 0) failures.push(`--- failed: ${part.name}\n${lastLines(output)}\n`);
    const said = live ? '' : output;
    process.stdout.write(`${said}--- ${part.name}: ${failed === 0 ? 'ok' : 'FAILED'}, ${seconds} s\n`);
  };
  const waiting = [...readings];
  const worker = async (): Promise<void> => {
    for (let part = waiting.shift(); part; part = waiting.shift()) await one(part, false);
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  for (const part of runs) await one(part, true);
  // How often a right solution passes, and all that a mutant does wrong, is for the one who writes a lab
  // (--runs 20); here each is tried once, and left when it is caught.
  const argv = [...verify, '--minutes', String(Math.max(1, Math.floor(left())))];
  await one({ name: 'labs', argv, count: plain }, true);
  const unreached: string[] = [];
  for (const flavor of new Set(allLabs().map((lab) => lab.flavor))) {
    if (findCurrentKernel(flavor)) continue;
    if (left() < kernelMinutes) unreached.push(flavor);
    else
      for (const part of [
        { name: `kernel of ${flavor}`, argv: [bringup, 'kernel', 'build', flavor] },
        { name: `labs on ${flavor}`, argv: [...verify, '--flavor', flavor], count: plain },
      ])
        await one(part, true);
  }
  // Once more at the end: what goes wrong early is far up by then, and records of a run may keep its end only.
  process.stdout.write(failures.map((failure) => `\n${failure}`).join(''));
  for (const flavor of unreached)
    process.stdout.write(
      `\nnot reached within ${minutes} minutes: the kernel of ${flavor} and its labs (bringup test --minutes 60)\n`,
    );
  process.stdout.write(`\n${sums.passed} passed, ${sums.failed} failed\n`);
  return sums.failed === 0 ? exit.ok : exit.fail;
}

/** What a part said of its failures: vitest's own summary of them, or its last lines. */
function lastLines(output: string): string {
  const lines = output.trimEnd().split('\n');
  const summary = lines.findLastIndex(
    (line) => line.includes('Failed Tests') || line.includes('Failed Suites'),
  );
  return (summary >= 0 ? lines.slice(summary) : lines).slice(-60).join('\n');
}

/** Runs a part to its end; `live` shows its output as it comes. */
function stream(
  argv: string[],
  live: boolean,
  signal: AbortSignal,
): Promise<{ status: number; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(argv[0]!, argv.slice(1), {
      cwd: repository,
      stdio: ['ignore', 'pipe', 'pipe'],
      signal,
    });
    const chunks: Buffer[] = [];
    for (const from of [child.stdout, child.stderr]) {
      from.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        if (live) process.stdout.write(chunk);
      });
    }
    child.on('error', (error) => resolve({ status: 1, output: String(error) }));
    child.on('close', (status) => resolve({ status: status ?? 1, output: Buffer.concat(chunks).toString() }));
  });
}
