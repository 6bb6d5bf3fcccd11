// SPDX-License-Identifier: Apache-2.0
import { badAddress, check, expect, type OpenFile, type Task } from '#bringup/lab';
import { ends, type Work } from './ends.ts';
import { Memory, moment, op, Ring } from './ring.ts';

const device = '/dev/kiln';
const parameters = '/sys/module/kiln/parameters';

export default check(async ({ step, guest, module, draw }) => {
  const waits = 5 + draw(6);
  let measured = 0;
  /** A temperature that no command waits for unless it says so. */
  const cold = (): number => 20 + draw(80);
  const hot = (): number => 900 + draw(300);
  const someTag = (): number => 1 + draw(2 ** 31);

  const load = async (): Promise<void> => {
    await guest.load(module, { waits });
    measured = 0;
  };
  const set = (name: string, value: number): Promise<void> =>
    guest.writeFile(`${parameters}/${name}`, String(value));
  let fire: OpenFile | undefined;
  /** A measurement; gives what its record says. */
  const heat = async (degrees: number): Promise<string> => {
    await fire!.write(String(degrees));
    measured++;
    await guest.sleep(moment);
    return `${degrees} degrees, number ${measured}`;
  };
  const open = (task: Task): PromiseLike<OpenFile> => task.open(device, 'rw');

  /** A requirement: the module, a cold kiln, and a process with a ring and memory. */
  const requirement = (id: string, work: Work, how: { deferred?: boolean } = {}): Promise<void> =>
    step(id, async () => {
      if (!guest.loaded.includes(module)) await load();
      fire = await guest.main.open(`${parameters}/heat`, 'w');
      const [task, other] = await guest.tasks(2);
      const memory = await Memory.of(task);
      const file = await open(task);
      if (id !== 'answers') await heat(cold());
      const ring = await Ring.on(file, how.deferred);
      try {
        await work(ring, memory, other);
      } finally {
        if (!task.busy && !task.dead) {
          // A kernel of this age warns when such a ring is closed with commands in it.
          if (how.deferred) {
            await heat(2 ** 32 - 1);
            await ring.ask();
          }
          await ring.close();
          await memory.free();
        }
        await guest.sleep(moment);
      }
    });

  await requirement('answers', async (ring) => {
    const [early] = await ring.submit({ op: op.read });
    ring.completed('after reading before the first measurement', [early!, 'ENODATA']);
    for (const degrees of [0, hot(), cold()]) {
      await heat(degrees);
      const [id] = await ring.submit({ op: op.read });
      ring.completed('after reading', [id!, String(degrees)]);
    }
    const wrong = [
      { op: op.read, tag: 1 },
      { op: op.read, degrees: 1 },
      { op: op.trim, record: 1n },
      { op: op.forget, tag: 7, degrees: 1 },
      { op: op.forget, tag: 7, record: 1n << 40n },
    ];
    const ids = await ring.submit(...wrong, { op: 0x4b05 }, { op: 0x4102 }, { op: op.forget, tag: 7 });
    await guest.sleep(moment);
    const errors = [...wrong.map(() => 'EINVAL'), 'ENOTTY', 'ENOTTY', 'ENOENT'];
    ring.completed('after commands that must be refused', ...ids.map((id, i) => [id, errors[i]!] as const));
  });

  await requirement('waits', async (ring, memory, other) => {
    const [low, high] = [300 + draw(100), 500 + draw(100)];
    const [a, b, c] = await ring.submit(
      { op: op.wait, degrees: high, record: memory.at(0) },
      { op: op.wait, degrees: low, record: memory.at(1) },
      { op: op.wait, degrees: high + 1, record: memory.at(2) },
    );
    await guest.sleep(moment);
    ring.completed('before anything was measured');
    await heat(low - 1);
    ring.completed('when it was one degree too cold');
    const first = await heat(low);
    ring.completed('at the temperature of the second command', [b!, '0']);
    await heat(low + 1);
    ring.completed('between the temperatures', ...[]);
    const second = await heat(high);
    ring.completed('at the temperature of the first command', [a!, '0']);
    const [now] = await ring.submit({ op: op.wait, degrees: high, record: memory.at(3) });
    await guest.sleep(moment);
    ring.completed('after waiting for what is reached', [now!, '0']);
    await heat(cold());
    ring.completed('when it was cold again');
    const third = await heat(high + 100);
    ring.completed('when it was hot', [c!, '0']);
    const wanted = [second, first, third, second];
    for (const [i, record] of wanted.entries())
      expect(await memory.record(i, other), `record ${i + 1}`).toBe(record);
  });

  await requirement('stores-at-home', async (ring, memory, other) => {
    // The same address, in the memory of two processes, is two places.
    const theirs = await Memory.of(other);
    const elsewhere = await Ring.on(await open(other));
    const degrees = hot();
    const [mine] = await ring.submit({ op: op.wait, degrees, record: memory.at(5) });
    const [their, bad, kernel] = await elsewhere.submit(
      { op: op.wait, degrees, record: theirs.at(9) },
      { op: op.wait, degrees, record: badAddress.unmapped },
      { op: op.wait, degrees, record: badAddress.kernel },
    );
    // The interrupt comes while a third process runs.
    const record = await heat(degrees);
    ring.completed('when it was hot', [mine!, '0']);
    elsewhere.completed('in another process', [their!, '0'], [bad!, 'EFAULT'], [kernel!, 'EFAULT']);
    const [now] = await ring.submit({ op: op.wait, degrees, record: badAddress.unmapped });
    await guest.sleep(moment);
    ring.completed('after waiting for what is reached, with a bad address', [now!, 'EFAULT']);
    await elsewhere.close();
    expect(await memory.record(5, guest.main), 'the record of one process').toBe(record);
    expect(await theirs.record(9, guest.main), 'the record of the other').toBe(record);
    await theirs.free();
  });

  await requirement(
    'keeps-what-it-was-told',
    async (ring, memory, other) => {
      const [degrees, tag] = [hot(), someTag()];
      const [a, b] = await ring.submit(
        { op: op.wait, degrees, tag, record: memory.at(1) },
        { op: op.wait, degrees: degrees + 1000, tag, record: memory.at(2) },
      );
      ring.overwrite(0xff);
      const record = await heat(degrees);
      await heat(degrees + 500);
      await heat(cold());
      await ring.ask();
      ring.completed('when it had been hot, then hotter, then cold', [a!, '0']);
      expect(await memory.record(1, other), 'the record').toBe(record);
      const [forget] = await ring.submit({ op: op.forget, tag });
      ring.overwrite(0);
      await ring.ask();
      ring.completed(
        'after forgetting a command whose entry was overwritten',
        [b!, 'ECANCELED'],
        [forget!, '1'],
      );
      expect(await memory.record(2, other), 'the record of a forgotten command').toBe('nothing');
    },
    { deferred: true },
  );

  await requirement('never-blocks', async (ring, memory, other) => {
    const deviation = draw(1000);
    await set('trim_ms', 100);
    await set('deviation', deviation);
    const degrees = hot();
    const [first, read, second, wait] = await ring.submit(
      { op: op.trim },
      { op: op.read },
      { op: op.trim },
      { op: op.wait, degrees, record: memory.at(0) },
    );
    const elsewhere = await Ring.on(await open(other));
    const [quick] = await elsewhere.submit({ op: op.read });
    const now = ring.take().map(({ id }) => id);
    expect(now, 'which commands have completed while the first is trimming').toEqual([read!]);
    elsewhere.take();
    expect(quick, 'the number of the command').toBe(1);
    await heat(degrees);
    ring.completed('while trimming', [wait!, '0']);
    await guest.sleep('400ms');
    ring.completed('after some time', [first!, String(deviation)], [second!, String(deviation)]);
    await elsewhere.close();
  });

  await requirement('takes-no-thread', async (_ring, _memory, other) => {
    const task = await guest.task({ separate: true });
    const memory = await Memory.of(task);
    const ring = await Ring.on(await open(task));
    const degrees = hot();
    const wait = { op: op.wait, degrees, record: memory.at(0) };
    const ids = await ring.submit(wait, wait, wait, wait);
    await guest.sleep('50ms');
    const status = await other.readFile(`/proc/${task.pid}/status`);
    const threads = /Threads:\s*(\d+)/.exec(status)?.[1];
    expect(threads, 'threads of a process of which four commands wait').toBe('1');
    await heat(degrees);
    ring.completed('when it was hot', ...ids.map((id) => [id, '0'] as const));
  });

  await requirement('forgets', async (ring, memory, other) => {
    const [tag, another] = [someTag(), someTag()];
    const degrees = hot();
    const wait = (tag: number, index: number) => ({ op: op.wait, degrees, tag, record: memory.at(index) });
    const [a, b, c] = await ring.submit(wait(tag, 0), wait(another, 1), wait(tag, 2));
    // Another ring for the same open file, and one for another.
    const file = await open(other);
    const elsewhere = await Ring.on(file);
    const [none] = await elsewhere.submit({ op: op.forget, tag });
    await guest.sleep(moment);
    elsewhere.completed('after forgetting what another open file has', [none!, 'ENOENT']);
    ring.completed('after that');
    await elsewhere.close();
    const third = await guest.task();
    const same = await Ring.on(ring.file.in(third));
    const [forget] = await same.submit({ op: op.forget, tag });
    await guest.sleep(moment);
    same.completed('after forgetting', [forget!, '2']);
    ring.completed('after forgetting by another process', [a!, 'ECANCELED'], [c!, 'ECANCELED']);
    const [again, last] = await ring.submit({ op: op.forget, tag }, { op: op.forget, tag: another });
    await guest.sleep(moment);
    ring.completed('after forgetting more', [again!, 'ENOENT'], [last!, '1'], [b!, 'ECANCELED']);
    await heat(degrees);
    ring.completed('when it was hot');
    for (let i = 0; i < 3; i++)
      expect(await memory.record(i, guest.main), 'the record of a forgotten command').toBe('nothing');
    await same.close();
  });

  await ends({
    guest,
    waits,
    requirement,
    heat,
    cold,
    hot,
    someTag,
    open,
  });

  await step('stays-while-needed', async () => {
    if (!guest.loaded.includes(module)) await load();
    const task = await guest.task();
    const memory = await Memory.of(task);
    const file = await open(task);
    const ring = await Ring.on(file);
    await guest.writeFile(`${parameters}/heat`, String(cold()));
    await ring.submit({ op: op.wait, degrees: 2 ** 31, record: memory.at(0) });
    await file.close();
    await expect(guest.unload(module), 'unloading while a command waits').toFail('EAGAIN', 'EBUSY');
    await ring.close();
    await memory.free();
    await guest.sleep('100ms');
    await guest.unload(module);
    for (const wrong of [0, 1025])
      await expect(guest.load(module, { waits: wrong }), `loading with waits=${wrong}`).toFail('EINVAL');
  });
});
