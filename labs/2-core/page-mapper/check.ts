// SPDX-License-Identifier: Apache-2.0
import { check, expect, type OpenFile } from '#bringup/lab';
import { isPrivate, lacksMemory, page, readable, User, writable } from './user.ts';

const device = '/dev/sheet';

const clear = 0x7301;

const onePage = 4096n;

export default check(async ({ step, guest, faults, module, draw, word }) => {
  const pages = 20 + draw(40);
  /** A page of the sheet that is not near its ends. */
  const somewhere = (): number => 3 + draw(pages - 10);
  const zeros = (length: number): Buffer => Buffer.alloc(length);
  const held = (): Promise<number> => guest.allocated(module);
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
    const [a, b] = [word(40), word(30)];
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
    const text = word(50);
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
    const longer = await user.task.call('mremap', [map, 2 * page, 40 * page, 1], 'mremap()').then(
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
    const [a, b] = [word(20), word(20)];
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
    const text = word(64);
    await user.poke(map + 100n, text);
    const [out, into] = await user.pipe();
    const vector = Buffer.alloc(16);
    vector.writeBigUInt64LE(map + 100n, 0);
    vector.writeBigUInt64LE(64n, 8);
    const [iovec] = user.task.buffers(vector);
    await expect(
      user.task.call('vmsplice', [into, iovec!, 1, 0], 'vmsplice()'),
      'vmsplice() of a mapping',
    ).toReturn(64);
    // Nobody but the pipe has the page now.
    await user.unmap(map, 2);
    await cleared(file);
    const again = await user.mapped(file, at, 2);
    for (let i = 0; i < 2; i++) await user.poke(again + BigInt(i * page), word(300));
    const [to] = user.task.buffers(Buffer.alloc(64));
    await user.task.call('read', [out, to!, 64], 'read() of the pipe');
    expect(user.task.bytes(to!, 64), 'what a pipe has of a page that was cleared').toEqual(Buffer.from(text));
    await user.close(out, into);
    // Again and again: a reference too few ends badly, one too many is never given back.
    for (let turn = 0; turn < 3; turn++) {
      const more = await user.mapped(file, at, 2);
      await user.poke(more, word(8));
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
    const text = word(60);
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
    const text = word(16);
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
