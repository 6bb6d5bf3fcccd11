// SPDX-License-Identifier: Apache-2.0
// Devices that lab.yaml names are there for the learner's driver: one that survives being saved (i6300esb)
// and one that loses its registers (edu), both plugged in after the restore.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { prepareBench } from '../../src/lab/bench.ts';
import { buildModule } from '../../src/lab/build.ts';
import { Guest } from '../../src/lab/guest.ts';
import { plug } from '../../src/machine/devices.ts';
import { Machine } from '../../src/machine/machine.ts';
import { repository } from '../../src/shared/paths.ts';
import { readSources } from '../../src/lab/workspace.ts';

const sources = readSources(join(repository, 'test/machine/reader'));

/** The value a driver reads from the first register of a device. */
async function identification(device: string, parameters: Record<string, number>): Promise<string> {
  const bench = await prepareBench({ flavor: 'core' });
  const build = await buildModule(bench.kit, bench.judge.kernel, 'reader', sources, 'test devices');
  expect(build.output, build.problem).toSatisfy(() => build.ok);
  const machine = await Machine.restore(bench.template);
  try {
    await plug(machine, [device]);
    const guest = new Guest(machine, new Map([['reader', build.image!]]));
    await guest.load('reader', parameters);
    return (await guest.readFile('/sys/module/reader/parameters/value')).trim();
  } finally {
    await machine.stop();
  }
}

describe('a device plugged in after the restore', () => {
  test('edu answers with its identification (0x010000ed)', async () => {
    expect(await identification('edu', { vendor: 0x1234, device: 0x11e8 })).toBe(String(0x010000ed));
  });

  test('i6300esb is found and its registers can be read', async () => {
    expect(await identification('i6300esb', { vendor: 0x8086, device: 0x25ab })).not.toBe(String(0xdeadbeef));
  });

  test('with a property', async () => {
    expect(await identification('edu,dma_mask=0xffff', { vendor: 0x1234, device: 0x11e8 })).toBe(
      String(0x010000ed),
    );
  });

  test('one that QEMU does not know is ours, and says so', async () => {
    await expect(identification('no-such-device', { vendor: 1, device: 1 })).rejects.toMatchObject({
      code: 'E-MACHINE-DEVICE',
    });
  });
});
