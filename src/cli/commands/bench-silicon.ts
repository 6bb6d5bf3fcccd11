// SPDX-License-Identifier: Apache-2.0
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { attempt } from '../../lab/attempt.ts';
import { prepareBench, type Bench } from '../../lab/bench.ts';
import { withChip } from '../../lab/chip-header.ts';
import { makeLabFolder, type LabFolder } from '../../lab/folder.ts';
import { Guest } from '../../lab/guest.ts';
import { findLab } from '../../lab/lab.ts';
import { ownModule } from '../../lab/own-module.ts';
import { readyRig, setUp } from '../../lab/rig.ts';
import { readSources } from '../../lab/workspace.ts';
import { repository } from '../../shared/paths.ts';
import type { Row } from './bench.ts';

const work = { reads: 2000, turns: 500, bytes: 65_536, transfers: 64 } as const;

/** What modelled chips take: on the bus, with the chip and driver made for it, and in a lab. */
export async function* siliconRows(count: number): AsyncGenerator<Row> {
  const plain = await prepareBench({ flavor: 'core' });
  const bench = { ...plain, chip: pathToFileURL(join(repository, 'src/silicon/gauge.ts')).href };
  const image = await ownModule(bench, 'gauge');
  const attach: number[] = [];
  const [reads, turns, transfers]: number[][] = [[], [], []];
  for (let i = 0; i < count; i++) {
    let restored = 0;
    const rig = await setUp(bench, bench.template, i, async () => void (restored = performance.now()));
    attach.push(performance.now() - restored);
    try {
      const guest = new Guest(rig.machine, new Map([['gauge', image]]));
      const load = async (parameters: Record<string, number>): Promise<number> => {
        const start = performance.now();
        await guest.load('gauge', parameters);
        const time = performance.now() - start;
        await guest.unload('gauge');
        return time;
      };
      await load({});
      const nothing = await load({});
      reads!.push((await load({ reads: work.reads })) - nothing);
      turns!.push((await load({ turns: work.turns })) - nothing);
      transfers!.push((await load({ turns: work.transfers, bytes: work.bytes })) - nothing);
    } finally {
      await rig.stop();
    }
  }
  yield { what: 'attach a chip after the restore', values: attach };
  const each = (middle(reads!) * 1000) / work.reads;
  yield { what: `${work.reads} register reads`, values: reads!, note: `${each.toFixed(0)} µs each` };
  const rate = (work.turns * 1000) / middle(turns!);
  yield {
    what: `${work.turns} turns: doorbell, DMA, interrupt, wake-up`,
    values: turns!,
    note: `${rate.toFixed(0)} interrupts a second`,
  };
  const mega = (work.bytes * work.transfers) / 1000 / middle(transfers!);
  yield {
    what: `${work.transfers} × ${work.bytes / 1024} KiB read by DMA`,
    values: transfers!,
    note: `${mega.toFixed(1)} MB/s, with their interrupts`,
  };
  yield* saves(count * 3);
}

async function* saves(count: number): AsyncGenerator<Row> {
  const lab = findLab('pci-mmio');
  const bench = await prepareBench(lab);
  const home = mkdtempSync(join(tmpdir(), 'bringup-bench-'));
  try {
    const folder = await makeLabFolder(lab, join(home, lab.id));
    cpSync(join(lab.folder, 'solution'), folder.path, { recursive: true });
    const sources = await withChip(lab, readSources(folder.path), folder.seed);
    for (const [name, content] of sources) writeFileSync(join(folder.path, name), content);
    await judge(folder, bench);
    const verdicts: Awaited<ReturnType<typeof judge>>[] = [];
    for (let i = 0; i < count; i++) verdicts.push(await judge(folder, bench));
    const of = (part: 'total' | 'build' | 'check' | 'epilogue'): number[] =>
      verdicts.map(({ timings }) => timings[part]);
    yield { what: 'save to verdict, pci-mmio, warm', target: 2000, values: of('total') };
    yield { what: '  build (commands of kbuild repeated)', values: of('build') };
    yield { what: '  check in the machine', values: of('check') };
    yield { what: '  looking the machine over', values: of('epilogue') };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** As `bringup watch` does it: the rig is ready before the save. */
async function judge(folder: LabFolder, bench: Bench): ReturnType<typeof attempt> {
  const rig = await readyRig(bench, folder.seed);
  const file = join(folder.path, 'reckoner.c');
  writeFileSync(
    file,
    `${readFileSync(file, 'utf8').replace(/\/\/ saved .*\n$/, '')}// saved ${performance.now()}\n`,
  );
  const verdict = await attempt(folder.lab, () => readSources(folder.path), bench, {
    seed: folder.seed,
    key: folder.path,
    ready: Promise.resolve(rig),
  });
  if (verdict.outcome !== 'pass')
    throw new Error(`the solution did not pass: ${JSON.stringify(verdict.error ?? verdict.findings)}`);
  return verdict;
}

function middle(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
