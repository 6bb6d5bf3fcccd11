// SPDX-License-Identifier: Apache-2.0
// Modules of the kernel that lab.yaml names are loaded before the check, each after what it needs.
import { expect, test } from 'vitest';
import { prepareBench } from '../../src/lab/bench.ts';
import { Guest } from '../../src/lab/guest.ts';
import { warmRig } from '../../src/lab/rig.ts';

test('gpio-sim and netdevsim are there', async () => {
  const bench = await prepareBench({ flavor: 'core', kernelModules: ['gpio-sim', 'netdevsim'] });
  const { rig } = await warmRig(bench, 1);
  try {
    const guest = new Guest(rig.machine, new Map());
    expect(await guest.exists('/sys/kernel/config/gpio-sim')).toBe(true);
    expect(await guest.exists('/sys/bus/netdevsim/new_device')).toBe(true);
  } finally {
    await rig.stop();
  }
});

test('one that the kernel does not have is a mistake of the lab, and named', async () => {
  const bench = await prepareBench({ flavor: 'core', kernelModules: ['no-such-module'] });
  await expect(warmRig(bench, 1)).rejects.toMatchObject({
    code: 'E-LAB-BROKEN',
    message: expect.stringContaining('no-such-module') as string,
  });
});
