// SPDX-License-Identifier: Apache-2.0
// Chips on slower buses: ordinary drivers of the kernel's I2C, SPI and GPIO frameworks reach chips that are descriptions.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { prepareBench, type Bench } from '../../src/lab/bench.ts';
import { buildModule } from '../../src/lab/build.ts';
import { Guest } from '../../src/lab/guest.ts';
import { setUp } from '../../src/lab/rig.ts';
import type { Silicon } from '../../src/lab/silicon.ts';

const folder = join(import.meta.dirname, 'peers');
let bench: Bench;
beforeAll(async () => {
  bench = await prepareBench({ flavor: 'core' });
});

type Use = (peer: {
  guest: Guest;
  silicon: Silicon;
  value: (name: string) => Promise<number>;
}) => Promise<void>;

/** Loads the driver of a chip in a machine with that chip. */
async function withPeer(bus: 'i2c' | 'spi' | 'gpio', use: Use): Promise<void> {
  const name = `peer-${bus}`;
  const sources = new Map([
    [`${name}.c`, readFileSync(join(folder, `${name}.c`))],
    ['Makefile', Buffer.from(`obj-m := ${name}.o\n`)],
  ]);
  const build = await buildModule(bench.kit, bench.judge.kernel, name, sources, `test ${name}`);
  expect(build.output, build.problem).toSatisfy(() => build.ok);
  const chip = pathToFileURL(join(folder, `${bus}.ts`)).href;
  const rig = await setUp({ ...bench, chip }, bench.template, 1, async () => {});
  try {
    const guest = new Guest(rig.machine, new Map([[name, build.image!]]));
    await guest.load(name);
    const value = async (parameter: string): Promise<number> =>
      Number(await guest.readFile(`/sys/module/${name.replace('-', '_')}/parameters/${parameter}`));
    await use({ guest, silicon: rig.silicon!, value });
    await guest.unload(name);
  } finally {
    await rig.stop();
  }
}

test('I2C: words in either order, regmap, and a level interrupt that comes again until it is acknowledged', async () => {
  await withPeer('i2c', async ({ silicon, value }) => {
    expect([await value('id'), await value('limit'), await value('config')]).toEqual([0xbeef, 0x1234, 0x5a]);
    expect(await value('alerts')).toBe(3);
    expect(await silicon.get('LIMIT')).toBe(0x1234);
    expect((await silicon.events()).filter(({ kind }) => kind === 'violation')).toEqual([]);
  });
});

test('I2C: a chip that was pulled out does not acknowledge its address', async () => {
  await withPeer('i2c', async ({ guest, silicon }) => {
    await guest.unload('peer-i2c');
    await silicon.remove();
    await guest.load('peer-i2c');
    expect(await guest.exists(`${silicon.folder}/driver`)).toBe(false);
  });
});

test('SPI: registers are read and written', async () => {
  await withPeer('spi', async ({ silicon, value }) => {
    expect([await value('id'), await value('config')]).toEqual([0xbeef, 0xa5]);
    expect(await silicon.get('CONFIG')).toBe(0xa5);
  });
});

test('lines: levels are seen, and edges interrupt once each', async () => {
  await withPeer('gpio', async ({ guest, silicon, value }) => {
    expect([await value('falls'), await value('level')]).toEqual([0, 1]);
    for (let i = 0; i < 3; i++) {
      await silicon.set('KEY', 0);
      await guest.sleep('10ms');
      await silicon.set('KEY', 1);
      await guest.sleep('10ms');
    }
    await silicon.set('DOOR', 0);
    expect([await value('falls'), await value('level')]).toEqual([3, 0]);
  });
});
