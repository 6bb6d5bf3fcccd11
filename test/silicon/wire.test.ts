// SPDX-License-Identifier: Apache-2.0
// A device of ours in a real QEMU, with a real driver: registers, messages and DMA go both ways.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { prepareBench } from '../../src/lab/bench.ts';
import { buildModule } from '../../src/lab/build.ts';
import { Guest } from '../../src/lab/guest.ts';
import { readSources } from '../../src/lab/workspace.ts';
import { ms } from '../../src/machine/calls.ts';
import { Machine } from '../../src/machine/machine.ts';
import { portName, socketFolder } from '../../src/machine/qemu.ts';
import { repository } from '../../src/shared/paths.ts';
import { closeFd, listenAt } from '../../src/silicon/wire/libc.ts';

const turns = 200;

test('a driver reads registers, is answered by messages, and has its memory read and written', async () => {
  const bench = await prepareBench({ flavor: 'core' });
  const sources = readSources(join(repository, 'test/silicon/driver'));
  const build = await buildModule(bench.kit, bench.judge.kernel, 'adder', sources, 'test silicon');
  expect(build.output, build.problem).toSatisfy(() => build.ok);
  const sockets = mkdtempSync(join(tmpdir(), 'bringup-silicon-'));
  chmodSync(sockets, 0o755);
  const listener = listenAt(join(sockets, 'adder'));
  const model = new Worker(join(repository, 'test/silicon/adder.ts'), { workerData: listener });
  const seen = new Promise((resolve, reject) => model.on('message', resolve).on('error', reject));
  const machine = await Machine.restore(bench.template, sockets);
  try {
    const start = performance.now();
    const socket = { type: 'unix', path: `${socketFolder}/adder` };
    await machine.addDevice({ driver: 'vfio-user-pci', id: 'adder', bus: portName(0), socket });
    const plugged = performance.now();
    const guest = new Guest(machine, new Map([['adder', build.image!]]));
    const found = '/sys/bus/pci/devices/0000:01:00.0';
    while (!(await guest.exists(found))) await machine.caller.pass(ms(20));
    const there = performance.now();
    await guest.load('adder', { turns });
    const value = async (name: string): Promise<number> =>
      Number(await guest.readFile(`/sys/module/adder/parameters/${name}`));
    expect(await value('id')).toBe(0xadd00001);
    expect(await value('sum')).toBe((63 * 64) / 2);
    const worked = performance.now() - there;
    console.log(
      `plugged in ${(plugged - start).toFixed(0)} ms, found by the kernel after ${(there - plugged).toFixed(0)} ms; ` +
        `1000 reads and ${turns} turns of doorbell, DMA both ways and message in ${worked.toFixed(0)} ms; ` +
        `a read took ${await value('read_ns')} ns of guest time`,
    );
  } finally {
    await machine.stop();
    closeFd(listener);
    rmSync(sockets, { recursive: true });
  }
  expect(await seen).toMatchObject({ reads: 1000, interrupts: turns, bytes: turns * 68 });
});
