// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { attempt } from '../../lab/attempt.ts';
import { prepareBench, type Bench } from '../../lab/bench.ts';
import { readyRig, type Rig } from '../../lab/rig.ts';
import { buildModule } from '../../lab/build.ts';
import { makeLabFolder, type LabFolder } from '../../lab/folder.ts';
import { Guest } from '../../lab/guest.ts';
import { findLab } from '../../lab/lab.ts';
import type { Verdict } from '../../lab/verdict.ts';
import { readSources } from '../../lab/workspace.ts';
import { folderBytes } from '../../kit/guard.ts';
import { Machine } from '../../machine/machine.ts';
import { exit } from '../../shared/errors.ts';
import { cacheFolder, repository } from '../../shared/paths.ts';
import { sandboxFolder } from '../../kernel/source.ts';
import { initramfs } from '../../machine/initramfs.ts';
import { buildAgent } from '../../machine/agent-build.ts';
import { siliconRows } from './bench-silicon.ts';
import { progressView } from '../view/progress.ts';

export interface Row {
  what: string;
  target?: number;
  /** Milliseconds. */
  values: number[];
  note?: string;
}

/** bringup bench: what the issue's targets are about, side by side in one run. */
export async function bench(
  options: { json?: boolean; quick?: boolean },
  signal: AbortSignal,
): Promise<number> {
  const lab = findLab('char-echo');
  const view = progressView();
  const one = await prepareBench(lab, { onProgress: view.on, signal });
  const home = mkdtempSync(join(tmpdir(), 'bringup-bench-'));
  const folder = await makeLabFolder(lab, join(home, 'char-echo'));
  cpSync(join(lab.folder, 'solution'), folder.path, { recursive: true });
  const times = (n: number): number => (options.quick ? Math.max(2, Math.ceil(n / 4)) : n);
  const rows: Row[] = [];
  const add = (row: Row): void => {
    rows.push(row);
    if (!options.json) process.stdout.write(`${render(row)}\n`);
  };
  try {
    if (!options.json) process.stdout.write(`${'median'.padStart(54)}      min      max   target\n`);
    await judgeOnce(folder, one);
    add({
      what: 'cold boot to the verdict of the same module (peers)',
      values: await cold(folder, one, times(3), signal),
    });
    add({ what: 'restore to first answer', target: 120, values: await restores(one, times(20)) });
    await warm(folder, one, times(15), add);
    add({ what: 'bringup check, nothing running', target: 2000, values: processes(folder, times(9)) });
    await many(folder, one, options.quick ? 10 : 50, add);
    add({ what: 'two checks in parallel, each', values: await parallel(folder, one, times(5)) });
    for await (const row of siliconRows(times(5))) add(row);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
  if (options.json)
    process.stdout.write(
      `${JSON.stringify(
        rows.map((row) => ({ ...row, median: median(row.values) })),
        null,
        2,
      )}\n`,
    );
  return exit.ok;
}

/** A save: the source changes, so that nothing can be taken from before. */
function save(folder: LabFolder): void {
  const file = join(folder.path, 'echo.c');
  writeFileSync(
    file,
    `${readFileSync(file, 'utf8').replace(/\/\/ saved .*\n$/, '')}// saved ${performance.now()}\n`,
  );
}

async function judgeOnce(folder: LabFolder, one: Bench, ready?: Promise<Rig>): Promise<Verdict> {
  save(folder);
  const verdict = await attempt(folder.lab, () => readSources(folder.path), one, {
    seed: folder.seed,
    key: folder.path,
    ...(ready && { ready }),
  });
  if (verdict.outcome !== 'pass')
    throw new Error(`the solution did not pass: ${JSON.stringify(verdict.error ?? verdict.findings)}`);
  return verdict;
}

/** What a tool without templates does: make, boot, load, use, unload. */
async function cold(folder: LabFolder, one: Bench, count: number, signal: AbortSignal): Promise<number[]> {
  const values: number[] = [];
  for (let i = 0; i < count; i++) {
    const work = sandboxFolder(mkdtempSync(join(cacheFolder('templates'), '.cold-')));
    const start = performance.now();
    try {
      const build = await buildModule(
        one.kit,
        one.judge.kernel,
        folder.lab.module,
        readSources(folder.path),
        'bench cold',
        { always: 'kbuild', signal },
      );
      writeFileSync(join(work, 'initramfs'), initramfs(one.kit, await buildAgent(one.kit), []));
      const machine = await Machine.boot(one.template.model, work, signal);
      try {
        const guest = new Guest(machine, new Map([[folder.lab.module, build.image!]]));
        await guest.load(folder.lab.module);
        await guest.unload(folder.lab.module);
        values.push(performance.now() - start);
      } finally {
        await machine.stop();
      }
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }
  return values;
}

async function restores(one: Bench, count: number): Promise<number[]> {
  const values: number[] = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    const machine = await Machine.restore(one.template);
    await new Guest(machine, new Map()).main.call('getpid', []);
    values.push(performance.now() - start);
    await machine.stop();
  }
  return values;
}

/** As `bringup watch` does it: the machine is ready before the save. */
async function warm(folder: LabFolder, one: Bench, count: number, add: (row: Row) => void): Promise<void> {
  const verdicts: Verdict[] = [];
  for (let i = 0; i < count; i++) {
    const rig = await readyRig(one, folder.seed);
    verdicts.push(await judgeOnce(folder, one, Promise.resolve(rig)));
  }
  const of = (part: keyof Verdict['timings']): number[] => verdicts.map(({ timings }) => timings[part]);
  add({ what: 'save to verdict, char-echo, warm', target: 1000, values: of('total') });
  add({ what: '  build (commands of kbuild repeated)', values: of('build') });
  add({ what: '  check in the machine', values: of('check') });
  add({ what: '  looking the machine over', values: of('epilogue') });
}

function processes(folder: LabFolder, count: number): number[] {
  return Array.from({ length: count }, () => {
    save(folder);
    const start = performance.now();
    const { status } = spawnSync(join(repository, 'bringup'), ['check', folder.path], {
      env: { ...process.env, BRINGUP_DATA: join(folder.path, '.data') },
    });
    if (status !== 0) throw new Error(`bringup check ended with status ${status}`);
    return performance.now() - start;
  });
}

/** Many in a row: time, memory of this process, disk and processes must not grow. */
async function many(folder: LabFolder, one: Bench, count: number, add: (row: Row) => void): Promise<void> {
  const values: number[] = [];
  const disk = folderBytes(cacheFolder());
  const fds = readdirSync('/proc/self/fd').length;
  let memory = 0;
  for (let i = 0; i < count; i++) {
    values.push((await judgeOnce(folder, one)).timings.total);
    if (i === 4) memory = process.memoryUsage().rss;
  }
  const grown = (process.memoryUsage().rss - memory) / 2 ** 20;
  const diskGrown = (folderBytes(cacheFolder()) - disk) / 2 ** 20;
  const half = Math.floor(count / 2);
  const drift = median(values.slice(half)) / median(values.slice(0, half));
  const note = `second half / first ${drift.toFixed(2)}; memory ${grown.toFixed(0)} MiB, disk ${diskGrown.toFixed(1)} MiB, open files ${readdirSync('/proc/self/fd').length - fds} more`;
  add({ what: `${count} checks in a row, each`, values, note });
}

async function parallel(folder: LabFolder, one: Bench, count: number): Promise<number[]> {
  const values: number[] = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    const sources = readSources(folder.path);
    const run = (key: string): Promise<Verdict> => attempt(folder.lab, () => sources, one, { seed: 1, key });
    const verdicts = await Promise.all([run('bench a'), run('bench b')]);
    if (verdicts.some(({ outcome }) => outcome !== 'pass')) throw new Error('two at once did not both pass');
    values.push(performance.now() - start);
  }
  return values;
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function render({ what, target, values, note }: Row): string {
  const ms = (value: number): string =>
    `${value >= 10_000 ? `${(value / 1000).toFixed(1)} s` : `${Math.round(value)} ms`}`.padStart(9);
  const verdict =
    target === undefined ? '' : `   ≤ ${target} ms ${median(values) <= target ? 'reached' : 'NOT reached'}`;
  return `${what.padEnd(46)}${ms(median(values))}${ms(Math.min(...values))}${ms(Math.max(...values))}${verdict}${note ? `\n    ${note}` : ''}`;
}
