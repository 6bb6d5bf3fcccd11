// SPDX-License-Identifier: Apache-2.0
import { check, expect, SyscallError, type OpenFile, type Task } from '#bringup/lab';

const node = '/dev/capsule';
const parameters = '/sys/module/capsule/parameters';
const directFlag = 0o40000n; // O_DIRECT, for F_SETFL
const dataSync = 2; // RWF_DSYNC
const getSize = 0x80081272; // BLKGETSIZE64
const getBlockSize = 0x1268; // BLKSSZGET
/** The block layer looks for requests that take too long about once in a second. */
const timeoutSlack = 3000;
const versions = 25;

type Call = ReturnType<Task['call']>;

export default check(async ({ step, guest, module, seed, draw }) => {
  const [blockSize, most, segments] = (
    [
      [1024, 11, 5],
      [2048, 8, 4],
      [4096, 5, 2],
    ] as const
  )[draw(3)]!;
  const facts = {
    block_size: blockSize,
    blocks: Math.floor(300_000 / blockSize) + draw(29),
    slots: 2 + draw(4),
    segments: segments + draw(3),
    most: most + draw(3),
    patience_ms: 300 + draw(400),
  };

  /** What blocks hold in a version: another thing in each block, version and attempt. */
  const contents = (first: number, count: number, version: number): Buffer => {
    const bytes = Buffer.alloc(count * blockSize);
    for (let i = 0; i < count; i++) {
      let state = (seed ^ Math.imul(first + i + 1, 0x9e3779b1) ^ Math.imul(version, 0x85ebca6b)) >>> 0;
      for (let at = 0; at < blockSize; at += 4) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        bytes.writeUInt32LE(state, i * blockSize + at);
      }
    }
    return bytes;
  };
  /** Which version of those that were written there some time it is. */
  const which = (bytes: Buffer, block: number): string => {
    for (let version = 1; version <= versions; version++)
      if (bytes.equals(contents(block, 1, version))) return `contents ${version}`;
    return bytes.every((byte) => byte === 0) ? 'zeros' : 'something else';
  };
  const same = (bytes: Buffer, first: number, version: number, when: string): void => {
    for (let i = 0; i * blockSize < bytes.length; i++) {
      const got = which(bytes.subarray(i * blockSize, (i + 1) * blockSize), first + i);
      expect(got, `what block ${first + i} has, ${when},`).toBe(`contents ${version}`);
    }
  };

  const normal: Record<string, number> = {
    delay_us: 1000,
    portion: 0,
    bad_block: -1,
    busy: 0,
    lose: 0,
    late: 0,
  };
  const changed = new Set<string>();
  const set = async (name: string, value: number): Promise<void> => {
    if (name in normal) changed.add(name);
    await guest.writeFile(`${parameters}/${name}`, String(value));
  };
  const told = async (name: string): Promise<number> => Number(await guest.readFile(`${parameters}/${name}`));

  const loaded = async (): Promise<void> => {
    if (!guest.loaded.includes(module)) await guest.load(module, facts);
  };
  /** A requirement with the disk open past the page cache, and a controller without faults. */
  const requirement = (id: string, work: (disk: OpenFile) => Promise<void>): Promise<void> =>
    step(id, async () => {
      await loaded();
      for (const name of changed) await set(name, normal[name]!);
      changed.clear();
      const task = await guest.task();
      const disk = await task.open(node, 'rw');
      await task.call('fcntl', [disk.fd, 4, directFlag], `fcntl(O_DIRECT) on ${node}`);
      await work(disk);
    });

  const say = (what: string, first: number, count: number): string =>
    `${what} of ${count === 1 ? `block ${first}` : `blocks ${first} to ${first + count - 1}`}`;
  const pwrite = (disk: OpenFile, first: number, count: number, version: number, skew = 0): Call => {
    const [, address] = disk.task.buffers(Buffer.alloc(skew), contents(first, count, version));
    const args = [disk.fd, address!, count * blockSize, first * blockSize];
    return disk.task.call('pwrite64', args, say('pwrite()', first, count));
  };
  const write = (disk: OpenFile, first: number, count: number, version: number): Promise<void> =>
    expect(pwrite(disk, first, count, version)).toReturn(count * blockSize);
  const pread = (disk: OpenFile, first: number, count: number): ReturnType<OpenFile['read']> =>
    disk.readAt(first * blockSize, count * blockSize);
  const holds = async (
    disk: OpenFile,
    first: number,
    count: number,
    version: number,
    when: string,
  ): Promise<void> => same(await pread(disk, first, count), first, version, when);
  const fsync = (disk: OpenFile): Call => disk.task.call('fsync', [disk.fd], `fsync() of ${node}`);

  /** The places of blocks that are not neighbors, so that no two of them become one request. */
  const apart = (i: number): number => 1 + 3 * i;
  /** So many processes write a block each at one moment; gives what became of each. */
  const writeAtOnce = async (
    disk: OpenFile,
    count: number,
    version: number,
    within: `${number}ms` = '1000ms',
  ): Promise<string[]> => {
    const tasks = await guest.tasks(count);
    const calls = tasks.map((task, i) => pwrite(disk.in(task), apart(i), 1, version));
    const results: string[] = [];
    for (const call of calls) {
      await expect(call, `${call.what}, one of ${count} at once,`).toFinishWithin(within);
      results.push(await call.then(String, (error: unknown) => errnoOf(error)));
    }
    return results;
  };
  /** The same, and all must succeed and have written. */
  const allAtOnce = async (
    disk: OpenFile,
    count: number,
    version: number,
    within?: `${number}ms`,
  ): Promise<void> => {
    const results = await writeAtOnce(disk, count, version, within);
    expect(results, `the results of ${count} writes at once`).toEqual(results.map(() => String(blockSize)));
    for (let i = 0; i < count; i++)
      await holds(disk, apart(i), 1, version, `one of ${count} written at once`);
  };

  await requirement('describes-itself', async (disk) => {
    const size = (await disk.ioctl(getSize, Buffer.alloc(8))).data.readBigUInt64LE();
    expect(size, 'the size of the disk in bytes').toBe(facts.blocks * blockSize);
    const block = (await disk.ioctl(getBlockSize, Buffer.alloc(4))).data.readUInt32LE();
    expect(block, 'the size of a block').toBe(blockSize);
    for (const [name, value] of Object.entries({ write_cache: 'write back', fua: '1' })) {
      const text = await guest.readFile(`/sys/block/capsule/queue/${name}`);
      expect(text.trim(), `queue/${name}`).toBe(value);
    }
  });

  await requirement('keeps-data', async (disk) => {
    const [first, count, last] = [draw(7), 2 * facts.most + 1, facts.blocks - 1];
    await write(disk, first, count, 1);
    await write(disk, last, 1, 1);
    await write(disk, first + 2, 1, 2);
    await holds(disk, first, 2, 1, 'after a large write');
    await holds(disk, first + 2, 1, 2, 'written by itself');
    await holds(disk, first + 3, count - 3, 1, 'after a large write');
    await holds(disk, last, 1, 1, 'the last one');
    await expect(pwrite(disk, first, count, 3, 512)).toReturn(count * blockSize);
    await holds(disk, first, count, 3, 'written from memory that begins in the middle of a page');

    // From and to memory in more pieces than a command takes.
    const pieces = facts.segments + 2;
    const [memory, table] = [Buffer.alloc(2 * pieces * blockSize), Buffer.alloc(16 * pieces)];
    for (let i = 0; i < pieces; i++) {
      contents(first + i, 1, 4).copy(memory, 2 * i * blockSize);
      table.writeBigUInt64LE(disk.task.arena.start + BigInt(2 * i * blockSize), 16 * i);
      table.writeBigUInt64LE(BigInt(blockSize), 16 * i + 8);
    }
    const [start, vector] = disk.task.buffers(memory, table);
    const args = [disk.fd, vector!, pieces, first * blockSize, 0];
    await expect(disk.task.call('pwritev', args), `pwritev() of ${pieces} pieces`).toReturn(
      pieces * blockSize,
    );
    await holds(disk, first, pieces, 4, 'written from memory in pieces');
    disk.task.buffers(Buffer.alloc(memory.length), table);
    await expect(disk.task.call('preadv', args), `preadv() of ${pieces} pieces`).toReturn(pieces * blockSize);
    for (let i = 0; i < pieces; i++) {
      const bytes = disk.task.bytes(start! + BigInt(2 * i * blockSize), blockSize);
      same(bytes, first + i, 4, 'read to memory in pieces');
    }
  });

  await requirement('moves-the-rest', async (disk) => {
    const [first, count] = [3 + draw(5), facts.most + 2];
    await set('portion', 2 + draw(3));
    const call = pwrite(disk, first, count, 5);
    await expect(call, 'pwrite() by commands that move a few blocks each').toFinishWithin('1s');
    await expect(call).toReturn(count * blockSize);
    await set('portion', 0);
    await holds(disk, first, count, 5, 'written by commands that move a few blocks each');
    await set('portion', 1);
    await holds(disk, first, count, 5, 'read by commands that move one block each');
  });

  await requirement('flushes', async (disk) => {
    const [first, count] = [11, 3];
    await write(disk, first, count, 6);
    await expect(fsync(disk)).toReturn(0);
    await write(disk, first, count, 7);
    await set('power_cut', 1);
    await holds(disk, first, count, 6, 'after a power cut before fsync()');
    await write(disk, first, count, 8);
    await expect(fsync(disk)).toReturn(0);
    await set('power_cut', 1);
    await holds(disk, first, count, 8, 'after fsync() and a power cut');
  });

  await requirement('forces', async (disk) => {
    const [plain, first, count] = [2, 9, facts.most + 2];
    await write(disk, plain, 1, 9);
    await write(disk, first, count, 9);
    await expect(fsync(disk)).toReturn(0);
    await write(disk, plain, 1, 10);
    const before = await told('flushes');
    await set('portion', 3);
    await forcedWrite(disk, first * blockSize, contents(first, count, 11));
    expect(await told('flushes'), 'flushes carried out, after a forced write').toBe(before);
    await set('power_cut', 1);
    await holds(disk, first, count, 11, 'after a forced write and a power cut');
    await holds(disk, plain, 1, 9, 'not forced, after a power cut');
  });

  await requirement('fails-alone', async (disk) => {
    const [first, count] = [4, facts.most];
    const bad = first + 1 + draw(count - 2);
    await write(disk, first, count, 12);
    await set('bad_block', bad);
    await expect(pread(disk, first, count), `${say('pread()', first, count)} with a bad block`).toFail(
      'ENODATA',
    );
    await expect(pwrite(disk, first, count, 13), `${say('pwrite()', first, count)} with a bad block`).toFail(
      'ENODATA',
    );
    await set('bad_block', apart(1));
    const good = String(blockSize);
    const results = await writeAtOnce(disk, 3, 14);
    expect(results, 'the results of three writes at once, the second of a bad block').toEqual([
      good,
      'ENODATA',
      good,
    ]);
    await set('bad_block', -1);
    await holds(disk, bad, 1, bad === apart(2) ? 14 : 12, 'which was bad for a while');
    await holds(disk, apart(0), 1, 14, 'written beside a bad block');
  });

  await requirement('asks-again', async (disk) => {
    for (const refused of [1, 3]) {
      await set('busy', refused);
      const call = pwrite(disk, 6, 2, 15 + refused);
      await expect(call, 'pwrite() to a busy controller').toFinishWithin('1s');
      await expect(call, 'pwrite() to a busy controller').toReturn(2 * blockSize);
      await holds(disk, 6, 2, 15 + refused, 'written to a busy controller');
    }
    await set('busy', facts.slots + 2);
    await allAtOnce(disk, facts.slots, 17);
  });

  await requirement('uses-all-slots', async (disk) => {
    await set('delay_us', 100_000);
    await set('peak', 0);
    await allAtOnce(disk, 2 * facts.slots, 19);
    expect(await told('peak'), `the most commands under way, of ${2 * facts.slots} at once,`).toBe(
      facts.slots,
    );
  });

  await requirement('ends-at-once', async (disk) => {
    await set('delay_us', 0);
    await write(disk, 8, 3, 20);
    await holds(disk, 8, 3, 20, 'written by a command that ended at once');
    await expect(fsync(disk)).toReturn(0);
    await allAtOnce(disk, facts.slots, 21);
  });

  const limit = `${facts.patience_ms + timeoutSlack}ms` as const;

  await requirement('times-out', async (disk) => {
    await write(disk, 5, 2, 22);
    await set('lose', 1);
    const lost = pread(disk, 5, 2);
    await expect(lost, 'pread() whose command is lost').toBlockFor(`${facts.patience_ms - 10}ms`);
    await expect(lost, 'pread() whose command is lost').toFinishWithin(limit);
    await expect(lost, 'pread() whose command is lost').toFail('ETIMEDOUT');
    await holds(disk, 5, 2, 22, 'read after a command was lost');
    await set('lose', 1);
    const results = (await writeAtOnce(disk, facts.slots, 23, limit)).filter(
      (result) => result !== String(blockSize),
    );
    expect(results, `how those failed of ${facts.slots} writes at once, one of which is lost,`).toEqual([
      'ETIMEDOUT',
    ]);
    await set('lose', 1);
    await expect(fsync(disk), 'fsync() whose flush is lost').toFail('ETIMEDOUT');
    await expect(fsync(disk), 'fsync() after one whose flush was lost').toReturn(0);
  });

  await requirement('ends-once', async (disk) => {
    await set('late', 1);
    const call = pwrite(disk, 7, 2, 24);
    await expect(call, 'pwrite() whose command ends late').toFinishWithin(limit);
    await expect(call, 'pwrite() whose command ends late').toReturn(2 * blockSize);
    await holds(disk, 7, 2, 24, 'written by a command that ended late');
    await set('late', 1);
    await allAtOnce(disk, 2 * facts.slots, 25, limit);
    await set('delay_us', 3000 * facts.patience_ms);
    const slow = pread(disk, 7, 1);
    await expect(slow, 'pread() of a slow command').toBlockFor(`${2 * facts.patience_ms}ms`);
    await expect(slow, 'pread() of a slow command').toFinishWithin(limit);
    same(await slow, 7, 25, 'read by a slow command');
  });

  await step('lets-go', async () => {
    await loaded();
    const disk = await (await guest.task()).open(node, 'r');
    await expect(guest.unload(module), 'unloading while the disk is open').toFail('EAGAIN', 'EBUSY');
    await disk.close();
    await guest.unload(module);
    expect(await guest.exists(node), `${node} after unloading`).toBe(false);
  });
});

function errnoOf(error: unknown): string {
  if (error instanceof SyscallError) return error.errno;
  throw error;
}

/** A forced write without the flush that pwritev2() would add: io_submit() leaves it to the disk alone. */
async function forcedWrite({ task, fd }: OpenFile, offset: number, data: Buffer): Promise<void> {
  const [address, context, list, control, event] = task
    .buffers(
      data,
      Buffer.alloc(8),
      Buffer.alloc(8),
      Buffer.alloc(64), // struct iocb
      Buffer.alloc(32), // struct io_event
    )
    .map(Number);
  const [pointer, iocb] = [Buffer.alloc(8), Buffer.alloc(64)];
  pointer.writeBigUInt64LE(BigInt(control!));
  iocb.writeInt32LE(dataSync, 12);
  iocb.writeUInt16LE(1, 16); // IOCB_CMD_PWRITE
  iocb.writeUInt32LE(Number(fd), 20);
  [address!, data.length, offset].forEach((value, i) => iocb.writeBigUInt64LE(BigInt(value), 24 + 8 * i));
  task.buffers(data, Buffer.alloc(8), pointer, iocb, Buffer.alloc(32));
  await task.call('io_setup', [1, context!], 'io_setup()');
  const ring = task.bytes(BigInt(context!), 8).readBigUInt64LE();
  await task.call('io_submit', [ring, 1, list!], 'io_submit() of a forced write');
  await expect(
    task.call('io_getevents', [ring, 1, 1, event!, 0]),
    'io_getevents() for a forced write',
  ).toReturn(1);
  const result = task.bytes(BigInt(event!), 32).readBigInt64LE(16);
  await task.call('io_destroy', [ring], 'io_destroy()');
  expect(result, 'the result of a forced write').toBe(data.length);
}
