// SPDX-License-Identifier: Apache-2.0
import { check, expect, type Guest, type OpenFile, type Row, type Task } from '#bringup/lab';

const device = '/dev/cells';

/** Charges as they are without the charger: charge less ticks. */
type Levels = number[];

interface State {
  ticks: number;
  charges: number[];
  levels: Levels;
}

/** The state of the rack; one read() at position 0 has all of it. */
async function stateOf(file: OpenFile, count: number): Promise<State> {
  const text = (await file.readAt(0, 512)).toString();
  expect(text, 'the state').toMatch(new RegExp(`^ticks \\d+\\n(\\d+\\n){${count}}$`));
  const [ticks, ...charges] = [...text.matchAll(/\d+/g)].map(Number);
  return { ticks: ticks!, charges, levels: charges.map((charge) => charge - ticks!) };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

export default check(async ({ step, guest, module, draw }) => {
  const count = 6 + draw(3);
  const start = 6000 + draw(500);
  const pace = 500 + draw(40);
  const period = 4000 + draw(2000);
  const parameters = { count, start, period_us: period, pace_us: pace };
  const time = (units: number): `${number}us` => `${units * pace}us`;
  // Numbers of cells in an order of this attempt.
  const cells = Array.from({ length: count }, (_, i) => i)
    .map((cell) => ({ cell, place: draw() }))
    .sort((a, b) => a.place - b.place)
    .map(({ cell }) => cell);
  const [a, b, c, d] = cells as [number, number, number, number];

  interface Rack {
    /** Gives a command in this task; it returns its length. */
    give: (task: Task, command: string) => ReturnType<OpenFile['write']>;
    state: () => Promise<State>;
    /** Fails unless the levels are those, with these changes. */
    changed: (from: Levels, by: Record<number, number>, when: string) => Promise<void>;
  }

  const requirement = (id: string, work: (rack: Rack) => Promise<void>): Promise<void> =>
    step(id, async () => {
      if (!guest.loaded.includes(module)) await guest.load(module, parameters);
      const file = await (await guest.task()).open(device, 'rw');
      const state = (): Promise<State> => stateOf(file, count);
      await work({
        give: (task, command) => file.in(task).write(command),
        state,
        changed: async (from, by, when) => {
          const { levels } = await state();
          const expected = from.map((level, cell) => level + (by[cell] ?? 0));
          expect(levels, `the charges without what the charger added, from cell 0 on, ${when},`).toEqual(
            expected,
          );
        },
      });
    });
  const done = async (call: ReturnType<Rack['give']>, within: `${number}ms`, what: string): Promise<void> => {
    await expect(call, what).toFinishWithin(within);
    expect((await call) > 0, `${what}: whether it returned the number of bytes written`).toBe(true);
  };

  await requirement('moves-charge', async ({ give, state, changed }) => {
    const task = await guest.task();
    const before = await state();
    const units = 100 + draw(50);
    const command = `move ${a} ${b} ${units}\n`;
    const move = give(task, command);
    await expect(move, `move of ${units} units`).toBlockFor(time(units >> 1));
    await changed(before.levels, {}, 'in the middle of the move');
    await expect(move, `move of ${units} units`).toFinishWithin('100ms');
    await expect(move, `move of ${units} units`).toReturn(command.length);
    const took = Number(move.duration / 1000n);
    expect(took, `microseconds of a move of ${units} units, ${pace} each`).toBeAtLeast(units * pace);
    await changed(before.levels, { [a]: -units, [b]: units }, `after "${command.trim()}"`);
    for (const wrong of [
      `move ${a} ${a} 1`,
      `move ${a} ${count} 1`,
      `move ${count} ${b} 1`,
      `move ${a} ${b} 0`,
      `move ${a} ${b} 10001`,
      'turn 1 2',
    ])
      await expect(give(task, wrong), `"${wrong}" with ${count} cells`).toFail('EINVAL');
    await expect(give(task, `move ${c} ${d} 9999`), 'move of more than there is').toFail('ENODATA');
    await changed(before.levels, { [a]: -units, [b]: units }, 'after moves that failed');
  });

  await requirement('one-at-a-time', async ({ give, state }) => {
    const [one, other] = await guest.tasks(2);
    const first = give(one, `move ${a} ${b} 400`);
    await expect(first, 'a move of 200 ms').toBlockFor('50ms');
    const second = give(other, `move ${c} ${b} 200`);
    await expect(second, 'a move of 100 ms to a cell that is used for 150 ms').toBlockFor('220ms');
    await done(first, '1ms', 'the first move');
    await done(second, '150ms', 'the second move');

    const { charges } = await state();
    const most = Math.floor(charges[d]! * 0.6);
    const large = give(one, `move ${d} ${b} ${most}`);
    await expect(large, 'a move').toBlockFor('50ms');
    const late = give(other, `move ${d} ${a} ${most}`);
    const what = 'move of units that were there when it was asked for, and are not when it has its turn';
    await expect(late, what).toBlockFor(time(most - 200));
    await done(large, '200ms', 'the move before it');
    await expect(late, what).toFail('ENODATA');
  });

  await requirement('others-go-on', async ({ give, state, changed }) => {
    const [one, other] = await guest.tasks(2);
    const { levels } = await state();
    const long = give(one, `move ${a} ${b} 1000`);
    await expect(long, 'a move of 500 ms').toBlockFor('20ms');
    await done(give(other, `move ${c} ${d} 20`), '100ms', 'a move of 10 ms between two other cells');
    await done(give(other, `move ${d} ${c} 20`), '100ms', 'a move of 10 ms between two other cells');
    expect(one.busy, 'whether the long move is still under way').toBe(true);
    await done(long, '800ms', 'the long move');
    await changed(levels, { [a]: -1000, [b]: 1000 }, 'after all three');
  });

  await requirement('charges-on', async ({ give, state }) => {
    const task = await guest.task();
    const before = await state();
    const move = give(task, `move ${b} ${a} 1000`);
    await guest.sleep('1s');
    const { ticks } = await state();
    const due = 1e6 / period;
    const what = `ticks in one second with a period of ${period} us`;
    expect(ticks - before.ticks, what).toBeAtLeast(Math.floor(due * 0.94) - 1);
    expect(ticks - before.ticks, what).toBeAtMost(Math.ceil(due * 1.06) + 1);
    await done(move, '100ms', 'a move of 500 ms');
  });

  await requirement('opposite-moves-end', async ({ give, state, changed }) => {
    const tasks = await guest.tasks(3);
    const { levels } = await state();
    for (const [p, q] of [
      [Math.min(a, b), Math.max(a, b)],
      [Math.max(a, b), Math.min(a, b)],
    ] as const) {
      for (const order of [
        [`move ${p} ${q} 10`, `move ${q} ${p} 10`],
        [`move ${q} ${p} 10`, `move ${p} ${q} 10`],
      ]) {
        // While cell q is in use, both line up for it, in either order.
        const user = give(tasks[0], `move ${q} ${c} 200`);
        await expect(user, 'a move of 100 ms').toBlockFor('10ms');
        const waiting = order.map((command, i) => give(tasks[i + 1]!, command));
        for (const call of waiting) await expect(call, `a move from or to cell ${q}`).toBlockFor('5ms');
        await done(user, '200ms', `the move that used cell ${q}`);
        for (const [i, call] of waiting.entries())
          await done(call, '400ms', `"${order[i]}", with the opposite move beside it,`);
      }
    }
    await changed(levels, { [a]: -400, [b]: -400, [c]: 800 }, 'after all of these');
    const round = [`move ${a} ${b} 30`, `move ${b} ${c} 30`, `move ${c} ${a} 30`];
    const calls = round.map((command, i) => give(tasks[i]!, command));
    for (const [i, call] of calls.entries()) await done(call, '400ms', `"${round[i]}", one of a circle,`);
    await changed(levels, { [a]: -400, [b]: -400, [c]: 800 }, 'after a circle of moves');
  });

  await requirement('resets-all', async ({ give, state }) => {
    const tasks = await guest.tasks(3);
    const charge = 2000 + draw(1000);
    const moves = [give(tasks[0], `move ${a} ${b} 200`), give(tasks[1], `move ${c} ${d} 500`)];
    await expect(moves[1]!, 'a move of 250 ms').toBlockFor('10ms');
    const reset = give(tasks[2], `reset ${charge}`);
    await expect(reset, 'reset while cells are in use for 240 ms').toBlockFor('200ms');
    for (const move of moves) await done(move, '200ms', 'a move that a reset waits for');
    await done(reset, '50ms', 'the reset when no cell is in use');
    const after = await state();
    expect(after.levels, `charges less ticks after "reset ${charge}"`).toEqual(cells.map(() => charge));
    expect(after.ticks, 'ticks just after a reset').toBeAtMost(3 + 60_000 / period);
    await expect(give(tasks[2], 'reset 1000001'), 'reset to more than a cell may have').toFail('EINVAL');
    await done(give(tasks[2], `reset ${start}\n`), '50ms', 'reset when no cell is in use');
    expect((await state()).levels, `charges less ticks after "reset ${start}"`).toEqual(
      cells.map(() => start),
    );
  });

  await requirement('sleeps-while-waiting', async ({ give }) => {
    const [user, mover, resetter] = await guest.tasks(3);
    const long = give(user, `move ${a} ${b} 2000`);
    await expect(long, 'a move of 1 s').toBlockFor('20ms');
    const waiting = [give(mover, `move ${b} ${c} 1`), give(resetter, `reset ${start}`)];
    await expect(waiting[1]!, 'reset while cells are in use').toBlockFor('50ms');
    const before = [await costOf(guest, mover), await costOf(guest, resetter)];
    await guest.sleep('600ms');
    for (const [i, task] of [mover, resetter].entries()) {
      const { state, switches } = await costOf(guest, task);
      const what = i === 0 ? 'a move that waits' : 'a reset that waits';
      expect(state, `the state of ${what}`).toMatch(/^[SD]$/);
      expect(switches - before[i]!.switches, `how often ${what} ran in 600 ms`).toBeAtMost(4);
    }
    await done(long, '800ms', 'the long move');
    for (const call of waiting) await done(call, '300ms', 'what waited for it');
  });

  await requirement('leaves-nothing-locked', async ({ give, state, changed }) => {
    const [user, waiter] = await guest.tasks(2);
    const free = async (...used: number[]): Promise<void> => {
      const prober = await guest.task();
      for (const cell of used) {
        // From and to a cell that nothing else uses.
        await done(give(prober, `move ${cell} ${d} 4`), '100ms', `a move from cell ${cell}, which is free,`);
        await done(give(prober, `move ${d} ${cell} 4`), '100ms', `a move to cell ${cell}, which is free,`);
      }
    };
    const { levels } = await state();
    const [low, middle, high] = [a, b, c].sort((x, y) => x - y) as [number, number, number];
    for (const other of [low, high]) {
      const used = give(user, `move ${middle} ${other === low ? high : low} 1500`);
      await expect(used, 'a move of 750 ms').toBlockFor('20ms');
      const wait = give(waiter, `move ${other} ${middle} 5`);
      await expect(wait, `a move from cell ${other} that waits for cell ${middle}`).toBlockFor('20ms');
      await guest.signal(waiter, 'interrupt');
      await expect(wait, 'the waiting move after a signal').toFinishWithin('100ms');
      await expect(wait, 'the waiting move after a signal').toFail('EINTR');
      const reset = give(waiter, `reset ${start}`);
      await expect(reset, `reset while cell ${middle} is in use`).toBlockFor('20ms');
      await guest.signal(waiter, 'interrupt');
      await expect(reset, 'the waiting reset after a signal').toFinishWithin('100ms');
      await expect(reset, 'the waiting reset after a signal').toFail('EINTR');
      await free(other);
      const again = give(waiter, `move ${other} ${middle} 5`);
      await expect(again, 'a waiting move').toBlockFor('20ms');
      await guest.signal(waiter, 'restart');
      await expect(again, 'a waiting move after a signal with SA_RESTART').toBlockFor('20ms');
      await guest.signal(user, 'interrupt');
      await expect(used, 'a move under way after a signal').toFinishWithin('100ms');
      await expect(used, 'a move under way after a signal').toFail('EINTR');
      await done(again, '100ms', 'the move that waited for it');
      await free(low, middle, high);
    }
    await changed(levels, { [low]: -5, [high]: -5, [middle]: 10 }, 'after commands that a signal ended');

    const victim = await guest.task({ separate: true });
    const killed = (await victim.open(device, 'rw')).write(`move ${a} ${b} 1500`);
    await expect(killed, 'a move of 750 ms').toBlockFor('20ms');
    await guest.signal(victim, 'kill');
    await expect(killed, 'the move of a process that was killed').toFinishWithin('100ms');
    await free(a, b);
  });

  await step('reads-one-moment', async () => {
    const [one, other, reader] = await guest.tasks(3);
    if (!guest.loaded.includes(module)) await guest.load(module, parameters);
    const slow = await reader.open(device, 'rw');
    const before = sum((await stateOf(slow, count)).levels);
    const moves = [
      slow.in(one).write(`move ${a} ${b} 400`),
      slow.in(other).write(`move ${b} ${c} 10`),
    ] as const;
    await expect(moves[0], 'a move of 200 ms').toBlockFor('20ms');
    const read = slow.readAt(0, 512);
    await expect(read, 'read() while cells are in use').toFinishWithin('20ms');
    await read;
    for (const move of moves) await move;
    expect(sum((await stateOf(slow, count)).levels), 'the sum of all charges less ticks, after moves').toBe(
      before,
    );
    await slow.close();

    // Numbers of several moments are easy to see when it ticks fast.
    await guest.unload(module);
    await guest.load(module, { ...parameters, period_us: 100, pace_us: 0 });
    const fast = await reader.open(device, 'r');
    for (let turn = 0; turn < 20; turn++)
      expect((await stateOf(fast, count)).levels, 'charges less ticks, where nothing is moved,').toEqual(
        cells.map(() => start),
      );
  });
});

async function costOf(guest: Guest, task: Task): Promise<{ state: string; switches: number }> {
  const status = await guest.readFile(`/proc/${task.pid}/status`);
  const counts = [...status.matchAll(/ctxt_switches:\s+(\d+)/g)].map((match) => Number(match[1]));
  return { state: /^State:\s+(\S)/m.exec(status)?.[1] ?? '', switches: sum(counts) };
}

/** On two processors, with moves that take no time: what single calls do not show. */
export const race = check(async ({ step, guest, module, draw }) => {
  const count = 4;
  const start = 500_000 + draw(1000);

  /** Commands given over and over at the same moment, each by a process of its own. */
  const together = async (file: OpenFile, rows: readonly [string, number][]): Promise<void> => {
    const tasks = await guest.tasks(rows.length);
    const storms = await guest.storm(
      ...rows.map(([command, times], i) => ({
        task: tasks[i]!,
        times,
        row: (row: Row) => row.write(file, command),
      })),
    );
    for (const [i, [command, times]] of rows.entries())
      expect(storms[i]![0]!.good, `how many of ${times} commands "${command}" succeeded`).toBe(times);
  };
  const requirement = (id: string, work: (file: OpenFile) => Promise<void>): Promise<void> =>
    step(id, async () => {
      if (!guest.loaded.includes(module))
        await guest.load(module, { count, start, period_us: 1000, pace_us: 0 });
      await work(await (await guest.task()).open(device, 'rw'));
    });

  await requirement('opposite-moves-end', (file) =>
    together(file, [
      ['move 0 1 3', 300],
      ['move 1 0 2', 300],
      ['move 1 2 5', 300],
      ['move 2 0 4', 300],
    ]),
  );

  await requirement('charges-on', async (file) => {
    const { levels } = await stateOf(file, count);
    await together(file, [
      ['move 0 1 3', 2000],
      ['move 3 2 2', 2000],
    ]);
    expect((await stateOf(file, count)).levels, 'charges less ticks, after moves on two processors,').toEqual(
      [levels[0]! - 6000, levels[1]! + 6000, levels[2]! + 4000, levels[3]! - 4000],
    );
  });

  await requirement('reads-one-moment', async (file) => {
    const before = sum((await stateOf(file, count)).levels);
    const storm = together(file, [
      ['move 0 1 7', 1000],
      ['move 1 0 7', 1000],
    ]);
    const over = storm.catch(() => {}); // the step may not end before it, however it ends
    try {
      for (let turn = 0; turn < 30; turn++)
        expect(sum((await stateOf(file, count)).levels), 'the sum of charges less ticks, during moves,').toBe(
          before,
        );
    } finally {
      await over;
    }
    await storm;
    await storm;
  });

  await requirement('resets-all', async (file) => {
    const charge = 400_000 + draw(1000);
    await together(file, [
      ['move 0 1 3', 500],
      [`reset ${charge}`, 100],
      ['move 2 1 1', 500],
    ]);
    const { levels } = await stateOf(file, count);
    expect(sum(levels), `the sum of charges less ticks, after "reset ${charge}" during moves,`).toBe(
      count * charge,
    );
  });
});
