// SPDX-License-Identifier: Apache-2.0
// The second half of the check: how commands end, and what is left then.
import { badAddress, expect, type Guest, type OpenFile, type Task } from '#bringup/lab';
import { Memory, moment, op, Ring } from './ring.ts';

export type Work = (ring: Ring, memory: Memory, other: Task) => Promise<void>;

/** What both halves use. */
export interface Kiln {
  guest: Guest;
  /** How many commands can wait. */
  waits: number;
  requirement: (id: string, work: Work, how?: { deferred?: boolean }) => Promise<void>;
  /** A measurement; gives what its record says. */
  heat: (degrees: number) => Promise<string>;
  /** A temperature that no command waits for unless it says so, and one that some do. */
  cold: () => number;
  hot: () => number;
  someTag: () => number;
  open: (task: Task) => PromiseLike<OpenFile>;
}

export async function ends(kiln: Kiln): Promise<void> {
  const { guest, waits, requirement, heat, cold, hot, someTag, open } = kiln;

  await requirement('knows-its-limit', async (ring, memory, other) => {
    const degrees = hot();
    const tag = someTag();
    const wait = { op: op.wait, degrees, tag, record: memory.at(0) };
    const all = (result: string, ids: number[]) => ids.map((id) => [id, result] as const);
    /** All places are free: so many commands wait, and one more does not. */
    const fill = async (when: string): Promise<number[]> => {
      const ids = await ring.submit(...Array.from({ length: waits + 2 }, () => wait));
      ring.completed(`of ${waits + 2} waits, ${when}`, ...all('EBUSY', ids.splice(waits)));
      return ids;
    };
    let ids = await fill('at first');
    await heat(degrees);
    ring.completed('when it was hot', ...all('0', ids));
    // These find what they wait for.
    const bad = { ...wait, record: badAddress.unmapped };
    ids = await ring.submit(wait, wait, bad, bad, wait);
    await guest.sleep(moment);
    const results = ['0', '0', 'EFAULT', 'EFAULT', '0'];
    ring.completed('when it was hot already', ...ids.map((id, i) => [id, results[i]!] as const));
    await heat(cold());
    ids = await fill('after as many have ended');
    const [forget] = await ring.submit({ op: op.forget, tag });
    await guest.sleep(moment);
    ring.completed('after forgetting', [forget!, String(waits)], ...all('ECANCELED', ids));
    const elsewhere = await Ring.on(await open(other));
    await elsewhere.submit({ ...wait, record: badAddress.unmapped }, wait);
    await elsewhere.close();
    await guest.sleep('100ms');
    ids = await fill('after a ring with two was closed');
    const [last] = await ring.submit({ op: op.forget, tag });
    await guest.sleep(moment);
    ring.completed('after forgetting', [last!, String(waits)], ...all('ECANCELED', ids));
  });

  await requirement('works-in-workers', async (ring, memory, other) => {
    const [degrees, tag] = [hot(), someTag()];
    const inWorker = true;
    const wait = { op: op.wait, degrees, tag, inWorker };
    const [a, b, c] = await ring.submit(
      { ...wait, record: memory.at(0) },
      { ...wait, degrees: degrees + 100, record: memory.at(1) },
      { ...wait, record: badAddress.unmapped },
    );
    await guest.sleep(moment);
    ring.completed('before anything was measured');
    const [read] = await ring.submit({ op: op.read, inWorker });
    await guest.sleep(moment);
    const first = ring.take();
    expect(
      first.map(({ id }) => id),
      'which commands have completed',
    ).toEqual([read!]);
    const record = await heat(degrees);
    ring.completed('when it was hot', [a!, '0'], [c!, 'EFAULT']);
    expect(await memory.record(0, other), 'the record').toBe(record);
    const [d, forget] = [
      (await ring.submit({ ...wait, record: memory.at(2) }))[0]!,
      (await ring.submit({ op: op.forget, tag, inWorker }))[0]!,
    ];
    await guest.sleep(moment);
    ring.completed('after more commands', [d, '0'], [forget, '1'], [b!, 'ECANCELED']);
    expect(await memory.record(2, other), 'the record of what was reached').toBe(record);
    await ring.submit({ ...wait, degrees: degrees + 100, record: memory.at(1) });
    await guest.sleep(moment);
  });

  await requirement('cancels', async (ring, memory, other) => {
    const degrees = hot();
    const wait = { op: op.wait, degrees, record: memory.at(0) };
    const [mine] = await ring.submit({ ...wait, record: memory.at(4) });
    const elsewhere = await Ring.on(await open(other));
    const theirs = await Memory.of(other);
    await elsewhere.submit({ ...wait, record: theirs.at(1) }, { ...wait, record: theirs.at(2) });
    const close = elsewhere.close();
    await expect(close, 'closing a ring with commands that wait').toFinishWithin('100ms');
    const victim = await guest.task({ separate: true });
    const doomed = await Ring.on(await open(victim));
    await doomed.submit(wait, { ...wait, inWorker: true }, { op: op.trim });
    await guest.sleep('5ms');
    await guest.signal(victim, 'kill');
    await guest.sleep('300ms');
    const gone = !(await guest.exists(`/proc/${victim.pid}/stat`)) || (await isDead(victim.pid));
    expect(gone, 'whether a killed process with commands that wait is gone').toBe(true);
    const record = await heat(degrees);
    ring.completed('in a ring that is still there', [mine!, '0']);
    expect(await memory.record(4, guest.main), 'its record').toBe(record);
    for (const i of [1, 2])
      expect(await theirs.record(i, guest.main), 'the record of a command of the closed ring').toBe(
        'nothing',
      );
    await theirs.free();
  });
  const isDead = async (pid: number): Promise<boolean> =>
    /^\d+ \(.*\) [ZX]/.test(await guest.readFile(`/proc/${pid}/stat`));

  await requirement(
    'ends-once',
    async (ring, memory, other) => {
      const [degrees, tag] = [hot(), someTag()];
      const wait = { op: op.wait, degrees, tag };
      // Reached, and not completed: the program has not asked.
      const [a, b] = await ring.submit(
        { ...wait, record: memory.at(0) },
        { ...wait, degrees: degrees + 1000, record: memory.at(1) },
      );
      const record = await heat(degrees);
      await heat(cold());
      const helper = await Ring.on(ring.file.in(other));
      const [forget] = await helper.submit({ op: op.forget, tag });
      await guest.sleep(moment);
      helper.completed('after forgetting when one was reached', [forget!, '1']);
      await helper.close();
      await ring.ask();
      ring.completed('after asking', [a!, '0'], [b!, 'ECANCELED']);
      expect(await memory.record(0, other), 'the record').toBe(record);

      // The same with a ring that is closed while its process is stopped and can not complete anything.
      const [third, closer] = await guest.tasks(2);
      const theirs = await Memory.of(third);
      const doomed = await Ring.on(await open(third));
      await doomed.submit(
        { ...wait, record: theirs.at(0) },
        { ...wait, record: theirs.at(1) },
        { ...wait, degrees: degrees + 1000, record: theirs.at(2) },
      );
      const signal = (number: number): PromiseLike<bigint> => closer.call('kill', [third.pid, number]);
      await signal(19); // SIGSTOP
      try {
        await guest.sleep(moment);
        await heat(degrees);
        await closer.call('close', [doomed.fd], 'close() of a ring');
        await guest.sleep(moment);
      } finally {
        await signal(18); // SIGCONT
      }
      await guest.sleep('100ms');
      await heat(degrees + 2000);
      for (let i = 0; i < 3; i++) {
        const got = await theirs.record(i, guest.main);
        expect(got, 'the record of a command of a ring that was closed').toBe('nothing');
      }
      await theirs.free();

      // Whoever ended twice gave a place back twice.
      const many = Array.from({ length: waits + 1 }, () => ({
        ...wait,
        degrees: 2 ** 31,
        record: memory.at(3),
      }));
      const ids = await ring.submit(...many);
      await ring.ask();
      ring.completed(`of ${waits + 1} waits after that`, [ids.pop()!, 'EBUSY']);
      const [last] = await ring.submit({ op: op.forget, tag });
      await ring.ask();
      const all = ids.map((id) => [id, 'ECANCELED'] as const);
      ring.completed('after forgetting them', [last!, String(waits)], ...all);
    },
    { deferred: true },
  );
}
