// SPDX-License-Identifier: Apache-2.0
import { check, expect, type OpenFile, type Task } from '#bringup/lab';

const node = '/tmp/recorder';
const characterDevice = 0o020600;
const merge = 0x5201;
const clear = 0x5202;
const sessionsMax = 4;
const recordsMax = 8;
const letters = 'abcdefghijklmnopqrstuvwxyz0123456789';

export default check(async ({ step, guest, faults, module, seed }) => {
  // Contents of this attempt. Long enough that all records together need other memory than one.
  let made = seed % 1000;
  const record = (): string => {
    const length = 180 + ((seed + made * 7) % 70);
    made++;
    return Array.from({ length }, (_, i) => letters[(i * i + made) % letters.length]).join('');
  };

  const major = async (): Promise<number | undefined> => {
    const found = /^ *(\d+) recorder$/m.exec(await guest.readFile('/proc/devices'));
    return found ? Number(found[1]) : undefined;
  };

  const { main } = guest;
  const pathOf = (path: string): bigint => main.buffers(Buffer.from(`${path}\0`))[0]!;
  let nodeMajor: number | undefined;

  /** Makes the device node, as the one who installs the driver does. */
  const makeNode = async (): Promise<void> => {
    const number = await major();
    expect(number !== undefined, 'recorder being in /proc/devices after loading').toBe(true);
    if (number === undefined || number === nodeMajor) return;
    if (nodeMajor !== undefined) await main.call('unlink', [pathOf(node)]);
    await main.call('mknod', [pathOf(node), characterDevice, number << 8], `mknod() of ${node}`);
    nodeMajor = number;
  };

  /** Loads the module and makes its node, unless an earlier requirement has left it loaded. */
  const ready = async (): Promise<void> => {
    if (!guest.loaded.includes(module)) await guest.load(module);
    await makeNode();
  };

  // Files that are open. No allocation fails for the task that opens them.
  const opened = new Set<OpenFile>();
  const open = async (task: Task, mode: 'r' | 'rw' = 'rw'): Promise<OpenFile> => {
    const file = await task.open(node, mode);
    opened.add(file);
    return file;
  };
  const close = async (file: OpenFile): Promise<void> => {
    opened.delete(file);
    await file.close();
  };

  /** A requirement with a task of its own for what must not get the main task stuck; closes all files at its end. */
  const requirement = (id: string, work: (helper: Task) => Promise<void>): Promise<void> =>
    step(id, async () => {
      try {
        await work(await guest.task());
      } finally {
        for (const file of opened) {
          try {
            await close(file);
          } catch {
            // A driver that can't even do that has been found out by now.
          }
        }
      }
    });

  /** What the session of a file has not played back yet. */
  const playback = async (file: OpenFile): Promise<string[]> => {
    const records: string[] = [];
    while (records.length <= recordsMax) {
      const next = (await file.read(4096)).toString();
      if (next === '') break;
      records.push(next);
    }
    return records;
  };

  const useIt = async (task: Task): Promise<void> => {
    const file = await open(task);
    const data = record();
    await expect(file.write(data), 'write()').toReturn(data.length);
    expect(await playback(file), 'the journal').toEqual([data]);
    await file.ioctl(clear);
    await close(file);
  };

  /** Opens as many sessions as there may be, and closes them. */
  const fillSessions = async (task: Task): Promise<void> => {
    const files: OpenFile[] = [];
    for (let i = 0; i < sessionsMax; i++) files.push(await open(task));
    await expect(task.open(node, 'rw'), 'open() of one session too many').toFail('EBUSY');
    for (const file of files) await close(file);
  };

  await requirement('still-works', async (task) => {
    await ready();
    await fillSessions(task);
    await useIt(task);

    const file = await open(task);
    await expect(file.ioctl(merge), 'merge of an empty journal').toFail('ENODATA');
    await expect(file.write('x'.repeat(257)), 'write() of 257 bytes').toFail('EMSGSIZE');
    const records: string[] = [];
    for (let i = 0; i < recordsMax; i++) {
      records.push(record());
      await expect(file.write(records[i]!), 'write()').toReturn(records[i]!.length);
    }
    await expect(file.write('one more'), 'write() of a ninth record').toFail('ENOSPC');
    const other = await open(task, 'r');
    await expect(other.read(5), 'read() of 5 bytes of a record').toReturn(records[0]!.slice(0, 5));
    await expect(other.read(4096), 'read() of the next record').toReturn(records[1]);
    expect(await playback(file), 'the journal').toEqual(records);
    await file.ioctl(merge);
    await expect(other.read(4096), 'read() by another session of a record that was merged').toReturn('');
    await file.write('after it');
    expect(await playback(file), 'the journal after a merge').toEqual([records.join(''), 'after it']);
    await file.ioctl(clear);
    expect(await playback(file), 'the journal after it was cleared').toEqual([]);
    await close(other);
    await close(file);
  });

  await requirement('init-unwinds', async (helper) => {
    if (guest.loaded.includes(module)) await guest.unload(module);
    let refused = 0;
    await faults.everyAllocation(async (task, n) => {
      if (await lacksMemory(n, guest.load(module, {}, task))) {
        refused++;
        expect((await major()) === undefined, 'a failed load leaving nothing in /proc/devices').toBe(true);
        // The node is still there from the round before.
        await expect(helper.open(node, 'rw'), `open() of ${node} after a failed load`).toFail('ENXIO');
        return;
      }
      // Done by another task, for which no allocation fails: is everything there?
      await makeNode();
      await useIt(helper);
      await guest.unload(module, task);
      expect((await major()) === undefined, 'unloading leaving nothing in /proc/devices').toBe(true);
    });
    expect(refused, 'how many loads were refused with ENOMEM').toBeAtLeast(1);
  });

  await requirement('open-unwinds', async (helper) => {
    await ready();
    let refused = 0;
    await faults.everyAllocation(async (task, n) => {
      const attempt = task.open(node, 'rw');
      if (await lacksMemory(n, attempt)) refused++;
      else await (await attempt).close();
      await fillSessions(helper);
    });
    expect(refused, 'how many open() calls were refused with ENOMEM').toBeAtLeast(1);
  });

  await requirement('write-unwinds', async (helper) => {
    await ready();
    let refused = 0;
    const file = await open(helper);
    await faults.everyAllocation(async (task, n) => {
      const mine = file.in(task); // the one whose allocations fail
      const [first, second] = [record(), record()];
      await file.write(first);
      if (await lacksMemory(n, mine.write(second))) {
        refused++;
        expect(await playback(file), 'the journal after a failed write()').toEqual([first]);
        await expect(mine.write(second), 'the same write() once more').toReturn(second.length);
        expect(await playback(file), 'what was written after that').toEqual([second]);
      } else {
        expect(await playback(file), 'the journal').toEqual([first, second]);
      }
      await file.ioctl(clear);
    });
    expect(refused, 'how many write() calls were refused with ENOMEM').toBeAtLeast(1);
    await close(file);
  });

  await requirement('merge-unwinds', async (helper) => {
    await ready();
    const file = await open(helper);
    await faults.everyAllocation(async (task, n) => {
      const mine = file.in(task);
      const records = [record(), record(), record()];
      for (const data of records) await file.write(data);
      if (await lacksMemory(n, mine.ioctl(merge))) {
        expect(await playback(file), 'the journal after a failed merge').toEqual(records);
        expect((await mine.ioctl(merge)).ret, 'the same merge once more').toBe(0);
      }
      expect(await playback(file), 'the journal after the merge').toEqual([records.join('')]);
      await file.ioctl(clear);
    });
    await close(file);
  });
});

/** Whether the call failed for want of memory, in a round where it may; any other failure is thrown. */
async function lacksMemory(n: number, call: PromiseLike<unknown>): Promise<boolean> {
  try {
    await call;
    return false;
  } catch (error) {
    const errno = error instanceof Error && 'errno' in error ? error.errno : undefined;
    if (errno === 'ENOMEM' && n > 0) return true;
    if (error instanceof Error && errno !== undefined)
      error.message += n > 0 ? '; expected it to work or ENOMEM' : '';
    throw error;
  }
}
