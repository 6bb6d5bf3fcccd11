// SPDX-License-Identifier: Apache-2.0
import { check, expect, type OpenFile, type Row } from '#bringup/lab';

const device = '/dev/valves';

interface State {
  /** Strokes since the module was loaded. */
  total: number;
  /** 'number strokes' of each valve that is watched, in order. */
  valves: string[];
}

async function stateOf(file: OpenFile): Promise<State> {
  const text = (await file.readAt(0, 2048)).toString();
  expect(text, 'the text').toMatch(/^strokes \d+\n(\d+ \d+\n)*$/);
  const [first, ...valves] = text.trimEnd().split('\n');
  return { total: Number(first!.slice(8)), valves };
}

export default check(async ({ step, guest, module, draw }) => {
  /** Milliseconds of a stroke. */
  const stroke = 160 + draw(50);
  const [a, b, c] = [draw(1000), 1000 + draw(1000), draw(2 ** 31) + 2000] as const;

  let clock: OpenFile;
  /** Milliseconds of guest time since the machine started. */
  const now = async (): Promise<number> => parseFloat((await clock.readAt(0, 32)).toString()) * 1000;
  const until = async (moment: number): Promise<void> => {
    const left = Math.ceil(moment - (await now()));
    if (left > 0) await guest.sleep(`${left}ms`);
  };

  interface Plant {
    file: OpenFile;
    /** Gives a command; it has to succeed at once. */
    give: (command: string) => Promise<void>;
    /** Strokes since the requirement began, and the valves. */
    state: () => Promise<State>;
  }

  /** A requirement that begins in a plant without valves, whose module has these parameters. */
  const requirement = (id: string, work: (plant: Plant) => Promise<void>, tries = 0): Promise<void> =>
    step(id, () => withPlant(work, tries));
  let loadedTries: number | undefined;
  const withPlant = async (work: (plant: Plant) => Promise<void>, tries: number): Promise<void> => {
    if (loadedTries !== tries && guest.loaded.includes(module)) await guest.unload(module);
    if (!guest.loaded.includes(module)) await guest.load(module, { stroke_ms: stroke, tries });
    loadedTries = tries;
    const file = await (await guest.task()).open(device, 'rw');
    clock = await file.task.open('/proc/uptime', 'r');
    for (const valve of (await stateOf(file)).valves) await file.write(`disarm ${valve.split(' ')[0]}`);
    const before = (await stateOf(file)).total;
    try {
      await work({
        file,
        give: async (command) => {
          const call = file.write(command);
          await expect(call, `"${command}"`).toFinishWithin('20ms');
          await expect(call, `"${command}"`).toReturn(command.length);
        },
        state: async () => {
          const { total, valves } = await stateOf(file);
          return { total: total - before, valves };
        },
      });
    } finally {
      await file.in(guest.main).close(); // its own task may be in a call
    }
  };

  await requirement('strokes-when-due', async ({ file, give, state }) => {
    await expect(file.write('confirm 5'), '"confirm" of a valve that is not watched').toFail('ENOENT');
    await expect(file.write('disarm 5'), '"disarm" of a valve that is not watched').toFail('ENOENT');
    await expect(file.write('arm 5 9'), '"arm" with 9 ms').toFail('EINVAL');
    await expect(file.write('arm 5 60001'), '"arm" with 60001 ms').toFail('EINVAL');
    await expect(file.write('shut 5'), 'a text that is no command').toFail('EINVAL');
    const time = 300;
    await give(`arm ${b} 60000`);
    const start = await now();
    await give(`arm ${a} ${time}\n`.trimEnd());
    await expect(file.write(`arm ${a} 50`), '"arm" of a valve that is watched').toFail('EEXIST');
    const turn = time + stroke;
    for (let count = 0; count < 2; count++) {
      await until(start + (count + 1) * turn - 40);
      expect(await state(), `the state shortly before stroke ${count + 1} can be over`).toEqual({
        total: count,
        valves: [`${b} 0`, `${a} ${count}`],
      });
      await until(start + (count + 1) * (turn + 50) + 20);
      expect(await state(), `the state when stroke ${count + 1} must be over`).toEqual({
        total: count + 1,
        valves: [`${b} 0`, `${a} ${count + 1}`],
      });
    }
  });

  await requirement('confirms', async ({ give, state }) => {
    await give(`arm ${a} 300`);
    for (let turn = 0; turn < 4; turn++) {
      await guest.sleep('200ms');
      await give(`confirm ${a}`);
    }
    expect(await state(), 'the state of a valve that was confirmed in time, 4 times').toEqual({
      total: 0,
      valves: [`${a} 0`],
    });
    await give(`disarm ${a}`);

    // One waits for the air line while the other uses it.
    let start = await now();
    await give(`arm ${a} 200`);
    await give(`arm ${b} 240`);
    await until(start + 320);
    await give(`confirm ${b}`);
    await until(start + 250 + stroke + 50);
    expect(
      await state(),
      'the state after a stroke, for which one waited that was confirmed meanwhile,',
    ).toEqual({
      total: 1,
      valves: [`${a} 1`, `${b} 0`],
    });
    await give(`confirm ${a}`);
    expect((await state()).valves[0], 'a valve after it was confirmed').toBe(`${a} 0`);
    await give(`disarm ${b}`);
    await give(`disarm ${a}`);

    start = await now();
    await give(`arm ${c} 250`);
    await until(start + 250 + stroke / 2 + 30);
    await give(`confirm ${c}`);
    await until(start + 300 + stroke + 40);
    expect(await state(), 'the state after a stroke during which its valve was confirmed').toEqual({
      total: 2,
      valves: [`${c} 1`],
    });
  });

  await requirement('one-at-a-time', async ({ give, state }) => {
    const start = await now();
    await give(`arm ${c} 320`);
    await give(`arm ${a} 240`);
    await give(`arm ${b} 280`);
    const expected = [
      [`${c} 0`, `${a} 1`, `${b} 0`],
      [`${c} 0`, `${a} 1`, `${b} 1`],
      [`${c} 1`, `${a} 1`, `${b} 1`],
    ];
    for (const [i, valves] of expected.entries()) {
      const what = `the state when stroke ${i + 1} of three valves is over, whose times ended one after the other,`;
      await until(start + 240 + (i + 1) * stroke + (i + 1) * 25 + 40);
      expect(await state(), what).toEqual({ total: i + 1, valves });
    }
  });

  await requirement('answers-at-once', async ({ file, give, state }) => {
    const start = await now();
    await give(`arm ${a} 100`);
    await give(`arm ${b} 60000`);
    await until(start + 100 + 60);
    await give(`arm ${c} 60000`);
    await give(`confirm ${b}`);
    await give(`confirm ${a}`);
    await give(`disarm ${b}`);
    const read = file.readAt(0, 2048);
    await expect(read, 'read() during a stroke').toFinishWithin('20ms');
    await read;
    expect(await state(), 'the state during a stroke').toEqual({ total: 0, valves: [`${a} 0`, `${c} 0`] });
  });

  await requirement('disarms-before-time', async ({ give, state }) => {
    const before = await guest.allocated(module);
    await give(`arm ${a} 100`);
    await guest.sleep('40ms');
    await give(`disarm ${a}`);
    expect(await guest.allocated(module), 'bytes the module holds after "disarm"').toBe(before);
    await guest.sleep('600ms');
    expect(await state(), 'the state 600 ms after "disarm"').toEqual({ total: 0, valves: [] });
  });

  await requirement('disarms-while-waiting', async ({ give, state }) => {
    const start = await now();
    await give(`arm ${a} 200`);
    await give(`arm ${b} 230`);
    await until(start + 200 + stroke / 2 + 30);
    await give(`disarm ${b}`);
    await until(start + 250 + stroke + 30);
    const { total, valves } = await state();
    expect(total, 'strokes, after the one that was under way').toBe(1);
    expect(valves, 'the valves').toEqual([`${a} 1`]);
    await give(`disarm ${a}`);
    await guest.sleep('600ms');
    expect((await state()).total, 'strokes when no valve is watched any more').toBe(1);
  });

  await requirement('disarms-during-a-stroke', async ({ file, give, state }) => {
    const other = await guest.task();
    const before = await guest.allocated(module);
    for (let turn = 0; turn < 2; turn++) {
      const start = await now();
      await give(`arm ${a} 100`);
      await until(start + 100 + 60);
      const disarm = file.in(other).write(`disarm ${a}`);
      await expect(disarm, '"disarm" during a stroke').toBlockFor('40ms');
      await give(`arm ${b} 60000`);
      await give(`disarm ${b}`);
      await expect(disarm, '"disarm" when the stroke is over').toFinishWithin(`${stroke}ms`);
      await disarm;
      expect(await state(), 'the state just after "disarm" during a stroke').toEqual({
        total: turn + 1,
        valves: [],
      });
    }
    expect(await guest.allocated(module), 'bytes the module holds after "disarm"').toBe(before);
    await guest.sleep('700ms');
    expect(await state(), 'the state 700 ms after "disarm"').toEqual({ total: 2, valves: [] });
  });

  await requirement(
    'gives-up',
    async ({ file, give, state }) => {
      const before = await guest.allocated(module);
      const turn = 200 + stroke;
      let start = await now();
      await give(`arm ${a} 200`);
      await until(start + turn + 80);
      expect(await state(), 'the state after the first of two tries').toEqual({
        total: 1,
        valves: [`${a} 1`],
      });
      start = await now();
      await give(`confirm ${a}`);
      await until(start + turn + 80);
      expect(await state(), 'the state after one try and a confirmation').toEqual({
        total: 2,
        valves: [`${a} 1`],
      });
      await until(start + 2 * turn + 150);
      expect(await state(), 'the state after two tries').toEqual({ total: 3, valves: [] });
      await expect(file.write(`disarm ${a}`), '"disarm" of a valve that was given up').toFail('ENOENT');
      await guest.sleep('500ms');
      expect((await state()).total, 'strokes after a valve was given up').toBe(3);
      expect(await guest.allocated(module), 'bytes the module holds then').toBe(before);
    },
    2,
  );

  await step('unloads-at-any-moment', async () => {
    const moments: { what: string; tries: number; commands: string[]; after: number }[] = [
      { what: 'while times run', tries: 0, commands: [`arm ${a} 100`, `arm ${b} 60000`], after: 30 },
      {
        what: 'during a stroke for which another valve waits',
        tries: 0,
        commands: [`arm ${a} 100`, `arm ${b} 110`, `arm ${c} 150`],
        after: 190,
      },
      { what: 'during the last try', tries: 1, commands: [`arm ${a} 100`, `arm ${b} 110`], after: 190 },
    ];
    if (guest.loaded.includes(module)) await guest.unload(module);
    await guest.load(module);
    const idle = guest.unload(module);
    await idle;
    const usual = Number(idle.duration / 1_000_000n);
    for (const { what, tries, commands, after } of moments) {
      await withPlant(async ({ give }) => {
        const start = await now();
        for (const command of commands) await give(command);
        await until(start + after);
      }, tries);
      const unload = guest.unload(module);
      await unload;
      const took = Number(unload.duration / 1_000_000n);
      const more = `more milliseconds than usual that unloading ${what} took, with strokes of ${stroke} ms,`;
      expect(took - usual, more).toBeAtMost(stroke + 60);
      expect(await guest.exists(device), `${device} after unloading`).toBe(false);
      await guest.sleep('400ms');
    }

    // A valve that is confirmed, and one that is disarmed, while it gives itself up.
    await withPlant(async ({ file, give, state }) => {
      const other = await guest.task();
      const before = await guest.allocated(module);
      for (const command of ['confirm', 'disarm']) {
        const start = await now();
        await give(`arm ${a} 100`);
        await until(start + 100 + 60);
        const call = file.in(other).write(`${command} ${a}`);
        await expect(call, `"${command}" during the last try`).toFinishWithin(`${stroke + 20}ms`);
        await call;
        await until(start + 150 + stroke + 30);
        expect((await state()).valves, `the valves after the last try, and "${command}" during it,`).toEqual(
          [],
        );
        await guest.sleep('400ms');
      }
      expect(await guest.allocated(module), 'bytes the module holds then').toBe(before);
    }, 1);
  });
});

/** On two processors: valves that come and go at the very moments at which their times end. */
export const race = check(async ({ step, guest, module }) => {
  const storm = async (tries: number): Promise<void> => {
    if (guest.loaded.includes(module)) await guest.unload(module);
    await guest.load(module, { stroke_ms: 1, tries });
    const before = await guest.allocated(module);
    const tasks = await guest.tasks(3);
    const file = await tasks[0].open(device, 'rw');
    const rowOf =
      (id: number, times: readonly number[]) =>
      (row: Row): void => {
        for (const us of times) {
          row.write(file, `arm ${id} 10`);
          row.sleep(`${us}us`);
          row.write(file, `disarm ${id}`);
        }
      };
    await guest.storm(
      { task: tasks[0], times: 12, row: rowOf(1, [9900, 12_000, 15_000, 18_000, 20_100]) },
      { task: tasks[1], times: 12, row: rowOf(2, [10_100, 13_000, 16_000, 19_000, 20_300]) },
      {
        task: tasks[2],
        times: 400,
        row: (row) => {
          row.write(file, 'confirm 1');
          row.sleep(`${1000}us`);
        },
      },
    );
    for (const valve of (await stateOf(file)).valves) await file.write(`disarm ${valve.split(' ')[0]}`);
    await guest.sleep('50ms');
    const { total } = await stateOf(file);
    await guest.sleep('100ms');
    expect(await stateOf(file), 'the state 100 ms after all valves were disarmed').toEqual({
      total,
      valves: [],
    });
    expect(await guest.allocated(module), 'bytes the module holds then').toBe(before);
    await file.close();
  };

  await step('disarms-during-a-stroke', () => storm(0));
  await step('gives-up', () => storm(1));
});
