// SPDX-License-Identifier: Apache-2.0
import { badAddress, check, expect, type OpenFile, type Row } from '#bringup/lab';
import {
  bytesAt,
  errnoOf,
  Fuzzer,
  type Head,
  headAt,
  place,
  READ,
  type Segment,
  segmentsAt,
  size,
  VERIFY,
  type Window,
  WRITE,
} from './fuzzer.ts';

const device = '/dev/fram';

const mostSegments = 64;

const setWindow = 0x4008d701;

const transfer = 0xc018d702;

const wraps = 2 ** 32;

const all: Window = { start: 0, length: size };

export default check(async ({ step, guest, module, draw }) => {
  const fuzzer = new Fuzzer(draw);

  /** A program that has the device open. Each requirement has its own. */
  const program = async ({ compat = false, separate = false } = {}) => {
    const task = await guest.task({ separate });
    const file = await task.open(device, 'rw');
    const base = task.arena.start;
    let window = all;

    const moves = async (to: Window, errno?: string): Promise<void> => {
      const argument = Buffer.alloc(8);
      argument.writeUInt32LE(to.start, 0);
      argument.writeUInt32LE(to.length, 4);
      const call = file.ioctl(setWindow, argument, { compat });
      const what = `setting the window to ${to.length} bytes from ${to.start}`;
      if (errno) return expect(call, what).toFail(errno);
      expect((await call).ret, `what ${what} returned`).toBe(0);
      window = to;
    };
    const asks = async (
      image: Buffer,
      at = base + BigInt(headAt),
    ): Promise<{ result: string; after: Buffer }> => {
      task.buffers(image);
      const call = file.ioctl(transfer, at, { compat });
      const result = await call.then(({ ret }) => String(ret), errnoOf);
      return { result, after: task.bytes(base, image.length) };
    };
    /** A transfer that must succeed; `open` is a part of the image that nothing is said of. */
    const does = async (segments: Segment[], what: string, open = [0, 0]): Promise<void> => {
      const image = fuzzer.image(base, window, segments);
      const expected = fuzzer.apply(image, window, segments);
      const { result, after } = await asks(image);
      expect(result, `what ${what} returned`).toBe('0');
      after.copy(expected, open[0], open[0], open[1]);
      const differs = after.findIndex((byte, i) => byte !== expected[i]);
      expect(
        differs < 0 ? 'all right' : place(differs, segments),
        `after ${what}, the program's memory`,
      ).toBe('all right');
    };
    /** A transfer that must fail with one of these errors, and leave everything as it was. */
    const fails = async (
      segments: Segment[],
      what: string,
      errors: string[],
      head: Head = {},
    ): Promise<void> => {
      const image = fuzzer.image(base, window, segments, head);
      const { result, after } = await asks(image);
      expect(errors.includes(result) ? errors[0] : result, `what became of ${what}`).toBe(errors[0]);
      expect(after.equals(image), `that ${what} left the program's memory alone`).toBe(true);
    };
    /** A right transfer, a random segment of which is made wrong. */
    const spoiled = async (
      what: string,
      spoil: (s: Segment, w: Window) => void,
      ...errors: string[]
    ): Promise<void> => {
      const segments = fuzzer.segments(window);
      const index = fuzzer.random(segments.length);
      spoil(segments[index]!, window);
      await fails(
        segments,
        `a transfer whose segment ${index + 1} of ${segments.length} has ${what}`,
        errors,
      );
    };
    /** What the memory holds, through the largest window. */
    const sees = async (when: string): Promise<void> => {
      const before = window;
      await moves(all);
      await does(
        [0, 2048].map((offset) => ({ op: READ, offset, length: 2048, at: bytesAt(2) + offset })),
        `reading all ${when}`,
      );
      await moves(before);
    };
    return { task, file, base, moves, asks, does, fails, spoiled, sees, window: () => window };
  };
  type Program = Awaited<ReturnType<typeof program>>;

  const requirement = (id: string, work: (first: Program, second: Program) => Promise<void>): Promise<void> =>
    step(id, async () => {
      if (!guest.loaded.includes(module)) await guest.load(module);
      const programs = [await program(), await program()] as const;
      await fill(programs[0]);
      await work(...programs);
    });
  /** Gives all of the memory a value that is known. */
  const fill = ({ does }: Program): Promise<void> =>
    does([{ op: WRITE, offset: 0, length: size, at: bytesAt(1) }], 'writing all of the memory');

  await requirement('carries-transfers', async (...programs) => {
    for (const { moves } of programs) await moves(fuzzer.window());
    for (let i = 0; i < 16; i++) {
      const { does, window } = programs[i % 2]!;
      await does(fuzzer.segments(window()), `transfer ${i + 1}`);
    }
    const [{ does, window, moves, sees }] = programs;
    await does(fuzzer.segments(window(), mostSegments), 'a transfer of 64 segments');
    await moves(all);
    const whole = (op: number, i: number): Segment => ({
      op,
      offset: 0,
      length: size,
      at: bytesAt(2) + i * (size + 8),
    });
    await does([whole(WRITE, 0), whole(READ, 1)], 'a transfer of 8192 bytes');
    await sees('after all that');
  });

  await requirement('acts-at-once', async ({ base, moves, asks, does, sees, window }) => {
    await moves(fuzzer.window());
    for (let i = 0; i < 6; i++) {
      const length = 1 + fuzzer.random(60);
      const offset = fuzzer.random(window().length - length);
      const at = bytesAt(8) + 1000;
      // What is read is what was written just before; what is verified is what was there in the beginning.
      const three = [WRITE, VERIFY, READ].map((op, n) => ({ op, offset, length, at: at + n * 100 }));
      await does(three, 'a transfer that writes, verifies and reads one place');
      const segments = [...three, { op: WRITE, offset: 0, length: 9, at: at + 400 }, ...three];
      const image = fuzzer.image(base, window(), segments);
      image[at + 100 + fuzzer.pick([0, length - 1, fuzzer.random(length)])]! ^= 1 << fuzzer.random(8);
      const { result, after } = await asks(image);
      expect(result, 'what became of a transfer that verifies a wrong byte').toBe('EILSEQ');
      expect(after.equals(image), "that it left the program's memory alone").toBe(true);
    }
    await sees('after transfers that verified a wrong byte');
  });

  await requirement('keeps-to-its-window', async ({ moves, spoiled, sees, does, fails, window }) => {
    const wrong: [string, (s: Segment, w: Window) => void][] = [
      ['its last byte behind the window', (s, w) => (s.offset = w.length - s.length + 1)],
      ['its first byte behind the window', (s, w) => (s.offset = w.length)],
      ['its first byte behind the memory', (s, w) => (s.offset = size - w.start)],
      ['a sum of offset and length that is 0', (s) => (s.offset = wraps - s.length)],
      ['a sum of offset and length that is 1', (s) => (s.offset = wraps - s.length + 1)],
      ['an offset that is the first byte of the memory', (s, w) => (s.offset = wraps - w.start)],
      ['an offset just before the window', (s) => (s.offset = wraps - 1)],
      ['an offset of 0x80000000', (s) => (s.offset = wraps / 2)],
      [
        'one byte more than the window',
        (s, w) => Object.assign(s, { offset: 0, length: w.length + 1, at: 4000 }),
      ],
      ['a length of 0xffffffff', (s) => Object.assign(s, { offset: 1, length: wraps - 1 })],
      ['a length of 0x80000000', (s) => (s.length = wraps / 2)],
      ['a length that brings its end to the beginning', (s) => (s.length = wraps - s.offset)],
    ];
    for (const [what, spoil] of wrong) {
      await moves(fuzzer.window());
      await spoiled(
        what,
        (s, w) => {
          if (s.offset === 0) s.offset = 1;
          spoil(s, w);
        },
        'ERANGE',
        'E2BIG',
      );
    }
    const [first, second] = [100, wraps - 50].map((length, i) => ({ op: WRITE, offset: i, length, at: 200 }));
    await fails([first!, second!], 'a transfer whose lengths have the sum 50, in 32 bits', [
      'ERANGE',
      'E2BIG',
    ]);
    const windows = [
      [0, 0],
      [size, 1],
      [1, size],
      [0, size + 1],
      [wraps - 1, 2],
      [wraps - 16, 32],
      [1, wraps - 1],
      [wraps / 2, wraps / 2],
    ];
    for (const [start, length] of windows) await moves({ start: start!, length: length! }, 'EINVAL');
    await does(fuzzer.segments(window()), 'a transfer after windows that were refused');
    // A program that was given an open file, and may do nothing else.
    const tenant = await program({ separate: true });
    await tenant.moves(fuzzer.window());
    await tenant.task.call('setuid', [65534], 'setuid()');
    await tenant.moves(all, 'EPERM');
    await tenant.does(fuzzer.segments(tenant.window()), 'a transfer of a program without privileges');
    await sees('after transfers that left their window');
  });

  await requirement('refuses-the-unknown', async ({ file, moves, fails, spoiled, sees, window }) => {
    await moves(fuzzer.window());
    await spoiled('no length', (s) => (s.length = 0), 'EINVAL');
    for (const op of [3, 0x100, 0xffff]) await spoiled(`the operation ${op}`, (s) => (s.op = op), 'EINVAL');
    for (const flags of [1, 0x8000]) await spoiled(`the flags ${flags}`, (s) => (s.flags = flags), 'EINVAL');
    for (const reserved of [1, wraps / 2])
      await spoiled('a reserved field', (s) => (s.reserved = reserved), 'EINVAL');
    // With 24 bytes each, 0x0aaaaaab and 0x15555556 segments are 8 and 16 bytes, modulo 2^32.
    const heads: Head[] = [0, mostSegments + 1, 0x0aaaaaab, 0x15555556, wraps / 2 + 1, wraps - 1].map(
      (count) => ({ count }),
    );
    for (const head of [...heads, { flags: 1 }, { flags: wraps / 2 }, { reserved: 1 }])
      await fails(fuzzer.segments(window(), 5), `a transfer with ${JSON.stringify(head)}`, ['EINVAL'], head);
    await moves(all);
    const parts = [size, size, 1].map((length, i) => ({
      op: READ,
      offset: 0,
      length,
      at: bytesAt(3) + i * (size + 8),
    }));
    await fails(parts, 'a transfer of 8193 bytes', ['E2BIG']);
    for (const request of [transfer + 1, transfer + 0x40000, setWindow - 0x20000, 0xd702])
      await expect(file.ioctl(request, Buffer.alloc(24)), `the request 0x${request.toString(16)}`).toFail(
        'ENOTTY',
      );
    await sees('after transfers that were refused');
  });

  await requirement(
    'survives-bad-addresses',
    async ({ task, file, moves, asks, fails, base, sees, window }) => {
      await moves(fuzzer.window());
      // The last bytes of a page, behind which there is none.
      const page = await task.call('mmap', [0, 8192, 3, 0x22, -1, 0], 'mmap()');
      await task.call('munmap', [page + 4096n, 4096], 'munmap()');
      const edge = page + 4096n - 5n;
      const bad = [
        0n,
        badAddress.unmapped,
        badAddress.kernel,
        1n << 63n,
        0x7fff_ffff_f000n,
        2n ** 64n - 8n,
        edge,
      ];
      for (const address of bad) {
        const where = `0x${address.toString(16)}`;
        await expect(file.ioctl(setWindow, address), `a window at ${where}`).toFail('EFAULT');
        await expect(file.ioctl(transfer, address), `a transfer at ${where}`).toFail('EFAULT');
        await fails(fuzzer.segments(window()), `a transfer with segments at ${where}`, ['EFAULT'], {
          segments: address,
        });
        for (const op of [WRITE, VERIFY]) {
          const segments = fuzzer.segments(window(), 4);
          Object.assign(segments[3]!, { op, length: 60, offset: 0, address });
          await fails(segments, `a transfer whose last segment has its bytes at ${where}`, ['EFAULT']);
        }
        // Here the bytes that come before have been handed out, and the writes are carried out or not: all or none.
        const last = { op: READ, offset: 0, length: 60, at: 3000, address };
        const segments = [
          ...[9, 70, 140].map((offset, i) => ({ op: WRITE, offset, length: 60, at: 300 + i * 80 })),
          last,
        ];
        const image = fuzzer.image(base, window(), segments);
        expect((await asks(image)).result, `what became of a transfer that is to read to ${where}`).toBe(
          'EFAULT',
        );
        const before = Buffer.from(fuzzer.memory);
        fuzzer.apply(image, window(), segments);
        const carriedOut = await asks(
          fuzzer.image(base, window(), [{ ...segments[1]!, op: VERIFY, at: 300 }]),
        );
        if (carriedOut.result !== '0') fuzzer.memory = before;
      }
      await sees('after transfers with bad addresses');
    },
  );

  await requirement('reads-once', async ({ moves, does, sees, window }) => {
    await moves(fuzzer.window());
    const count = 6;
    const at = (i: number): number => bytesAt(count) + i * 200;
    const six = (): Segment[] =>
      [READ, WRITE, WRITE, READ, WRITE, WRITE].map((op, i) => ({
        op,
        length: 24 + fuzzer.random(100),
        offset: fuzzer.random(window().length - 130),
        at: at(i),
      }));
    for (let i = 0; i < 4; i++) {
      // What is handed out lies over segments that come later, over bytes that are to be written, over the header.
      const overSegments = six();
      Object.assign(overSegments[0]!, { at: segmentsAt + 24, length: 24 * (count - 1) });
      await does(overSegments, 'a transfer that reads over its own segments');
      const overBytes = six();
      Object.assign(overBytes[0]!, { at: at(1), length: 120 });
      Object.assign(overBytes[3]!, { at: at(4), length: 120 });
      await does(overBytes, 'a transfer that reads over bytes that it is to write');
      const overHead = six();
      Object.assign(overHead[0]!, { at: headAt, length: 24 });
      await does(overHead, 'a transfer that reads over its own header', [headAt, headAt + 24]);
    }
    await sees('after transfers that read over themselves');
  });

  await step('serves-32-bit', async () => {
    if (!guest.loaded.includes(module)) await guest.load(module);
    const small = await program({ compat: true });
    await fill(small);
    await small.moves(fuzzer.window());
    for (let i = 0; i < 4; i++)
      await small.does(fuzzer.segments(small.window()), 'a transfer of a 32-bit program');
    await small.spoiled('an offset of 0xffffffff', (s) => (s.offset = wraps - 1), 'ERANGE');
    await small.moves({ start: 1, length: size }, 'EINVAL');
    await small.sees('by a 32-bit program');
  });
});

/** On two processors: what another program changes, or does, while a transfer is under way. */
export const race = check(async ({ step, guest, module, draw }) => {
  const fuzzer = new Fuzzer(draw);
  const room = 8192; // at the start of a task's memory, for the description of its row

  /** Puts transfers into the memory of a file's task; gives their addresses. */
  const put = ({ task }: OpenFile, window: Window, ...transfers: Segment[][]): bigint[] => {
    let base = task.arena.start + BigInt(room);
    const images = transfers.map((segments) => {
      const image = fuzzer.image(base, window, segments);
      base += BigInt((image.length + 15) & ~15);
      return image;
    });
    return task
      .buffers(Buffer.alloc(room), ...images)
      .slice(1)
      .map((address) => address + BigInt(headAt));
  };
  const makes =
    (file: OpenFile, addresses: bigint[]) =>
    (row: Row): void => {
      for (const address of addresses) row.ioctl(file, transfer, address);
    };

  await step('reads-once', async () => {
    await guest.load(module);
    const [one, other] = await guest.tasks(2);
    const witness = await other.open(device, 'rw');
    const file = await one.open(device, 'rw');
    const upper = { start: 2048, length: 2048 };
    const argument = Buffer.alloc(8);
    argument.writeUInt32LE(upper.start, 0);
    argument.writeUInt32LE(upper.length, 4);
    await file.ioctl(setWindow, argument);

    // Where both values are right they differ in one byte, as a longer change may be seen in part.
    const fields: [what: string, at: number, values: number[], errors: string[]][] = [
      ['count', headAt + 8, [2, mostSegments], ['']],
      ['count', headAt + 8, [3, 0x0aaaaaab], ['', 'EINVAL']],
      ['length', segmentsAt + 12, [8, 0x708], ['']],
      ['length', segmentsAt + 12, [16, wraps - 16], ['', 'ERANGE', 'E2BIG']],
      ['offset', segmentsAt + 8, [8, wraps - 2048], ['', 'ERANGE']],
    ];
    for (const [what, at, values, errors] of fields) {
      const words = Buffer.alloc(8);
      values.forEach((value, i) => words.writeUInt32LE(value, i * 4));
      await guest.writeFile('/tmp/values', words, { create: true });
      const source = await other.open('/tmp/values');
      const last = bytesAt(mostSegments) + mostSegments * 16;
      const segments = Array.from({ length: mostSegments }, (_, i) => ({
        op: fuzzer.pick([READ, WRITE]),
        offset: 8 * i,
        length: 8,
        at: i === 0 ? last : bytesAt(mostSegments) + i * 16,
      }));
      const [address] = put(file, upper, segments) as [bigint];
      const field = address + BigInt(at - headAt);
      const [calls] = await guest.storm(
        { task: one, times: 400, row: makes(file, [address]) },
        {
          task: other,
          times: 1200,
          row: (row) => {
            for (const from of [0, 4]) row.call('pread64', [source.fd, field, 4, from]);
          },
        },
      );
      const { good, error } = calls![0]!;
      expect(errors.includes(error) ? '' : error, `how a transfer fails whose ${what} somebody changes`).toBe(
        '',
      );
      if (errors.length === 1)
        expect(good, `how many of 400 transfers succeed whose ${what} is always right`).toBe(400);
    }
    // Nobody has written there.
    const lower = [{ op: VERIFY, offset: 0, length: 2048, at: bytesAt(1) }];
    const result = await witness
      .ioctl(transfer, put(witness, all, lower)[0])
      .then(({ ret }) => String(ret), errnoOf);
    expect(result, 'what verifying the memory outside of the window returned').toBe('0');
  });

  await step('acts-at-once', async () => {
    const [one, other] = await guest.tasks(2);
    const writer = await one.open(device, 'rw');
    const reader = await other.open(device, 'rw');
    // Two transfers write 32 places with one value each; a reader must not see some of both.
    const places = (op: number, at: (i: number) => number): Segment[] =>
      Array.from({ length: 32 }, (_, i) => ({ op, offset: i * 64, length: 64, at: at(i) }));
    const same = (): number => bytesAt(32);
    const writes = put(writer, all, places(WRITE, same), places(WRITE, same));
    // It reads all of them, stores one half of what it got elsewhere, and compares that to the other half.
    const base = reader.task.arena.start + BigInt(room);
    const got = bytesAt(32);
    const half = (op: number, n: number): Segment[] => [
      { op, offset: 2048, length: 1024, at: bytesAt(1), address: base + BigInt(got + n * 1024) },
    ];
    const reads = put(
      reader,
      all,
      places(READ, (i) => got + i * 64),
      half(WRITE, 0),
      half(VERIFY, 1),
    );
    await writer.ioctl(transfer, writes[0]);
    const [, calls] = await guest.storm(
      { task: one, times: 150, row: makes(writer, writes) },
      { task: other, times: 150, row: makes(reader, reads) },
    );
    const whole = calls!.map(({ good }) => good);
    expect(whole, 'how many of 150 transfers read, stored and saw one value only').toEqual([150, 150, 150]);
  });
});
