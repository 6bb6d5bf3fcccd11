// SPDX-License-Identifier: Apache-2.0
// A chip of ours in a real QEMU, with a real driver: registers, messages and DMA go both ways, the driver may sleep
// meanwhile, and what the model does wrong is told as ours.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { prepareBench, type Bench } from '../../src/lab/bench.ts';
import { buildModule } from '../../src/lab/build.ts';
import { Guest } from '../../src/lab/guest.ts';
import { setUp, type Rig } from '../../src/lab/rig.ts';
import { repository } from '../../src/shared/paths.ts';

const sources = new Map([
  ['gauge.c', readFileSync(join(repository, 'guest/gauge.c'))],
  ['Makefile', Buffer.from('obj-m := gauge.o\n')],
]);
const gauge = join(repository, 'src/silicon/gauge.ts');
let bench: Bench;
let image: Buffer;
const work = mkdtempSync(join(tmpdir(), 'bringup-test-chip-'));

beforeAll(async () => {
  bench = await prepareBench({ flavor: 'core' });
  const build = await buildModule(bench.kit, bench.judge.kernel, 'gauge', sources, 'test silicon');
  expect(build.output, build.problem).toSatisfy(() => build.ok);
  image = build.image!;
});
afterAll(() => rmSync(work, { recursive: true }));

/** A rig with the chip that a module describes, and its guest. */
async function withChip(file: string, use: (guest: Guest, rig: Rig) => Promise<void>): Promise<void> {
  const chip = pathToFileURL(file).href;
  const rig = await setUp({ ...bench, chip }, bench.template, 1, async () => {});
  try {
    await use(new Guest(rig.machine, new Map([['gauge', image]])), rig);
  } finally {
    await rig.stop();
  }
}

/** The gauge with a line of its behaviour replaced. */
function changed(line: string, by: string): string {
  const text = readFileSync(gauge, 'utf8').replace('./describe/', `${repository}/src/silicon/describe/`);
  expect(text).toContain(line);
  const file = join(work, `${Buffer.from(by).toString('hex').slice(0, 40)}.ts`);
  writeFileSync(file, text.replace(line, by));
  return file;
}

test('a driver reads registers, is answered by messages, and has its memory read and written', async () => {
  await withChip(gauge, async (guest, { silicon }) => {
    await guest.load('gauge', { reads: 100, turns: 200 });
    const value = async (name: string): Promise<number> =>
      Number(await guest.readFile(`/sys/module/gauge/parameters/${name}`));
    expect(await value('id')).toBe(0x9a090001);
    expect(await value('sum')).toBe((63 * 64) / 2);
    const events = await silicon!.events();
    const count = (kind: string): number => events.filter((event) => event.kind === kind).length;
    expect([count('read'), count('dma-read'), count('dma-write'), count('message')]).toEqual([
      101, 200, 200, 200,
    ]);
    expect(events.filter((event) => 'lost' in event)).toEqual([]);
    await guest.unload('gauge');
  });
});

test('a message that comes tens of milliseconds later still finds a driver that sleeps with a limit', async () => {
  const later = changed("chip.raise('done');", "chip.after(40e6, () => chip.raise('done'));");
  await withChip(later, async (guest) => {
    await guest.load('gauge', { turns: 20 });
    expect(await guest.readFile('/sys/module/gauge/parameters/sum')).toBe('2016\n');
  });
});

test("a message that gets lost, and a chip that is gone, are the driver's to notice", async () => {
  await withChip(gauge, async (guest, { silicon }) => {
    await silicon!.fault({ kind: 'lost', times: 1 });
    await guest.load('gauge', { turns: 1 }); // its probe fails with ETIMEDOUT, which loading does not tell
    expect(await guest.exists(`${silicon!.folder}/driver`)).toBe(false);
    await guest.unload('gauge');
    await silicon!.remove();
    await guest.load('gauge', {});
    expect(await guest.exists(`${silicon!.folder}/driver`)).toBe(false);
    await guest.unload('gauge');
  });
});

test('a chip pulled out at each of its accesses is put back, and works again', async () => {
  await withChip(gauge, async (guest, { silicon }) => {
    const pulled: (number | undefined)[] = [];
    const use = async (at: number | undefined): Promise<void> => {
      pulled.push(at);
      await guest.load('gauge', { turns: 1 });
      const sum = await guest.readFile('/sys/module/gauge/parameters/sum');
      if (at === undefined) expect(sum).toBe('2016\n');
      await guest.unload('gauge');
    };
    expect(await silicon!.removals(use)).toBe(6); // address, length, start, its acknowledgement, identification
    expect(pulled).toEqual([undefined, 0, 1, 2, 3, 4, 5]);
    pulled.length = 0;
    await silicon!.removals(use, { most: 3 });
    expect(pulled).toEqual([undefined, 0, 3, 5]);
    await use(undefined);
  });
});

test('a chip that is pulled out while it works does nothing more, and nobody is blamed', async () => {
  const later = changed("chip.raise('done');", 'chip.after(20e6, () => chip.dma.write(address, bytes));');
  await withChip(later, async (guest, { silicon }) => {
    const from = (await silicon!.events()).length;
    const [task] = await guest.tasks(1);
    const load = guest.load('gauge', { turns: 1 }, task);
    await load.within(5_000_000n);
    await silicon!.remove();
    await load;
    await silicon!.putBack(guest);
    const kinds = (await silicon!.events(from)).map(({ kind }) => kind);
    expect(kinds).toContain('fault');
    expect(kinds).not.toContain('violation');
    await guest.unload('gauge');
  });
});

test('a model that throws, and one that computes without end, are ours', async () => {
  for (const by of ["throw new Error('broken');", 'for (;;);']) {
    const load = withChip(changed("chip.raise('done');", by), async (guest, { silicon }) => {
      await guest.load('gauge', { turns: 1 });
      await silicon!.confirm(true);
    });
    await expect(load).rejects.toMatchObject({ code: 'E-SILICON-MODEL' });
  }
});
