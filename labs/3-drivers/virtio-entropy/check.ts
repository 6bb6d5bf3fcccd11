// SPDX-License-Identifier: Apache-2.0
import { check, expect, SyscallError, type OpenFile } from '#bringup/lab';

const node = '/dev/hwrng';
const hwRandom = '/sys/class/misc/hw_random';
const parameters = '/sys/module/tap/parameters';

export default check(async ({ step, guest, module, draw }) => {
  const mark = 0x80 + draw(120);
  /** Words of the twin that were given out since it was loaded, which must not come again. */
  const seen = new Set<number>();

  const set = (name: string, value: number): Promise<void> =>
    guest.writeFile(`${parameters}/${name}`, String(value));
  const available = async (): Promise<string[]> =>
    (await guest.readFile(`${hwRandom}/rng_available`))
      .split(/\s+/)
      .filter((name) => name.startsWith('tap-'));
  const select = (name: string): Promise<void> => guest.writeFile(`${hwRandom}/rng_current`, name);

  /** A requirement with the driver as it is after loading, and a twin that is honest, or none yet. */
  const requirement = (id: string, work: (files: Files) => Promise<void>): Promise<void> =>
    step(id, async () => {
      if (guest.loaded.includes(module)) await guest.unload(module);
      seen.clear();
      await guest.load(module, { mark });
      const [task, other] = await guest.tasks(2);
      const file = await task.open(node, 'r');
      const quick = await other.open(node, 'r', { nonblock: true });
      await work({ file, quick });
    });
  interface Files {
    file: OpenFile;
    /** Of another process, and never sleeps. */
    quick: OpenFile;
  }

  /** Adds the twin and reads from it from now on; gives the name of its generator. */
  const addTwin = async ({ file }: Files): Promise<string> => {
    await set('twin', 1);
    const name = `tap-${(await guest.readFile(`${parameters}/twin`)).trim()}`;
    expect((await available()).join(' '), 'rng_available with the twin').toContain(name);
    await select(name);
    await skip(file);
    return name;
  };
  /** What the core still has of the generator before. */
  const skip = async (file: OpenFile): Promise<void> => {
    await file.read(64);
  };
  /** Looks at bytes of the twin: each word is one that it gave, and new. */
  const genuine = (bytes: Buffer, when: string): void => {
    for (let at = 0; at < bytes.length; at += 4) {
      const word = bytes.subarray(at, at + 4).toString('hex');
      expect(word.slice(0, 2), `the first byte of the word ${word} that was read ${when}`).toBe(
        mark.toString(16),
      );
      expect(seen.has(parseInt(word, 16)), `that the word ${word}, read ${when}, was given before`).toBe(
        false,
      );
      seen.add(parseInt(word, 16));
    }
  };
  const reads = async (file: OpenFile, count: number, when: string): Promise<Buffer> => {
    const read = file.read(count);
    await expect(read, `read() of ${count} bytes ${when}`).toFinishWithin('2s');
    const bytes = await read;
    expect(bytes.length, `how many bytes a read() of ${count} gave ${when}`).toBe(count);
    return bytes;
  };
  const readsTwin = async (file: OpenFile, count: number, when: string): Promise<void> =>
    genuine(await reads(file, count, when), when);
  /** Takes what the driver has in store, until it has nothing; gives with what the last read failed. */
  const drain = async (quick: OpenFile): Promise<string> => {
    for (let turn = 0; turn < 24; turn++) {
      const read = quick.read(256);
      await expect(read, 'read() with O_NONBLOCK of a silent device').toFinishWithin('1s');
      const got = await read.then((bytes) => bytes, errnoOf);
      if (typeof got === 'string') return got;
      genuine(got, 'before the device fell silent');
    }
    return 'nothing: it goes on giving bytes';
  };
  /** Bytes of the machine's device: many, and none of them from nowhere. */
  const readsMachine = async (file: OpenFile, count: number, when: string): Promise<void> => {
    const bytes = await reads(file, count, when);
    const words = new Set<string>();
    for (let at = 0; at < count; at += 8) words.add(bytes.subarray(at, at + 8).toString('hex'));
    expect(words.size, `how many different 8 bytes there are in ${count}, ${when}`).toBe(count / 8);
    const marked = Array.from({ length: count / 4 }, (_, i) => bytes[4 * i]).filter((byte) => byte === mark);
    const twins = `how many of ${count / 4} words have the mark of the twin, ${when}`;
    expect(marked.length, twins).toBeAtMost(count / 12);
    const zeros = [...words].filter((word) => /^0{12}/.test(word) || /0{12}$/.test(word));
    expect(zeros, `words of the machine's device that are zeros, ${when}`).toEqual([]);
  };

  await requirement('binds', async () => {
    const names = await available();
    expect(names.length, 'how many names in rng_available begin with tap-').toBe(1);
    expect(names[0], 'the name of the generator').toMatch(/^tap-virtio\d+$/);
    expect((await guest.readFile(`${hwRandom}/rng_current`)).trim(), 'rng_current').toBe(names[0]);
  });

  await requirement('serves', async ({ file }) => {
    await readsMachine(file, 128, "from the machine's device");
    await readsMachine(file, 64, "from the machine's device, once more");
  });

  await requirement('serves-two', async (files) => {
    const { file } = files;
    const [machine] = await available();
    const twin = await addTwin(files);
    await readsTwin(file, 256, 'from the twin');
    await select(machine!);
    await skip(file);
    await readsMachine(file, 64, "from the machine's device beside the twin");
    await select(twin);
    await skip(file);
    await readsTwin(file, 256, 'from the twin again');
  });

  await requirement('gives-what-came', async (files) => {
    await addTwin(files);
    for (const portion of [20 + 4 * draw(9), 4, 60]) {
      await set('portion', portion);
      const when = `from the twin, which gives ${portion} bytes at a time`;
      await readsTwin(files.file, 64, when);
      await readsTwin(files.file, 132, when);
    }
  });

  await requirement('bounds-lengths', async (files) => {
    const { file } = files;
    await addTwin(files);
    const lies = [65 + draw(7), 4096 + draw(5000), 0xffff_ffff, 0x8000_0004, 0];
    for (const lie of lies) {
      const when = `from a twin that says to have written ${lie} bytes`;
      await set('lie', lie);
      await set('lies', 2);
      for (let turn = 0; turn < 6 && (await guest.readFile(`${parameters}/lies`)).trim() !== '0'; turn++)
        await readsOrFails(file, when);
      // Buffers that a driver has in store may be before those, but not more than the queue has.
      for (let turn = 0; turn < 5; turn++) await readsOrFails(file, when);
      await readsTwin(file, 128, `from a twin that has said to have written ${lie} bytes`);
    }
    for (const lie of [lies[0]!, 0]) {
      await set('lie', lie);
      await set('lies', 1_000_000);
      let got = '';
      for (let turn = 0; turn < 6 && got !== 'EIO'; turn++)
        got = await readsOrFails(file, `from a twin that always says to have written ${lie} bytes`);
      expect(got, `what read() fails with while the twin always says ${lie} bytes`).toBe('EIO');
      await set('lies', 0);
      for (let turn = 0; turn < 10; turn++) await readsOrFails(file, 'from a twin that had lied');
      await readsTwin(file, 128, 'from a twin that says the truth again');
    }
  });
  /** A read that may fail with EIO, but what it gives is genuine. */
  async function readsOrFails(file: OpenFile, when: string): Promise<string> {
    const read = file.read(256);
    await expect(read, `read() ${when}`).toFinishWithin('2s');
    const got = await read.then((bytes) => bytes, errnoOf);
    if (typeof got === 'string') expect(got, `what read() fails with ${when}`).toBe('EIO');
    else genuine(got, when);
    return typeof got === 'string' ? got : 'bytes';
  }

  await requirement('sleeps', async (files) => {
    const { file, quick } = files;
    await addTwin(files);
    await set('mute', 1);
    expect(await drain(quick), 'what read() with O_NONBLOCK fails with while the twin is silent').toBe(
      'EAGAIN',
    );
    for (let turn = 0; turn < 12; turn++) await expect(quick.read(16)).toFail('EAGAIN');
    const read = file.read(16);
    await expect(read, 'read() from a silent twin').toBlockFor('500ms');
    await guest.signal(file.task, 'restart');
    await expect(read, 'the sleeping read() after a signal with SA_RESTART').toBlockFor('300ms');
    await guest.signal(file.task, 'interrupt');
    await expect(read, 'the sleeping read() after a signal').toFinishWithin('1s');
    await expect(read, 'the sleeping read() after a signal').toFail('EINTR');
    const second = file.read(64);
    await expect(second, 'read() from a silent twin').toBlockFor('300ms');
    await set('mute', 0);
    await expect(second, 'the sleeping read() after the twin answers').toFinishWithin('1s');
    genuine(await second, 'from a twin that was silent');
    await readsTwin(file, 128, 'from a twin that was silent');
  });

  await requirement('survives-unplug', async (files) => {
    const { file, quick } = files;
    for (let turn = 0; turn < 2; turn++) {
      const name = await addTwin(files);
      await readsTwin(file, 64, 'from the twin');
      await set('mute', 1);
      await drain(quick);
      const read = file.read(64);
      await expect(read, 'read() from a silent twin').toBlockFor('200ms');
      const gone = await guest.task();
      const removal = (await gone.open(`${parameters}/twin`, 'w')).write('0');
      await expect(removal, 'removing the twin while a program reads').toFinishWithin('2s');
      await removal;
      await expect(read, 'the sleeping read() after the twin was removed').toFinishWithin('1s');
      await expect(read, 'the sleeping read() after the twin was removed').toFail('ENODEV');
      expect((await available()).join(' '), 'rng_available after the twin was removed').toMatch(
        new RegExp(`^(?!.*${name})`),
      );
      await set('mute', 0);
      await skip(file);
      await readsMachine(file, 64, "from the machine's device after the twin was removed");
    }
  });

  await step('lets-go', async () => {
    if (guest.loaded.includes(module)) await guest.unload(module);
    seen.clear();
    await guest.load(module, { mark });
    const [task, other] = await guest.tasks(2);
    const files = {
      file: await task.open(node, 'r'),
      quick: await other.open(node, 'r', { nonblock: true }),
    };
    await addTwin(files);
    await set('mute', 1);
    await drain(files.quick);
    const read = files.file.read(64);
    await expect(read, 'read() from a silent twin').toBlockFor('200ms');
    const unloading = guest.unload(module);
    await expect(unloading, 'unloading while a program sleeps in read()').toFinishWithin('3s');
    await unloading;
    await expect(read, 'the sleeping read() after unloading').toFinishWithin('1s');
    await expect(read, 'the sleeping read() after unloading').toFail('ENODEV');
    expect(await available(), 'generators in rng_available after unloading').toEqual([]);
    await guest.load(module, { mark });
    await skip(files.file);
    await readsMachine(files.file, 64, "from the machine's device after loading again");
    await guest.unload(module);
  });
});

function errnoOf(error: unknown): string {
  if (error instanceof SyscallError) return error.errno;
  throw error;
}
