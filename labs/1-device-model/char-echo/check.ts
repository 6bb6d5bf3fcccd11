// SPDX-License-Identifier: Apache-2.0
import { check, expect, type OpenFile, type Task } from '#bringup/lab';

const device = '/dev/echo';
const capacity = 1000;
const unmapped = 0x8n;
const page = 4096;

type Open = (task: Task, mode: 'r' | 'w' | 'rw', options?: { nonblock?: boolean }) => Promise<OpenFile>;
type Work = (open: Open, task: Task, other: Task) => Promise<void>;

export default check(async ({ step, guest, module, draw }) => {
  /** Text nobody can know before, without a repetition that would hide a wrong offset. */
  const words = (length: number): string =>
    Array.from({ length }, () => String.fromCharCode(0x21 + draw(94))).join('');

  /** What the device should hold. */
  let text = '';
  let sure = true;

  /** A requirement. When one has failed, the next begins with what the device really holds. */
  const requirement = (id: string, work: Work): Promise<void> =>
    step(id, async () => {
      const opened: OpenFile[] = [];
      const open: Open = async (task, mode, options = {}) => {
        const file = await task.open(device, mode, options);
        opened.push(file);
        return file;
      };
      const [task, other] = [await guest.task(), await guest.task()];
      if (!guest.loaded.includes(module)) await guest.load(module, {}, task);
      if (!sure) text = await nowIn(await open(task, 'r', { nonblock: true }));
      sure = false;
      try {
        await work(open, task, other);
        sure = true;
      } finally {
        for (const file of opened) await file.in(guest.main).close();
      }
    });

  /** All of the text, through a file that is still at its start. */
  const nowIn = async (file: OpenFile): Promise<string> => {
    try {
      return (await file.read(capacity + page)).toString('latin1');
    } catch {
      return '';
    }
  };

  await requirement('reads-back', async (open, task, other) => {
    const line = words(20 + draw(30));
    const writer = await open(task, 'rw', { nonblock: true });
    await expect(writer.write(line)).toReturn(line.length);
    text = line;
    for (const reader of [await open(other, 'r', { nonblock: true }), await open(other, 'r')]) {
      await expect(reader.read(500), 'read() of the whole text').toReturn(text);
    }
  });

  await requirement('keeps-places', async (open, task) => {
    const one = await open(task, 'r', { nonblock: true });
    const two = await open(task, 'r', { nonblock: true });
    await expect(one.read(5), 'the first read() of 5').toReturn(text.slice(0, 5));
    await expect(two.read(3), 'the first read() of another open file').toReturn(text.slice(0, 3));
    await expect(one.read(7), 'the second read()').toReturn(text.slice(5, 12));
    expect(await pread(one, 6, 2), 'what pread() at 2 gave').toEqual(text.slice(2, 8));
    await expect(one.read(2), 'the read() after a pread()').toReturn(text.slice(12, 14));
    await expect(two.read(500), 'a read() of more than is left').toReturn(text.slice(3));
    await expect(two.read(1), 'a non-blocking read() at the end').toFail('EAGAIN');
  });

  await requirement('overwrites-and-extends', async (open, task) => {
    const file = await open(task, 'rw', { nonblock: true });
    const middle = words(4);
    await expect(file.read(6)).toReturn(text.slice(0, 6));
    await expect(file.write(middle), 'write() in the middle').toReturn(4);
    text = text.slice(0, 6) + middle + text.slice(10);
    await expect(file.read(3), 'the read() after that write()').toReturn(text.slice(10, 13));

    // Two bytes inside, three past the end; the place of the file is not moved.
    const tail = words(5);
    expect(await pwrite(file, tail, text.length - 2), 'what pwrite() over the end returned').toBe(5);
    text = text.slice(0, -2) + tail;
    await expect(file.read(500), 'the read() after that pwrite()').toReturn(text.slice(13));
    const fresh = await open(task, 'r', { nonblock: true });
    await expect(fresh.read(500), 'the whole text').toReturn(text);
  });

  await requirement('seeks', async (open, task) => {
    const file = await open(task, 'rw', { nonblock: true });
    const end = text.length;
    await expect(file.seek(0, 'end'), 'lseek() to the end of the text').toReturn(end);
    await expect(file.seek(-3, 'current'), 'lseek() three back').toReturn(end - 3);
    await expect(file.read(10)).toReturn(text.slice(-3));
    await expect(file.seek(-1), 'lseek() to -1').toFail('EINVAL');
    await expect(file.seek(capacity + 1), 'lseek() to 1001').toFail('EINVAL');
    await expect(file.seek(-end - 1, 'end'), 'lseek() to before the start').toFail('EINVAL');
    await expect(file.seek(0, 'current'), 'the place after what failed').toReturn(end);
    await expect(file.seek(capacity), 'lseek() to 1000').toReturn(capacity);

    await expect(file.seek(end + 9)).toReturn(end + 9);
    await expect(file.write('z'), 'write() past the end').toReturn(1);
    text += '\0'.repeat(9) + 'z';
    await expect(file.seek(end - 2)).toReturn(end - 2);
    await expect(file.read(500), 'the text around the gap').toReturn(text.slice(end - 2));
  });

  await requirement('refuses-bad-addresses', async (open, task) => {
    const file = await open(task, 'rw', { nonblock: true });
    // Near the end, so that a change of text, end or place can be told.
    const place = text.length - 2;
    await expect(file.read(place)).toReturn(text.slice(0, place));
    await expect(file.readTo(unmapped, 2)).toFail('EFAULT');
    await expect(file.writeFrom(unmapped, 5)).toFail('EFAULT');
    const half = await lastBytesOfMapping(task, 4);
    await expect(file.writeFrom(half, 8), 'write() of 8 bytes of which 4 are readable').toFail('EFAULT');
    await expect(file.read(500), 'the read() after calls that failed').toReturn(text.slice(place));
    const fresh = await open(task, 'r', { nonblock: true });
    await expect(fresh.read(500), 'the text after calls that failed').toReturn(text);
  });

  await requirement('sleeps-until-text', async (open, sleeper, other) => {
    const reader = await open(sleeper, 'r');
    const writer = await open(other, 'rw', { nonblock: true });
    await expect(reader.read(500)).toReturn(text);
    await expect(writer.read(500)).toReturn(text);

    const more = words(6);
    const read = reader.read(16);
    await expect(read, 'read() at the end').toBlockFor('200ms');
    await expect(writer.write(more), 'write() while another process sleeps in read()').toReturn(6);
    text += more;
    await expect(read, 'read() of a text that has grown').toFinishWithin('1s');
    await expect(read).toReturn(more);

    // Beyond the end: the text grows twice, the first time just up to the place.
    const [before, behind] = [words(4), words(3)];
    await expect(reader.seek(text.length + 4)).toReturn(text.length + 4);
    const later = reader.read(16);
    await expect(later, 'read() past the end').toBlockFor('50ms');
    await expect(writer.write(before)).toReturn(4);
    text += before;
    await expect(later, 'read() with its place just at the end').toBlockFor('50ms');
    await expect(writer.write(behind)).toReturn(3);
    text += behind;
    await expect(later, 'read() of a text that has grown past its place').toFinishWithin('1s');
    await expect(later).toReturn(behind);

    const interrupted = reader.read(16);
    await expect(interrupted).toBlockFor('50ms');
    await guest.signal(sleeper, 'interrupt');
    await expect(interrupted, 'a sleeping read() that got a signal').toFinishWithin('1s');
    await expect(interrupted, 'a sleeping read() that got a signal').toFail('EINTR');
  });

  await requirement('polls', async (open, sleeper, other) => {
    const file = await open(sleeper, 'rw');
    const writer = await open(other, 'rw', { nonblock: true });
    const all = ['in', 'out', 'rdnorm', 'wrnorm'] as const;
    await expect(file.poll(all), 'poll() at the start of the text').toReturn([...all]);
    await expect(file.read(500)).toReturn(text);
    await expect(writer.read(500)).toReturn(text);
    await expect(file.poll(all), 'poll() at the end of the text').toReturn(['out', 'wrnorm']);

    const poll = file.poll(['in'], -1);
    await expect(poll, 'poll() for something to read').toBlockFor('200ms');
    await expect(writer.write('!'), 'write() while another process sleeps in poll()').toReturn(1);
    text += '!';
    await expect(poll, 'poll() for something to read').toFinishWithin('1s');
    await expect(poll).toReturn(['in']);
    await expect(file.read(500)).toReturn('!');
  });

  await requirement('fills-up', async (open, task) => {
    const file = await open(task, 'rw', { nonblock: true });
    await expect(file.read(500)).toReturn(text);
    const room = capacity - text.length;
    const much = words(room + 50);
    await expect(file.write(much), `write() of 50 bytes more than fit`).toReturn(room);
    text += much.slice(0, room);
    await expect(file.write('x'), 'write() at 1000').toFail('ENOSPC');
    await expect(file.poll(['out', 'wrnorm']), 'poll() at 1000').toReturn([]);
    const end = words(5);
    expect(await pwrite(file, end, capacity - 3), 'what pwrite() of 5 bytes at 997 returned').toBe(3);
    text = text.slice(0, -3) + end.slice(0, 3);
    const fresh = await open(task, 'r', { nonblock: true });
    await expect(fresh.read(capacity + 50), 'the full text').toReturn(text);
  });

  // Last: where this goes wrong, an open file without a driver stays behind.
  await step('stays-while-open', async () => {
    const task = await guest.task();
    if (!guest.loaded.includes(module)) await guest.load(module, {}, task);
    const file = await task.open(device, 'r');
    await expect(guest.unload(module), 'unloading the module while its device is open').toFail(
      'EAGAIN',
      'EBUSY',
    );
    await file.close();
  });
});

async function pread(file: OpenFile, length: number, offset: number): Promise<Buffer> {
  const [address] = file.task.buffers(Buffer.alloc(length));
  const got = await file.task.call('pread64', [file.fd, address!, length, offset], `pread() at ${offset}`);
  return file.task.bytes(address!, Number(got));
}

async function pwrite(file: OpenFile, data: string, offset: number): Promise<bigint> {
  const [address] = file.task.buffers(Buffer.from(data));
  return file.task.call('pwrite64', [file.fd, address!, data.length, offset], `pwrite() at ${offset}`);
}

/** An address with that many readable bytes (zeros), behind which nothing is mapped. */
async function lastBytesOfMapping(task: Task, bytes: number): Promise<bigint> {
  // PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS
  const start = await task.call('mmap', [0, 2 * page, 3, 0x22, -1, 0]);
  await task.call('munmap', [start + BigInt(page), page]);
  return start + BigInt(page - bytes);
}
