// SPDX-License-Identifier: Apache-2.0
// A step that fails while calls are under way must not disturb the next one.
import { expect, test } from 'vitest';
import { prepareBench } from '../../src/lab/bench.ts';
import { Guest } from '../../src/lab/guest.ts';
import { Machine } from '../../src/machine/machine.ts';

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
