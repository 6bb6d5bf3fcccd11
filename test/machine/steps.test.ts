// SPDX-License-Identifier: Apache-2.0
// What a check may count on: a step that failed does not disturb the next one, and a slow call is not a stuck one.
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { prepareBench } from '../../src/lab/bench.ts';
import type { Check } from '../../src/lab/api.ts';
import { Guest } from '../../src/lab/guest.ts';
import { findLab } from '../../src/lab/lab.ts';
import { warmRig } from '../../src/lab/rig.ts';
import { runCheck } from '../../src/lab/run.ts';
import { ms } from '../../src/machine/calls.ts';
import { Machine } from '../../src/machine/machine.ts';
import { sys } from '../../src/machine/syscalls.ts';

test('a call that had not begun when its step ended is out of the way', async () => {
  const bench = await prepareBench({ flavor: 'core' });
  const machine = await Machine.restore(bench.template);
  try {
    const guest = new Guest(machine, new Map());
    for (let round = 0; round < 20; round++) {
      const tasks = await guest.tasks(2);
      // Asked for and left, as by a check whose step has thrown: one is over at once, one never.
      for (const [i, task] of tasks.entries())
        void task.call(i === round % 2 ? 'getpid' : 'nanosleep', [0n, 0n]);
      await guest.endStep();
      const [next] = await guest.tasks(1);
      expect(await next!.call('getpid', []), `round ${round}`).toBe(BigInt(next!.pid));
      await guest.endStep();
    }
  } finally {
    await machine.stop();
  }
});

test('a failure that nobody waits for is no failure of bringup', async () => {
  const bench = await prepareBench({ flavor: 'core' });
  const lab = findLab('char-echo');
  const [first] = lab.requirements;
  const { rig } = await warmRig(bench, 1);
  try {
    const check: Check = ({ step, guest }) =>
      step(first!.id, async () => {
        void guest.main.open('/nowhere').then((file) => file.close());
        await guest.sleep('10ms');
        await setTimeout(20);
      });
    const run = await runCheck(lab, check, rig, bench.template, new Map(), { seed: 1 });
    expect(run.requirements[0]).toMatchObject({ id: first!.id, result: 'pass' });
  } finally {
    await rig.stop();
  }
});

test('a row of calls that stands still is told from one that takes long', async () => {
  const { template } = await prepareBench({ flavor: 'core' });
  const machine = await Machine.restore(template);
  try {
    const guest = new Guest(machine, new Map());
    const task = await guest.task();
    const time = Buffer.alloc(16);
    time.writeBigInt64LE(1n, 0); // second
    const [slow] = await guest.storm({ task, times: 30, row: (row) => row.call('nanosleep', [time, 0]) });
    expect(slow).toEqual([{ good: 30, error: '' }]);
    time.writeBigInt64LE(1000n, 0);
    const still = guest.storm({ task, times: 30, row: (row) => row.call('nanosleep', [time, 0]) });
    await expect(still).rejects.toThrow(/30 turns of a row of calls did not go on within 10.0 s/);
  } finally {
    await machine.stop();
  }
});

test('guest time passes slower than the time of a host that takes its time', async () => {
  const { template } = await prepareBench({ flavor: 'core' });
  const machine = await Machine.restore(template);
  try {
    const moment = async (): Promise<bigint> => {
      const asked = await machine.caller.ask(1, { nr: sys.getpid, args: [] });
      return (await machine.caller.settle(asked, ms(1000)))!.start;
    };
    await moment();
    const [before, began] = [await moment(), performance.now()];
    await setTimeout(500);
    const [after, ended] = [await moment(), performance.now()];
    expect(Number(after - before) / 1e6).toBeLessThan((ended - began) / 2);
  } finally {
    await machine.stop();
  }
});
