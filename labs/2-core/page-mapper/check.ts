// SPDX-License-Identifier: Apache-2.0
import { check, expect, type Guest, type OpenFile, type Task } from '#bringup/lab';

const device = '/dev/sheet';
const clear = 0x7301;
const page = 4096;
const onePage = 4096n;
// Numbers of system calls that have no name in the lab interface (arch/x86/entry/syscalls/syscall_64.tbl).
const nr = { mprotect: 10, mremap: 25, vmsplice: 278, pipe2: 293, memfd_create: 319 } as const;
// PROT_READ, and with PROT_WRITE; MAP_SHARED and MAP_PRIVATE.
const [readable, writable, shared, isPrivate] = [1, 3, 1, 2];

/** A process that maps, and reaches what is mapped through a file in memory. */
class User {
  readonly task: Task;
  readonly #memfd: bigint;
  readonly #mapped = new Map<bigint, number>();

  static async in(task: Task): Promise<User> {
    const [name] = task.buffers(Buffer.from('user\0'));
    return new User(task, await task.call(nr.memfd_create, [name!, 0], 'memfd_create()'));
  }

  constructor(task: Task, memfd: bigint) {
    this.task = task;
    this.#memfd = memfd;
  }

  /** `at` and `length` in pages. */
  map(file: OpenFile, at: number, length: number, protection = writable, kind = shared) {
    const how =
      (kind === isPrivate ? 'private, ' : '') + (protection === writable ? 'for writing' : 'for reading');
    const what = `mmap() of ${length} pages at page ${at}, ${how}`;
    return this.task.call('mmap', [0, length * page, protection, kind, file.fd, BigInt(at) * 4096n], what);
  }

  /** A mapping that unmap() takes away at the end. */
  async mapped(...args: Parameters<User['map']>): Promise<bigint> {
    const start = await this.map(...args);
    this.#mapped.set(start, args[2]);
    return start;
  }

  /** A mapping that must be refused; one that was not is taken away at the end as well. */
  async refused(errors: string[], ...args: Parameters<User['map']>): Promise<void> {
    const call = this.map(...args);
    try {
      await expect(call, call.what).toFail(...errors);
    } catch (error) {
      await call.then(
        (start) => this.keep(start, args[2]),
        () => {},
      );
      throw error;
    }
  }

  keep(start: bigint, length: number): void {
    this.#mapped.set(start, length);
  }

  unmap(start: bigint, length: number) {
    if (this.#mapped.get(start) === length) this.#mapped.delete(start);
    return this.task.call('munmap', [start, length * page], 'munmap()');
  }

  /** What is at an address: two calls. */
  async peek(address: bigint, length: number): Promise<Buffer> {
    await this.load(address, length);
    const [into] = this.task.buffers(Buffer.alloc(length));
    await this.task.call('pread64', [this.#memfd, into!, length, 0]);
    return this.task.bytes(into!, length);
  }

  async shows(address: bigint, bytes: string | Buffer, what: string): Promise<void> {
    expect(await this.peek(address, bytes.length), what).toBe(bytes);
  }

  /** Stores bytes at an address: two calls. */
  async poke(address: bigint, bytes: string): Promise<void> {
    const [from] = this.task.buffers(Buffer.from(bytes));
    await this.task.call('pwrite64', [this.#memfd, from!, bytes.length, 0]);
    await this.store(address, bytes.length);
  }

  /** Only the call that reads from the mapping, or writes to it. */
  load(address: bigint, length: number) {
    return this.task.call('pwrite64', [this.#memfd, address, length, 0], 'reading from a mapping');
  }

  store(address: bigint, length: number) {
    return this.task.call('pread64', [this.#memfd, address, length, 0], 'writing to a mapping');
  }

  /** mprotect() with PROT_WRITE. */
  protect(start: bigint, length: number) {
    return this.task.call(nr.mprotect, [start, length * page, writable], 'mprotect() with PROT_WRITE');
  }

  async pipe(): Promise<readonly [bigint, bigint]> {
    const [ends] = this.task.buffers(Buffer.alloc(8));
    await this.task.call(nr.pipe2, [ends!, 0], 'pipe2()');
    const both = this.task.bytes(ends!, 8);
    return [BigInt(both.readInt32LE(0)), BigInt(both.readInt32LE(4))];
  }

  async close(...fds: bigint[]): Promise<void> {
    for (const fd of fds) await this.task.call('close', [fd]);
  }

  async leave(): Promise<void> {
    if (this.task.busy || this.task.dead) return;
    for (const [start, length] of [...this.#mapped]) await this.unmap(start, length);
    await this.close(this.#memfd);
  }
}

export default check(async ({ step, guest, faults, module, seed }) => {
  const pages = 20 + (seed % 40);
  let drawn = seed;
  const draw = (length: number): string =>
    Array.from({ length }, () => {
      drawn = (Math.imul(drawn, 1664525) + 1013904223) >>> 0;
      return String.fromCharCode(0x61 + ((drawn >>> 16) % 26));
    }).join('');
  /** A page of the sheet that is not near its ends. */
  const somewhere = (): number => 3 + ((seed >>> 5) % (pages - 10));
  const zeros = (length: number): Buffer => Buffer.alloc(length);
  const held = (): Promise<number> => allocated(guest, module);
  let clearings = 0;

  /** A requirement: a clear sheet, and two processes. */
  const requirement = (
    id: string,
    work: (file: OpenFile, user: User, other: User) => Promise<void>,
  ): Promise<void> =>
    step(id, async () => {
      if (!guest.loaded.includes(module)) {
        await guest.load(module, { pages });
        clearings = 0;
      }
      const users = [await User.in(await guest.task()), await User.in(await guest.task())] as const;
      const file = await users[0].task.open(device, 'rw');
      try {
        await cleared(file);
        await work(file, ...users);
      } finally {
        for (const user of users) await user.leave();
      }
    });
  const cleared = async (file: OpenFile): Promise<void> => {
    expect((await file.ioctl(clear)).ret, 'what the clearing ioctl returned').toBe(0);
    clearings++;
  };
  const put = async (file: OpenFile, at: number, bytes: string): Promise<void> => {
    const [from] = file.task.buffers(Buffer.from(bytes));
    const call = file.task.call('pwrite64', [file.fd, from!, bytes.length, at], `pwrite() at ${at}`);
    await expect(call).toReturn(bytes.length);
  };

  await requirement('maps-the-sheet', async (file, user) => {
    const at = somewhere();
    const [a, b] = [draw(40), draw(30)];
    await put(file, (at + 1) * page - 10, a);
    const map = await user.mapped(file, at, 3);
    await user.shows(map + BigInt(page - 10), a, 'what a mapping shows of a write() before');
    await user.poke(map + BigInt(2 * page + 7), b);
    await expect(file.readAt((at + 2) * page + 7, 30), 'read() of what was written to a mapping').toReturn(b);
    await put(file, (at + 2) * page + 9, '!?');
    await user.shows(
      map + BigInt(2 * page + 7),
      `${b.slice(0, 2)}!?${b.slice(4, 6)}`,
      'what the mapping shows of a write() after',
    );
    const whole = await user.mapped(file, 0, pages, readable);
    await user.shows(whole + BigInt((at + 2) * page + 11), b.slice(4) + '\0\0', 'another mapping');
  });

  await requirement('shares-pages', async (file, user, other) => {
    const at = somewhere();
    const text = draw(50);
    const mine = await user.mapped(file, at, 2);
    const reader = await other.task.open(device, 'r');
    const theirs = await other.mapped(reader, at - 1, 3, readable);
    await reader.close();
    await user.poke(mine + 5n, text);
    await other.shows(theirs + BigInt(page + 5), text, 'what another process sees in its mapping');
    // A mapping can be cut into two, whose parts live on.
    await user.unmap(mine, 1);
    await user.poke(mine + onePage, text);
    await other.shows(theirs + BigInt(2 * page), text, 'what another process sees of the rest');
    await other.shows(theirs + BigInt(page + 5), text, 'what was unmapped elsewhere');
    await user.unmap(mine + onePage, 1);
  });

  await requirement('keeps-to-the-sheet', async (file, user) => {
    const wrong = [
      [pages, 1],
      [pages - 1, 2],
      [1, pages],
      ...[20, 32, 40, 51].map((bits) => [2 ** bits + 1, 1]),
    ];
    for (const [at, length] of wrong) await user.refused(['EINVAL', 'EOVERFLOW'], file, at!, length!);

    const map = await user.mapped(file, pages - 2, 2);
    await user.poke(map + BigInt(2 * page - 3), 'end');
    await expect(file.readAt(pages * page - 3, 100), 'the end of the sheet').toReturn('end');
    // Longer by mremap(), which the driver is not asked about. MREMAP_MAYMOVE.
    const longer = await user.task.call(nr.mremap, [map, 2 * page, 40 * page, 1], 'mremap()').then(
      (start) => start,
      () => undefined,
    );
    if (longer === undefined) return;
    user.keep(longer, 40);
    for (const beyond of [2, 3, 39]) {
      const access = user.load(longer + BigInt(beyond * page), 8);
      await expect(access, `reading ${beyond - 1} pages behind the sheet`).toFail('EFAULT');
    }
    await user.unmap(longer, 40);
  });

  await requirement('guards-the-head', async (file, user) => {
    const count = Buffer.alloc(8);
    count.writeUInt32LE(clearings);
    await user.refused(['EPERM'], file, 0, 1);
    await user.refused(['EPERM'], file, 0, 3);
    const head = await user.mapped(file, 0, 3, readable);
    await user.shows(head, count, 'the beginning of the head');
    for (const length of [1, 3]) {
      const what = `mprotect() with PROT_WRITE of ${length} pages from the head on`;
      await expect(user.protect(head, length), what).toFail('EACCES');
    }
    await expect(user.protect(head + onePage, 1), 'mprotect() of the rest of that mapping').toFail('EACCES');
    await expect(user.store(head + 4n, 4), 'writing to the head').toFail('EFAULT');
    await cleared(file);
    count.writeUInt32LE(clearings);
    await user.shows(head, count, 'the beginning of the head after clearing');

    // Without the head it is allowed.
    const other = await user.mapped(file, 1, 2, readable);
    await user.protect(other, 2);
    await user.poke(other, 'ours');
    await expect(file.readAt(page, 4), 'read() of what was written').toReturn('ours');
  });

  await requirement('knows-its-mappings', async (file, user) => {
    const reader = await user.task.open(device, 'r');
    await user.refused(['EINVAL'], file, 1, 1, writable, isPrivate);
    await user.refused(['EINVAL'], file, 1, 1, readable, isPrivate);
    await user.refused(['EACCES'], reader, 1, 1);
    await expect(reader.ioctl(clear), 'clearing on a file opened for reading').toFail('EBADF');
    const map = await user.mapped(reader, 1, 1, readable);
    await put(file, page, 'seen');
    await user.shows(map, 'seen', 'a mapping of a file opened for reading');
    await expect(user.protect(map, 1), 'mprotect() for writing of a file opened for reading').toFail(
      'EACCES',
    );
  });

  await requirement('takes-what-it-needs', async (file, user) => {
    const before = await held();
    const map = await user.mapped(file, 1, pages - 1);
    // Memory that has something in it is free now.
    const [out, into] = await user.pipe();
    const [from] = user.task.buffers(Buffer.alloc(8 * page, 'secret! '));
    await user.task.call('write', [into, from!, 8 * page], 'write() to a pipe');
    await user.close(out, into);
    for (let i = 1; i < 8; i++) {
      await user.shows(map + BigInt(i * page), zeros(page), `page ${i + 1}, which nobody has written to`);
    }
    const some = (await held()) - before;
    expect(some, `bytes taken by mapping ${pages - 1} pages and touching 7`).toBeAtMost(8 * page);
    await user.poke(map, 'x');
    await file.readAt(10 * page, 4 * page);
    expect((await held()) - before, 'bytes taken when one more was touched').toBeAtMost(some + page);
  });

  await requirement('clears-what-is-mapped', async (file, user, other) => {
    const at = somewhere();
    const before = await held();
    const [mine, theirs] = [await user.mapped(file, at, 4), await other.mapped(file.in(other.task), at, 4)];
    const [a, b] = [draw(20), draw(20)];
    for (let i = 0; i < 4; i++) await user.poke(mine + BigInt(i * page), a);
    await other.shows(theirs + onePage, a, 'what another process sees');
    await cleared(file);
    await guest.sleep('1s');
    expect((await held()) - before, 'bytes the module holds after clearing').toBeAtMost(0);
    await expect(file.readAt(at * page, 20), 'read() after clearing').toReturn(zeros(20));
    for (let i = 0; i < 2; i++) {
      await other.shows(theirs + BigInt(i * page), zeros(20), 'a mapping after clearing');
    }
    await other.poke(theirs + onePage, b);
    await user.shows(mine + onePage, b, 'what is written after clearing, in another mapping');
    await expect(file.readAt((at + 1) * page, 20), 'read() of what was written after clearing').toReturn(b);
  });

  await requirement('counts-references', async (file, user) => {
    const at = somewhere();
    const before = await held();
    const map = await user.mapped(file, at, 2);
    const text = draw(64);
    await user.poke(map + 100n, text);
    const [out, into] = await user.pipe();
    const vector = Buffer.alloc(16);
    vector.writeBigUInt64LE(map + 100n, 0);
    vector.writeBigUInt64LE(64n, 8);
    const [iovec] = user.task.buffers(vector);
    await expect(
      user.task.call(nr.vmsplice, [into, iovec!, 1, 0], 'vmsplice()'),
      'vmsplice() of a mapping',
    ).toReturn(64);
    // Nobody but the pipe has the page now.
    await user.unmap(map, 2);
    await cleared(file);
    const again = await user.mapped(file, at, 2);
    for (let i = 0; i < 2; i++) await user.poke(again + BigInt(i * page), draw(300));
    const [to] = user.task.buffers(Buffer.alloc(64));
    await user.task.call('read', [out, to!, 64], 'read() of the pipe');
    expect(user.task.bytes(to!, 64), 'what a pipe has of a page that was cleared').toEqual(Buffer.from(text));
    await user.close(out, into);
    // Again and again: a reference too few ends badly, one too many is never given back.
    for (let turn = 0; turn < 3; turn++) {
      const more = await user.mapped(file, at, 2);
      await user.poke(more, draw(8));
      await user.unmap(more, 2);
    }
    await user.unmap(again, 2);
    await cleared(file);
    await guest.sleep('1s');
    expect((await held()) - before, 'bytes the module holds when nobody uses a page any more').toBeAtMost(0);
  });

  await requirement('copies-from-itself', async (file, user) => {
    const at = somewhere();
    const map = await user.mapped(file, at, 4);
    const text = draw(60);
    await put(file, at * page, text);
    const read = user.task.call('pread64', [file.fd, map + onePage, 60, at * page], 'read() into a mapping');
    await expect(read, 'read() of the sheet into a mapping of it').toReturn(60);
    await user.shows(map + onePage, text, 'what it read there');
    const write = user.task.call(
      'pwrite64',
      [file.fd, map + BigInt(2 * page), 60, (at + 3) * page],
      'write() from a mapping',
    );
    await expect(write, 'write() to the sheet from a mapping of it').toReturn(60);
    await expect(file.readAt((at + 3) * page, 60), 'what it wrote').toReturn(zeros(60));
  });

  await requirement('survives-enomem', async (file) => {
    const at = somewhere();
    const text = draw(16);
    await faults.everyAllocation(async (task, n) => {
      const victim = await User.in(task);
      const map = await victim.mapped(file.in(task), at, 2);
      const write = (): PromiseLike<bigint> => {
        const [from] = task.buffers(Buffer.from(text));
        return task.call('pwrite64', [file.fd, from!, 16, (at + 3) * page], 'pwrite()');
      };
      try {
        if (await lacksMemory(n, 'EFAULT', victim.load(map, 8))) await victim.load(map, 8);
        if (await lacksMemory(n, 'ENOMEM', write())) await write();
      } finally {
        await victim.leave();
      }
      await expect(file.readAt((at + 3) * page, 16), 'read() after a write() that lacked memory').toReturn(
        text,
      );
      await put(file, at * page, text);
      await expect(file.readAt(at * page, 16), 'read() after an access that lacked memory').toReturn(text);
      await cleared(file);
    });
  });

  await step('stays-while-mapped', async () => {
    if (!guest.loaded.includes(module)) await guest.load(module, { pages });
    const user = await User.in(await guest.task());
    const file = await user.task.open(device, 'rw');
    const map = await user.mapped(file, 1, 2);
    await user.poke(map, 'still here');
    await file.close();
    await expect(guest.unload(module), 'unloading while the sheet is mapped').toFail('EAGAIN', 'EBUSY');
    await user.shows(map, 'still here', 'the mapping');
    await user.leave();
    await guest.unload(module);
    for (const wrong of [1, 1025]) await expect(guest.load(module, { pages: wrong })).toFail('EINVAL');
  });
});

/** Whether the call failed for want of memory, in a round where it may; any other failure is thrown. */
async function lacksMemory(n: number, errno: string, call: PromiseLike<unknown>): Promise<boolean> {
  try {
    await call;
    return false;
  } catch (error) {
    if (n > 0 && error instanceof Error && 'errno' in error && error.errno === errno) return true;
    throw error;
  }
}

/** What the kernel's allocation profile says the module holds. */
async function allocated(guest: Guest, module: string): Promise<number> {
  const profile = await guest.readFile('/proc/allocinfo');
  return profile
    .split('\n')
    .filter((line) => line.includes(`[${module}]`))
    .reduce((sum, line) => sum + parseInt(line, 10), 0);
}
