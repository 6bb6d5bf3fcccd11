// SPDX-License-Identifier: Apache-2.0
import { check, expect, type OpenFile, type Task } from '#bringup/lab';

const device = '/dev/belt';
const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

type Open = (task: Task, mode: 'r' | 'w' | 'rw', options?: { nonblock?: boolean }) => Promise<OpenFile>;

export default check(async ({ step, guest, module, seed }) => {
  // Odd, so never the size of a buffer that was rounded up.
  const capacity = 33 + 2 * (seed % 40);
  let made = seed % letters.length;
  /** The next `length` bytes of a row that repeats only after 62 of them. */
  const bytes = (length: number): string =>
    Array.from({ length }, () => letters[made++ % letters.length]).join('');

  /** A requirement that begins with an empty belt and a non-blocking file, and closes all files at its end. */
  const requirement = (id: string, work: (side: OpenFile, open: Open) => Promise<void>): Promise<void> =>
    step(id, async () => {
      const opened: OpenFile[] = [];
      const open: Open = async (task, mode, options = {}) => {
        const file = await task.open(device, mode, options);
        opened.push(file);
        return file;
      };
      if (!guest.loaded.includes(module)) await guest.load(module, { capacity });
      try {
        // The main task must never get stuck, so another one does what should not sleep.
        const side = await open(await guest.task(), 'rw', { nonblock: true });
        await takeAll(side);
        await work(side, open);
      } finally {
        for (const file of opened) await file.in(guest.main).close(); // its own task may be asleep
      }
    });

  await requirement('keeps-order', async (belt) => {
    // Portions that go round the buffer three times and more, and leave some bytes behind each time.
    const portion = Math.floor(capacity / 2);
    let behind = bytes(7);
    await expect(belt.write(behind)).toReturn(7);
    for (let turn = 0; turn < 7; turn++) {
      const next = bytes(portion);
      await expect(belt.write(next)).toReturn(portion);
      const all = behind + next;
      await expect(belt.read(portion), 'read() of half the belt').toReturn(all.slice(0, portion));
      behind = all.slice(portion);
    }
    await expect(belt.read(4096), 'read() of more than there is').toReturn(behind);
  });

  await requirement('is-bounded', async (belt) => {
    await expect(belt.read(1), 'non-blocking read() of the empty belt').toFail('EAGAIN');
    const all = bytes(capacity + 9);
    const write = belt.write(all);
    await expect(write, 'non-blocking write() of more than there is room for').toFinishWithin('1s');
    await expect(write, 'non-blocking write() of more than there is room for').toReturn(capacity);
    await expect(belt.write('!'), 'non-blocking write() to the full belt').toFail('EAGAIN');
    await expect(belt.read(3)).toReturn(all.slice(0, 3));
    await expect(belt.write('1234'), 'non-blocking write() of 4 bytes with room for 3').toReturn(3);
    await expect(belt.write('!'), 'non-blocking write() to the full belt').toFail('EAGAIN');
    await expect(belt.read(4096), 'read() of the full belt').toReturn(`${all.slice(3, capacity)}123`);
    await expect(belt.read(1), 'non-blocking read() of the empty belt').toFail('EAGAIN');
  });

  await requirement('reader-sleeps', async (side, open) => {
    const reader = await guest.task();
    const belt = await open(reader, 'r');
    for (let turn = 0; turn < 2; turn++) {
      const pending = belt.read(100);
      await expect(pending, 'read() of the empty belt').toBlockFor('300ms');
      // What sleeps is in nobody's way.
      const attempt = side.read(1);
      await expect(attempt, 'a non-blocking read() while a reader sleeps').toFinishWithin('1s');
      await expect(attempt, 'a non-blocking read() while a reader sleeps').toFail('EAGAIN');
      const sent = bytes(5);
      const write = side.write(sent);
      await expect(write, 'write() while a reader sleeps').toFinishWithin('1s');
      await expect(write, 'write() while a reader sleeps').toReturn(5);
      await expect(pending, 'the sleeping read() after a write').toFinishWithin('1s');
      await expect(pending, 'the sleeping read() after a write').toReturn(sent);
    }
  });

  await requirement('writer-sleeps', async (side, open) => {
    const [reader, writer] = await guest.tasks(2);
    const out = await open(reader, 'r');
    const belt = await open(writer, 'w');
    const all = bytes(2 * capacity + 5);
    const write = belt.write(all);
    await expect(write, 'write() of more than two belts').toBlockFor('300ms');
    const attempt = side.write('!');
    await expect(attempt, 'a non-blocking write() while a writer sleeps').toFinishWithin('1s');
    await expect(attempt, 'a non-blocking write() while a writer sleeps').toFail('EAGAIN');
    // Space for some more bytes is used at once, and is still not enough.
    await expect(side.read(10)).toReturn(all.slice(0, 10));
    await expect(write, 'the write() after 10 bytes were taken').toBlockFor('300ms');
    await expect(side.read(4096), 'read() of the belt that was filled up again').toReturn(
      all.slice(10, 10 + capacity),
    );
    await expect(write, 'the write() after everything was taken').toFinishWithin('1s');
    await expect(write, 'the write() of more than two belts').toReturn(all.length);
    await expect(side.read(4096), 'read() of the rest').toReturn(all.slice(10 + capacity));

    // A reader that slept first must learn of the bytes before the writer sleeps for room.
    const early = out.read(4096);
    await expect(early, 'read() of the empty belt').toBlockFor('100ms');
    const large = bytes(capacity + 4);
    const second = belt.write(large);
    await expect(early, 'the sleeping read() while a write is larger than the belt').toFinishWithin('1s');
    let got = (await early).toString();
    expect(got.length, 'how many bytes the sleeping reader got').toBeAtLeast(1);
    got += await takeAll(side);
    await expect(second, 'the write() larger than the belt, with a reader there').toFinishWithin('1s');
    await expect(second, 'the write() larger than the belt, with a reader there').toReturn(large.length);
    got += await takeAll(side);
    expect(got, 'what all reads got together').toBe(large);
  });

  await requirement('no-one-forgotten', async (side, open) => {
    const two = await guest.tasks(2);
    const ends = [await open(two[0], 'rw'), await open(two[1], 'rw')] as const;
    const asleep = (): number => two.filter((task) => task.busy).length;

    // One byte for two readers, then the second.
    let reads = [ends[0].read(1), ends[1].read(1)] as const;
    await expect(reads[0], 'the first reader').toBlockFor('100ms');
    await expect(reads[1], 'the second reader').toBlockFor('100ms');
    await side.write('1');
    await guest.sleep('300ms');
    expect(asleep(), 'how many of two readers still sleep after one byte').toBe(1);
    await side.write('2');
    await guest.sleep('300ms');
    expect(asleep(), 'how many readers still sleep after the second byte').toBe(0);
    expect(sorted(await reads[0], await reads[1]), 'what both readers got').toBe('12');

    // Two bytes at once for both.
    reads = [ends[0].read(1), ends[1].read(1)] as const;
    await expect(reads[0], 'the first reader').toBlockFor('100ms');
    await expect(reads[1], 'the second reader').toBlockFor('100ms');
    await side.write('34');
    await guest.sleep('300ms');
    expect(asleep(), 'how many of two readers still sleep after a write of two bytes').toBe(0);
    expect(sorted(await reads[0], await reads[1]), 'what both readers got').toBe('34');

    // Room for both of two writers at once.
    await side.write(bytes(capacity));
    const writes = [ends[0].write('5'), ends[1].write('6')] as const;
    await expect(writes[0], 'the first writer').toBlockFor('100ms');
    await expect(writes[1], 'the second writer').toBlockFor('100ms');
    await side.read(2);
    await guest.sleep('300ms');
    expect(asleep(), 'how many of two writers still sleep after two bytes were taken').toBe(0);
    await expect(writes[0]).toReturn(1);
    await expect(writes[1]).toReturn(1);
    const rest = (await side.read(4096)).toString();
    expect(rest.length, 'the length of what is on the belt then').toBe(capacity);
    expect([...rest.slice(-2)].sort().join(''), 'the last two bytes on the belt').toBe('56');
  });

  await requirement('sleeps-quietly', async (side, open) => {
    const sleeper = await guest.task();
    const belt = await open(sleeper, 'rw');

    const sleepsQuietly = async (what: string): Promise<void> => {
      const before = await cost();
      await guest.sleep('2s');
      const after = await cost();
      expect(after.state, `the state of ${what}`).toMatch(/^[SD]$/);
      // Being put to sleep may still be counted; being woken to look again and again is not sleeping.
      expect(after.switches - before.switches, `how often ${what} ran in 2 s`).toBeAtMost(4);
    };
    const cost = async (): Promise<{ state: string; switches: number }> => {
      const status = await guest.readFile(`/proc/${sleeper.pid}/status`);
      const counts = [...status.matchAll(/ctxt_switches:\s+(\d+)/g)].map((match) => Number(match[1]));
      return {
        state: /^State:\s+(\S)/m.exec(status)?.[1] ?? '',
        switches: counts.reduce((sum, count) => sum + count, 0),
      };
    };

    const read = belt.read(1);
    await expect(read, 'read() of the empty belt').toBlockFor('100ms');
    await sleepsQuietly('a sleeping reader');
    await side.write('x');
    await expect(read).toReturn('x');

    await side.write(bytes(capacity));
    const write = belt.write('y');
    await expect(write, 'write() to the full belt').toBlockFor('100ms');
    await sleepsQuietly('a sleeping writer');
    await side.read(1);
    await expect(write).toReturn(1);
  });

  await requirement('takes-signals', async (side, open) => {
    const sleeper = await guest.task();
    const belt = await open(sleeper, 'rw');

    const read = belt.read(10);
    await expect(read, 'read() of the empty belt').toBlockFor('100ms');
    await guest.signal(sleeper, 'restart');
    await expect(read, 'the sleeping read() after a signal with SA_RESTART').toBlockFor('200ms');
    const sent = bytes(6);
    await side.write(sent);
    await expect(read, 'the restarted read()').toReturn(sent);

    const interrupted = belt.read(10);
    await expect(interrupted, 'read() of the empty belt').toBlockFor('100ms');
    await guest.signal(sleeper, 'interrupt');
    await expect(interrupted, 'the sleeping read() after a signal').toFinishWithin('1s');
    await expect(interrupted, 'the sleeping read() after a signal').toFail('EINTR');

    const full = bytes(capacity);
    await side.write(full);
    const write = belt.write('z');
    await expect(write, 'write() to the full belt').toBlockFor('100ms');
    await guest.signal(sleeper, 'restart');
    await expect(write, 'the sleeping write() after a signal with SA_RESTART').toBlockFor('200ms');
    await guest.signal(sleeper, 'interrupt');
    await expect(write, 'the sleeping write() after a signal').toFinishWithin('1s');
    await expect(write, 'the sleeping write() after a signal').toFail('EINTR');

    // The interrupted calls have left nothing behind and taken nothing away.
    await expect(side.read(4096), 'read() of the belt after interrupted calls').toReturn(full);
    await expect(side.read(1), 'read() of the belt that is empty again').toFail('EAGAIN');
  });

  await requirement('counts-what-it-did', async (side, open) => {
    const writer = await guest.task();
    const belt = await open(writer, 'w');
    for (const kind of ['restart', 'interrupt'] as const) {
      const all = bytes(capacity + 20);
      const write = belt.write(all);
      const what = `the write() that had stored ${capacity} of ${all.length} bytes, after a signal (${kind})`;
      await expect(write, 'write() of more than the belt holds').toBlockFor('100ms');
      await guest.signal(writer, kind);
      await expect(write, what).toFinishWithin('1s');
      await expect(write, what).toReturn(capacity);
      await expect(side.read(4096), 'read() of what was stored').toReturn(all.slice(0, capacity));
      await expect(side.read(1), 'read() of the belt that is empty again').toFail('EAGAIN');
    }
  });

  await requirement('polls', async (side, open) => {
    const poller = await guest.task();
    const belt = await open(poller, 'rw');
    const both = ['in', 'out', 'rdnorm', 'wrnorm'] as const;

    await expect(side.poll(both), 'poll() of the empty belt').toReturn(['out', 'wrnorm']);
    const forBytes = belt.poll(['in'], 60_000);
    await expect(forBytes, 'poll() for bytes').toBlockFor('200ms');
    await side.write(bytes(capacity - 1));
    await expect(forBytes, 'poll() for bytes after a write').toFinishWithin('1s');
    await expect(forBytes, 'poll() for bytes after a write').toReturn(['in']);
    await expect(side.poll(both), 'poll() of a belt with bytes and room').toReturn([...both]);
    await side.write('!');
    await expect(side.poll(both), 'poll() of the full belt').toReturn(['in', 'rdnorm']);
    const forRoom = belt.poll(['out'], 60_000);
    await expect(forRoom, 'poll() for room').toBlockFor('200ms');
    await side.read(1);
    await expect(forRoom, 'poll() for room after a read').toFinishWithin('1s');
    await expect(forRoom, 'poll() for room after a read').toReturn(['out']);
  });
});

/** Takes what is on the belt, until a read fails: with EAGAIN, unless the driver is wrong in another way. */
async function takeAll(belt: OpenFile): Promise<string> {
  const parts: Buffer[] = [];
  // A belt that never gets empty is wrong too; a few reads are enough to know.
  for (let turn = 0; turn < 8; turn++) {
    try {
      const part = await belt.read(4096);
      if (part.length === 0) break;
      parts.push(part);
    } catch (error) {
      if (error instanceof Error && 'errno' in error) break;
      throw error;
    }
  }
  return Buffer.concat(parts).toString();
}

function sorted(...parts: Buffer[]): string {
  return [...Buffer.concat(parts).toString()].sort().join('');
}
