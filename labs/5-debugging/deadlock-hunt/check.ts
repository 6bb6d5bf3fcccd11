// SPDX-License-Identifier: Apache-2.0
import { check, expect, type Guest, type OpenFile, type Task } from '#bringup/lab';

const device = '/dev/loft';
const bars = 6;
const highest = 9000;
const cueMax = 8;

type Call = ReturnType<OpenFile['write']>;

interface Stage {
  /** Consoles, each a process of its own. */
  consoles: (count: number) => Promise<OpenFile[]>;
  /** Gives a command at a further console and expects that it is carried out. */
  does: (command: string) => Promise<void>;
  fails: (command: string, errno: string) => Promise<void>;
  /** The lines of the bars, and those of the cues. */
  shows: () => Promise<{ all: string[]; cues: string[] }>;
}

export default check(async ({ step, guest, module, draw }) => {
  const between = (low: number, high: number): number => low + draw(high - low + 1);

  /** A requirement that begins with all bars down, free and alone, and no cues. */
  const requirement = (id: string, work: (stage: Stage) => Promise<void>): Promise<void> =>
    step(id, async () => {
      if (!guest.loaded.includes(module)) await guest.load(module);
      const consoles: Stage['consoles'] = async (count) => {
        const files: OpenFile[] = [];
        for (const task of await guest.tasks(count)) files.push(await task.open(device, 'rw'));
        return files;
      };
      const [desk] = await consoles(1);
      const does = (command: string): Promise<void> => done(desk!.write(command), command);
      const fails = (command: string, errno: string): Promise<void> =>
        expect(desk!.write(command), `"${command}"`).toFail(errno);
      const shows: Stage['shows'] = async () => {
        const text = (await desk!.readAt(0, 4096)).toString('latin1');
        const lines = text.split('\n').slice(0, -1);
        return { all: lines.slice(0, bars), cues: lines.slice(bars) };
      };
      await does('clear');
      for (const line of (await shows()).all) {
        const [, bar, position, partner, held] = /^bar (\d) (\d+)(?: with (\d))?( held)?$/.exec(line) ?? [];
        if (held) await does(`free ${bar}`);
        if (Number(partner) > Number(bar)) await does(`uncouple ${bar}`);
        if (Number(position) > 0) await does(`go ${bar} 0`);
      }
      await work({ consoles, does, fails, shows });
    });

  await requirement('moves-bars', async ({ does, fails, shows }) => {
    const [a, b, by] = [between(100, 900), between(1000, 1500), between(200, 400)];
    const stands = async (one: string, four: string): Promise<void> => {
      const lines = [one, '0', '0', four, '0', '0'].map((line, i) => `bar ${i + 1} ${line}`);
      expect((await shows()).all, 'the bars').toEqual(lines);
    };
    await does(`go 1 ${a}`);
    await does(`go 4 ${b}\n`);
    await does(`go 4 ${b}`);
    await stands(`${a}`, `${b}`);
    await does('couple 4 1');
    await does(`go 1 ${a + by}`);
    await stands(`${a + by} with 4`, `${b + by} with 1`);
    await does(`go 4 ${b}`);
    await fails('couple 4 2', 'EBUSY');
    await fails('couple 2 1', 'EBUSY');
    // 1 would have to go below the stage, or 4 above the grid.
    await fails('go 4 0', 'ERANGE');
    await fails(`go 1 ${highest}`, 'ERANGE');
    await does('uncouple 4');
    await fails('uncouple 1', 'ENOENT');
    await does('go 4 0');
    await stands(`${a}`, '0');
  });

  await requirement('keeps-its-limits', async ({ does, fails, shows }) => {
    const wrong = {
      EINVAL: ',fly 1 5,go 1,go 0 5,go 7 5,go x 5,go 1 x,go 1 5 5,couple 2 2,free,clear 1',
      ERANGE: `go 1 ${highest + 1},cue 1 ${highest + 1},hold 1 0,hold 1 10001`,
      ENOENT: 'free 2,uncouple 3',
    };
    for (const [errno, commands] of Object.entries(wrong))
      for (const command of commands.split(',')) await fails(command, errno);
    const cues = Array.from({ length: cueMax }, (_, i) => `cue ${1 + (i % bars)} ${between(1, 99)}`);
    for (const cue of cues) await does(cue);
    await fails('cue 1 1', 'ENOSPC');
    expect((await shows()).cues, 'the cues').toEqual(cues.map((cue) => `${cue} waiting 0`));
  });

  await requirement('holds-bars', async ({ does, fails, shows }) => {
    await does('couple 2 5');
    await does('hold 5 1000');
    await fails('hold 5 400', 'EBUSY');
    await fails('go 5 10', 'EBUSY');
    await fails('go 2 10', 'EBUSY');
    expect((await shows()).all[4], 'the line of bar 5').toBe('bar 5 0 with 2 held');
    await does('go 1 10');
    await guest.sleep('1200ms');
    await does('go 2 10'); // the hold has ended by itself
    await does('hold 2 9000');
    await does('free 2');
    await does('go 2 20');
    expect((await shows()).all[4], 'the line of bar 5').toBe('bar 5 20 with 2');
  });

  await requirement('gives-cues', async ({ does, shows }) => {
    const at = between(50, 150);
    await does(`cue 3 ${at}`);
    await does(`cue 1 ${at}`);
    await does(`cue 6 ${at + 40}`);
    await does('couple 1 6');
    await does(`go 3 ${at - 1}`);
    expect((await shows()).cues, 'the cues').toEqual([
      `cue 3 ${at} waiting ${at - 1}`,
      `cue 1 ${at} waiting 0`,
      `cue 6 ${at + 40} waiting 0`,
    ]);
    await does(`go 3 ${at}`);
    await does(`go 3 ${at - 20}`); // what was given stays given
    await does(`go 6 ${at + 10}`);
    await does(`cue 3 ${at - 20}`);
    expect((await shows()).cues, 'the cues').toEqual([
      `cue 3 ${at} given ${at - 20}`,
      `cue 1 ${at} given ${at + 10}`,
      `cue 6 ${at + 40} waiting ${at + 10}`,
      `cue 3 ${at - 20} given ${at - 20}`,
    ]);
    await does('clear');
    expect((await shows()).cues, 'the cues after clear').toEqual([]);
  });

  await requirement('works-side-by-side', async ({ consoles, does, fails }) => {
    const [a, b, c, d] = await consoles(4);
    await does('couple 3 4');
    const three = [await begin(a!, 'go 1 1000'), await begin(b!, 'go 2 1000'), await begin(c!, 'go 4 1000')];
    await does('go 5 50'); // and one more beside them
    for (const one of three) await ends(one, '1200ms');
    // Somebody who waits for a bar keeps nobody from others.
    const long = await begin(a!, 'go 1 3000');
    const waiting = [await begin(b!, 'couple 2 1'), await begin(c!, 'hold 1 9000')];
    await ends(await begin(d!, 'go 3 1200'), '600ms');
    for (const one of [long, ...waiting]) await ends(one, '3s');
    await fails('go 1 0', 'EBUSY');
  });

  await requirement('waits-asleep', async ({ consoles, does }) => {
    const [a, b, c] = await consoles(3);
    const quietly = async ({ task }: OpenFile, what: string, ms: number): Promise<void> => {
      const before = await cost(guest, task);
      await guest.sleep(`${ms}ms`);
      const after = await cost(guest, task);
      expect(after.state, `the state of ${what}`).toMatch(/^[SD]$/);
      expect(after.switches - before.switches, `how often ${what} ran in ${ms} ms`).toBeAtMost(2);
    };
    const three = [await begin(a!, 'go 1 2500'), await begin(b!, 'go 1 2600'), await begin(c!, 'couple 2 1')];
    await quietly(b!, 'a command that waits for the same bar', 900);
    await quietly(c!, 'a couple that waits for one of its bars', 900);
    for (const one of three) await ends(one, '3s');
    // 1500 mm or 100 less, and 300 mm or 100 more: whoever was first above.
    for (const [braked, command, soon] of [
      [1, 'go 2 1500', '1700ms'] as const,
      [2, 'go 1 4400', '600ms'] as const,
    ]) {
      await does(`hold ${braked} 9000`);
      const before = await worked(guest, b!.task);
      const [free, go] = [await begin(a!, `free ${braked}`), await begin(b!, command)];
      await quietly(b!, 'a command that waits for the partner of its bar', 300);
      await ends(free, '1s');
      await ends(go, soon);
      const time = (await worked(guest, b!.task)) - before;
      expect(time, 'milliseconds of a processor that a command took which waited').toBeAtMost(100);
    }
  });

  await requirement('reads-while-they-move', async ({ consoles, does, shows }) => {
    const [a, b, c, d] = await consoles(4);
    /** Somebody reads while first the last bar moves, and then the first, which has a cue. */
    const meanwhile = async (low: number, high: number, commands: string[]): Promise<void> => {
      const last = await begin(a!, `go ${bars} ${high}`);
      const reading = b!.readAt(0, 4096);
      await guest.sleep('200ms');
      const first = await begin(c!, `go 1 ${low}`);
      await ends(last, '1s');
      await guest.sleep('200ms');
      // Whatever the reader waits for now, it holds up nobody.
      for (const command of commands) {
        const call = d!.write(command);
        await expect(call, `"${command}" while bar 1 moves and somebody reads`).toFinishWithin('300ms');
        await done(call, command);
      }
      await ends(first, '2s');
      await expect(reading, 'reading, when all bars have arrived,').toFinishWithin('1s');
      await reading;
    };
    await does('cue 1 400');
    await does('cue 2 100');
    await meanwhile(1500, 800, ['go 2 100', 'go 3 50', 'cue 3 20']);
    expect((await shows()).cues, 'the cues').toEqual([
      'cue 1 400 given 1500',
      'cue 2 100 given 100',
      'cue 3 20 given 50',
    ]);
    await meanwhile(0, 0, ['clear']);
    expect((await shows()).cues, 'the cues after clear').toEqual([]);
  });

  await requirement('moves-a-pair-from-both-ends', async ({ consoles, does, shows }) => {
    const [a, b, c] = await consoles(3);
    /** Two commands come while a brake keeps one of two bars busy. */
    const meet = async (braked: number, first: string, second: string): Promise<string[]> => {
      await does(`hold ${braked} 9000`);
      const free = await begin(a!, `free ${braked}`);
      const two = [await begin(b!, first), { call: c!.write(second), command: second }];
      await ends(free, '1s');
      const results: string[] = [];
      for (const { call } of two) {
        await expect(call, `one of "${first}" and "${second}", given together,`).toFinishWithin('3s');
        results.push(await outcome(call));
      }
      return results;
    };
    const [low, high] = [between(200, 400), between(500, 700)];
    await does('couple 1 2');
    for (const [braked, other] of [[2, 1] as const, [1, 2] as const]) {
      const results = await meet(braked, `go ${braked} ${low}`, `go ${other} ${high}`);
      expect(results, 'what came of both').toEqual(['done', 'done']);
      const pair = (await shows()).all.slice(0, 2);
      const where = pair[0]?.includes(` ${low} `) ? low : high;
      expect(pair, 'the lines of both').toEqual([`bar 1 ${where} with 2`, `bar 2 ${where} with 1`]);
    }
    await does('go 1 0');
    expect(await meet(2, 'uncouple 2', `go 1 ${low}`), 'what came of both').toEqual(['done', 'done']);
    expect((await shows()).all[0], 'the line of bar 1').toBe(`bar 1 ${low}`);
    for (const [braked, other] of [[5, 4] as const, [4, 5] as const]) {
      const results = await meet(braked, `couple ${braked} ${other}`, `couple ${other} ${braked}`);
      expect(results.sort(), 'what came of two couples of the same bars').toEqual(['EBUSY', 'done']);
      await does(`uncouple ${braked}`);
    }
  });

  await requirement('frees-at-the-last-moment', async ({ consoles, does, fails }) => {
    const [a, b] = await consoles(2);
    await does('hold 6 1000');
    await guest.sleep('700ms');
    const free = await begin(a!, 'free 6'); // until after the hold would have ended by itself
    const hold = await begin(b!, 'hold 6 3000');
    await ends(free, '1s');
    await ends(hold, '500ms');
    await guest.sleep('1s');
    await fails('go 6 10', 'EBUSY');
    await guest.sleep('2500ms');
    await does('go 6 10');
  });

  await step('unloads-while-held', async () => {
    if (!guest.loaded.includes(module)) await guest.load(module);
    const desk = await (await guest.task()).open(device, 'w');
    await done(desk.write('hold 3 600'), 'hold 3 600');
    await done(desk.write('cue 3 5'), 'cue 3 5');
    await desk.close();
    await guest.unload(module);
    await guest.sleep('1s');
  });
});

/** Gives a command that must still be under way 50 ms later. */
async function begin(desk: OpenFile, command: string): Promise<{ call: Call; command: string }> {
  const call = desk.write(command);
  await expect(call, `"${command}"`).toBlockFor('50ms');
  return { call, command };
}

/** It is carried out, within that time from now. */
async function ends(
  { call, command }: { call: Call; command: string },
  limit: `${number}${'s' | 'ms'}`,
): Promise<void> {
  await expect(call, `"${command}"`).toFinishWithin(limit);
  await done(call, command);
}

async function done(call: Call, command: string): Promise<void> {
  expect(await outcome(call), `what came of "${command.trim()}"`).toBe('done');
}

/** 'done', or the name of the error. */
async function outcome(call: Call): Promise<string> {
  try {
    await call;
    return 'done';
  } catch (error) {
    if (error instanceof Error && 'errno' in error) return String(error.errno);
    throw error;
  }
}

async function cost(guest: Guest, task: Task): Promise<{ state: string; switches: number }> {
  const status = await guest.readFile(`/proc/${task.pid}/status`);
  const counts = [...status.matchAll(/ctxt_switches:\s+(\d+)/g)].map((match) => Number(match[1]));
  return {
    state: /^State:\s+(\S)/m.exec(status)?.[1] ?? '',
    switches: counts.reduce((sum, count) => sum + count, 0),
  };
}

/** Milliseconds of a processor that a task has had, in steps of 10. */
async function worked(guest: Guest, task: Task): Promise<number> {
  const stat = await guest.readFile(`/proc/${task.pid}/stat`);
  const [user, system] = stat.slice(stat.lastIndexOf(')')).split(' ').slice(12, 14);
  return (Number(user) + Number(system)) * 10;
}
