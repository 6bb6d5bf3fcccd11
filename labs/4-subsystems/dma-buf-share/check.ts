// SPDX-License-Identifier: Apache-2.0
import { badAddress, check, expect } from '#bringup/lab';
import { Bench, sumOf, sync } from './bench.ts';

const parameters = '/sys/module/engraver/parameters';
const page = 4096;
/** What a job takes at most that waits for nobody, and what comes after it. */
const moment = '100ms';

export default check(async ({ step, guest, module, draw }) => {
  const contents = (pages: number): Buffer => {
    const bytes = Buffer.alloc(pages * page);
    let state = draw();
    for (let at = 0; at < bytes.length; at += 4) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      bytes.writeUInt32LE(state, at);
    }
    return bytes;
  };
  const set = (name: string, value: string | number): Promise<void> =>
    guest.writeFile(`${parameters}/${name}`, String(value));
  const told = async (name: string): Promise<string> =>
    (await guest.readFile(`${parameters}/${name}`)).trim();
  /** That the last jobs have engraved these. */
  const engraved = async (what: string, ...wanted: Buffer[]): Promise<void> => {
    const all = (await told('engraved')).split(' ').slice(-wanted.length);
    expect(all, `sums of what was engraved ${what}`).toEqual(wanted.map((bytes) => String(sumOf(bytes))));
  };

  /** A requirement with a process at the engraver. */
  const requirement = (id: string, work: (bench: Bench) => Promise<void>): Promise<void> =>
    step(id, async () => {
      if (!guest.loaded.includes(module)) await guest.load(module);
      await set('burn_ms', 5);
      const bench = await Bench.of(guest, await guest.task());
      try {
        await work(bench);
      } finally {
        await set('inspect', -1);
        await bench.leave();
      }
    });

  await requirement('exports', async (bench) => {
    for (const wrong of [0, 17, 2 ** 32 + 1]) await expect(bench.allocating(wrong)).toFail('EINVAL');
    const pages = 2 + draw(6);
    const bytes = contents(pages);
    const [first] = await bench.filled(bytes);
    const again = await bench.map(first, pages);
    expect(await bench.peek(again, bytes.length), 'what a second mapping shows').toEqual(bytes);
    const size = await bench.task.call('lseek', [first, 0, 2]);
    expect(Number(size), `the size of a buffer of ${pages} pages`).toBe(pages * page);
    const flags = await bench.task.call('fcntl', [first, 1, 0]); // F_GETFD
    expect(Number(flags), 'the flags of its descriptor').toBe(1);
    // Its pages are free now, and what is in them is somebody's secret.
    await bench.leave();
    const fresh = await bench.alloc(16);
    const got = await bench.peek(await bench.map(fresh, 16), 12 * page);
    expect(
      got.every((byte) => byte === 0),
      'whether a new buffer is empty',
    ).toBe(true);
  });

  await requirement('engraves', async (bench) => {
    const [a, b] = [contents(2 + draw(3)), contents(1 + draw(3))];
    const [mine] = await bench.filled(a);
    const theirs = await bench.foreign(b);
    const one = await bench.engrave(mine);
    await guest.sleep(moment);
    const two = await bench.engrave(theirs);
    await guest.sleep(moment);
    await engraved('from a buffer of its own and one of udmabuf', a, b);
    for (const fence of [one, two]) expect(await bench.status(fence), 'the status of the job').toBe(1);
    await expect(bench.engraving(-1n), 'engraving without a buffer').toFail('EBADF');
    await expect(bench.engraving(bench.device), 'engraving what is no dma-buf').toFail('EINVAL');
    await expect(bench.engraving(mine, mine), 'engraving after what is no sync file').toFail('EINVAL');
    const bad = bench.task.call('ioctl', [bench.device, 0x40084502, badAddress.unmapped]);
    await expect(bad, 'ENGRAVER_ENGRAVE with a bad address').toFail('EFAULT');
    const unknown = bench.task.call('ioctl', [bench.device, 0x4503, 0]);
    await expect(unknown, 'an unknown ioctl()').toFail('ENOTTY');
  });

  await requirement('queues', async (bench) => {
    await set('burn_ms', 60);
    const all = [contents(1), contents(2), contents(1)];
    const buffers: bigint[] = [];
    for (const bytes of all) buffers.push((await bench.filled(bytes))[0]);
    const before = Number(await told('started'));
    const fences: bigint[] = [];
    for (const buffer of buffers) fences.push(await bench.engrave(buffer));
    expect(Number(await told('started')) - before, 'jobs that were begun at once').toBe(1);
    expect(await bench.ready(fences[0]!), 'what poll() says of a job under way').toBe('');
    await guest.sleep('90ms');
    expect(await bench.ready(fences[0]!), 'what poll() says of the first job when it is over').toBe('in');
    expect(await bench.ready(fences[2]!), 'what poll() says of the third job then').toBe('');
    await guest.sleep('200ms');
    await engraved('in the order of submission', ...all);
  });

  await requirement('waits-for-writers', async (bench) => {
    const all = [contents(1), contents(1), contents(2)];
    const first = await bench.foreign(all[0]!);
    const second = await bench.foreign(all[1]!);
    const [writer, other, reader] = [await bench.fence(), await bench.fence(), await bench.fence()];
    await bench.importFence(first, writer.fd, sync.write);
    await bench.importFence(first, other.fd, sync.write);
    await bench.importFence(second, reader.fd, sync.read);
    const before = Number(await told('started'));
    const begun = async (): Promise<number> => Number(await told('started')) - before;
    const fences = [await bench.engrave(first), await bench.engrave(second)];
    await guest.sleep(moment);
    expect(await begun(), 'jobs begun while two fences of writers wait').toBe(0);
    await other.signal();
    await guest.sleep(moment);
    expect(await begun(), 'jobs begun while one fence of a writer waits').toBe(0);
    await writer.signal();
    await guest.sleep(moment);
    await engraved('after the writers, beside a reader', all[0]!, all[1]!);
    for (const fence of fences) expect(await bench.status(fence), 'the status of the jobs').toBe(1);
    await reader.signal();
  });

  await requirement('waits-for-the-caller', async (bench) => {
    const all = [contents(1), contents(2), contents(1)];
    const buffers: bigint[] = [];
    for (const bytes of all) buffers.push((await bench.filled(bytes))[0]);
    const before = Number(await told('started'));
    const gate = await bench.fence();
    const one = await bench.engrave(buffers[0]!, gate.fd);
    // After a job of its own, which comes before it anyway.
    const two = await bench.engrave(buffers[1]!, one);
    await guest.sleep(moment);
    expect(Number(await told('started')) - before, 'jobs begun while their fence waits').toBe(0);
    expect(await bench.ready(one), 'what poll() says of such a job').toBe('');
    await gate.signal();
    await guest.sleep(moment);
    expect(await bench.status(two), 'the status of a job after another one').toBe(1);
    await bench.engrave(buffers[2]!, two);
    await guest.sleep(moment);
    await engraved('after fences', ...all);
  });

  await requirement('shows-its-fences', async (bench) => {
    const buffer = await bench.foreign(contents(1));
    const [one, two] = [await bench.fence(), await bench.fence()];
    await bench.engrave(buffer, one.fd);
    await bench.engrave(buffer, two.fd);
    expect(await bench.ready(buffer), 'what poll() says of a buffer that is read').toBe('in');
    await one.signal();
    await guest.sleep(moment);
    expect(await bench.ready(buffer), 'what poll() says when one of two jobs is over').toBe('in');
    await two.signal();
    await guest.sleep(moment);
    expect(await bench.ready(buffer), 'what poll() says when both are over').toBe('in out');
  });

  await requirement('sees-late-writes', async (bench) => {
    const [early, late] = [contents(3), contents(3)];
    const [buffer, map] = await bench.filled(early);
    const gate = await bench.fence();
    await bench.sync(buffer, sync.start | sync.write);
    await bench.engrave(buffer, gate.fd);
    await bench.poke(map, late);
    await bench.sync(buffer, sync.end | sync.write);
    await gate.signal();
    await guest.sleep(moment);
    await engraved('when it was written after submission, between START and END', late);
  });

  await requirement('shows-what-devices-wrote', async (bench) => {
    const bytes = contents(2 + draw(3));
    const [buffer, map] = await bench.filled(bytes);
    await set('inspect', Number(buffer));
    // A device that is attached and has no mapping yet.
    await bench.sync(buffer, sync.start | sync.both);
    await bench.sync(buffer, sync.end | sync.both);
    expect(await told('seen'), 'the sum of what another device sees').toBe(String(sumOf(bytes)));
    const stamp = async (offset: number): Promise<void> => {
      bytes.writeUInt32LE(draw(), offset);
      await set('stamp', `${offset} ${bytes.readUInt32LE(offset)}`);
    };
    const shows = async (when: string): Promise<void> => {
      const got = await bench.peek(map, bytes.length);
      const same = sumOf(got) === sumOf(bytes);
      expect(same, `whether a program sees what the device wrote ${when}`).toBe(true);
      await bench.sync(buffer, sync.end | sync.read);
    };
    await stamp(8 + page * draw(2));
    await bench.sync(buffer, sync.start | sync.read);
    await shows('before START');
    const writer = await bench.fence();
    await bench.importFence(buffer, writer.fd, sync.write);
    const start = bench.sync(buffer, sync.start | sync.read);
    await expect(start, 'DMA_BUF_SYNC_START while a writer has a fence').toBlockFor('50ms');
    await stamp(16);
    await writer.signal(await guest.task());
    await expect(start, 'DMA_BUF_SYNC_START when the fence has signaled').toFinishWithin('1s');
    await shows('before its fence has signaled');
    await bench.sync(buffer, sync.start | sync.both);
    await bench.poke(map + 4n, bytes.subarray(100, 200));
    bytes.copy(bytes, 4, 100, 200);
    await bench.sync(buffer, sync.end | sync.both);
    expect(await told('seen'), 'the sum of what the device sees after END').toBe(String(sumOf(bytes)));
  });

  await requirement('serves-two-devices', async (bench) => {
    const [early, late] = [contents(4), contents(4)];
    const [buffer, map] = await bench.filled(early);
    const gate = await bench.fence();
    await bench.sync(buffer, sync.start | sync.write);
    await bench.engrave(buffer, gate.fd);
    await set('inspect', Number(buffer));
    expect(await told('seen'), 'the sum of what another device sees').toBe(String(sumOf(early)));
    await bench.poke(map, late);
    await bench.sync(buffer, sync.end | sync.write);
    expect(await told('seen'), 'the sum of what it sees after END').toBe(String(sumOf(late)));
    await set('inspect', -1);
    await gate.signal();
    await guest.sleep(moment);
    await engraved('beside another device', late);
  });

  await requirement('tells-errors', async (bench) => {
    const bytes = contents(1);
    const [buffer] = await bench.filled(bytes);
    await set('smoke', 1);
    await set('burn_ms', 50); // the second job has to wait for the first
    const [one, two] = [await bench.engrave(buffer), await bench.engrave(buffer)];
    await guest.sleep('200ms');
    expect(await bench.status(one), 'the status of a job that failed').toBe(-5);
    expect(await bench.status(two), 'the status of the job after it').toBe(1);
    expect(await bench.ready(buffer), 'what poll() says of the buffer').toBe('in out');
    await engraved('after a job that failed', bytes);
  });

  await requirement('outlives-programs', async (bench) => {
    const before = await guest.allocated(module);
    const victim = await Bench.of(guest, await guest.task({ separate: true }));
    const [a, b] = [contents(2), contents(1)];
    const buffers = [(await victim.filled(a))[0], await victim.foreign(b)];
    await set('burn_ms', 100);
    for (const buffer of buffers) await victim.engrave(buffer);
    await guest.signal(victim.task, 'kill');
    await guest.sleep('500ms');
    await engraved('for a process that was killed', a, b);
    // The same without any descriptor but that of the fence.
    const [buffer] = await bench.filled(a);
    const fence = await bench.engrave(buffer);
    await bench.close(buffer);
    await bench.unmap();
    await guest.sleep('300ms');
    await engraved('from a buffer that was closed', a);
    expect(await bench.status(fence), 'the status of that job').toBe(1);
    await bench.close(fence);
    await guest.sleep('500ms');
    expect(await guest.allocated(module), 'bytes the module holds after all of them').toBeAtMost(before);
  });

  await requirement('leaves-nothing', async (bench) => {
    await guest.sleep('500ms');
    const buffer = await bench.foreign(contents(1));
    const before = await guest.allocated(module);
    for (let i = 0; i < 3; i++) {
      const fence = await bench.engrave(buffer);
      await guest.sleep('30ms');
      await bench.close(fence);
      await expect(bench.engraving(buffer, buffer), 'engraving after what is no sync file').toFail('EINVAL');
      await bench.close(await bench.alloc(3));
    }
    // The last fence stays in the buffer.
    await bench.close(buffer);
    await guest.sleep('500ms');
    expect(await guest.allocated(module), 'bytes the module holds when all is closed').toBeAtMost(before);
  });

  await step('stays-while-needed', async () => {
    if (!guest.loaded.includes(module)) await guest.load(module);
    const bench = await Bench.of(guest, await guest.task());
    const stays = async (what: string): Promise<void> => {
      await bench.close(bench.device);
      await guest.sleep('500ms');
      await expect(guest.unload(module), `unloading with ${what}`).toFail('EAGAIN', 'EBUSY');
    };
    const buffer = await bench.alloc(1);
    await stays('a buffer that is open');
    bench.device = (await bench.task.open('/dev/engraver', 'rw')).fd;
    await bench.close(buffer);
    const theirs = await bench.foreign(contents(1));
    await bench.close(await bench.engrave(theirs));
    await stays('a fence in a buffer of another driver');
    expect(await bench.ready(theirs), 'what poll() says of that buffer').toBe('in out');
    await bench.leave();
    await guest.sleep('500ms');
    await guest.unload(module);
  });
});
