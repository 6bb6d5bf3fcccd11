// SPDX-License-Identifier: Apache-2.0
// A process with the engraver, and what the kernel has beside it: udmabuf, sw_sync and sync files.
import { expect, type Guest, type Task } from '#bringup/lab';

const page = 4096;
// include/uapi/linux/dma-buf.h, sync_file.h, udmabuf.h, drivers/dma-buf/sw_sync.c, engraver.h
const ioctls = {
  sync: 0x40086200,
  exportFence: 0xc0086202,
  importFence: 0x40086203,
  fileInfo: 0xc0383e04,
  makeFence: 0xc0285700,
  increment: 0x40045701,
  makeUdmabuf: 0x40187542,
  alloc: 0x4501,
  engrave: 0x40084502,
};
/** DMA_BUF_SYNC_*. */
export const sync = { read: 1, write: 2, both: 3, start: 0, end: 4 } as const;

/** The sum that the model makes of words. */
export const sumOf = (bytes: Buffer): number => {
  let sum = 2166136261;
  for (let at = 0; at < bytes.length; at += 4) sum = Math.imul(sum ^ bytes.readUInt32LE(at), 16777619);
  return sum >>> 0;
};

const int = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
};

export class Bench {
  readonly task: Task;
  readonly #guest: Guest;
  readonly #open = new Set<bigint>();
  readonly #maps: [address: bigint, bytes: number][] = [];
  #scratch = 0n;
  device = 0n;
  #udmabuf = 0n;

  static async of(guest: Guest, task: Task): Promise<Bench> {
    const bench = new Bench(guest, task);
    bench.device = (await task.open('/dev/engraver', 'rw')).fd;
    bench.#scratch = await bench.#memfd(0);
    bench.#open.delete(bench.#scratch);
    return bench;
  }

  constructor(guest: Guest, task: Task) {
    this.#guest = guest;
    this.task = task;
  }

  async #memfd(flags: number): Promise<bigint> {
    const [name] = this.task.buffers(Buffer.from('bench\0'));
    return this.#keep(await this.task.call('memfd_create', [name!, flags], 'memfd_create()'));
  }

  #keep(fd: bigint): bigint {
    this.#open.add(fd);
    return fd;
  }

  /** An ioctl() with bytes, which are given back as they are afterwards. */
  async #control(fd: bigint, request: number, bytes: Buffer, what: string): Promise<Buffer> {
    const [address] = this.task.buffers(bytes);
    await this.task.call('ioctl', [fd, request, address!], what);
    return this.task.bytes(address!, bytes.length);
  }

  allocating(pages: number) {
    return this.task.call('ioctl', [this.device, ioctls.alloc, pages], `ENGRAVER_ALLOC of ${pages} pages`);
  }

  /** A buffer of the engraver's. */
  async alloc(pages: number): Promise<bigint> {
    return this.#keep(await this.allocating(pages));
  }

  /** A buffer of another exporter's, with contents. */
  async foreign(contents: Buffer): Promise<bigint> {
    const memfd = await this.#memfd(2); // MFD_ALLOW_SEALING
    const [from] = this.task.buffers(contents);
    await this.task.call('pwrite64', [memfd, from!, contents.length, 0]);
    await this.task.call('fcntl', [memfd, 1033, 2]); // F_ADD_SEALS, F_SEAL_SHRINK
    if (!this.#udmabuf) this.#udmabuf = (await this.task.open('/dev/udmabuf', 'rw')).fd;
    const create = Buffer.alloc(24);
    create.writeUInt32LE(Number(memfd), 0);
    create.writeBigUInt64LE(BigInt(contents.length), 16);
    const [address] = this.task.buffers(create);
    return this.#keep(await this.task.call('ioctl', [this.#udmabuf, ioctls.makeUdmabuf, address!]));
  }

  engraving(buffer: bigint, after = -1n) {
    const [address] = this.task.buffers(Buffer.concat([int(Number(buffer)), int(Number(after))]));
    return this.task.call('ioctl', [this.device, ioctls.engrave, address!], 'ENGRAVER_ENGRAVE');
  }

  /** Submits a job; gives its sync file. */
  async engrave(buffer: bigint, after = -1n): Promise<bigint> {
    const call = this.engraving(buffer, after);
    await expect(call, call.what).toFinishWithin('10ms');
    return this.#keep(await call);
  }

  async map(buffer: bigint, pages: number): Promise<bigint> {
    const map = await this.task.call('mmap', [0, pages * page, 3, 1, buffer, 0], 'mmap() of a buffer');
    this.#maps.push([map, pages * page]);
    return map;
  }

  async poke(address: bigint, bytes: Buffer): Promise<void> {
    const [from] = this.task.buffers(bytes);
    await this.task.call('pwrite64', [this.#scratch, from!, bytes.length, 0]);
    await this.task.call('pread64', [this.#scratch, address, bytes.length, 0], 'writing to a mapping');
  }

  async peek(address: bigint, length: number): Promise<Buffer> {
    await this.task.call('pwrite64', [this.#scratch, address, length, 0], 'reading from a mapping');
    const [into] = this.task.buffers(Buffer.alloc(length));
    await this.task.call('pread64', [this.#scratch, into!, length, 0]);
    return this.task.bytes(into!, length);
  }

  /** DMA_BUF_IOCTL_SYNC. */
  sync(buffer: bigint, flags: number) {
    const bytes = Buffer.alloc(8);
    bytes.writeUInt32LE(flags);
    const [address] = this.task.buffers(bytes);
    const what = `DMA_BUF_SYNC_${flags & sync.end ? 'END' : 'START'}`;
    return this.task.call('ioctl', [buffer, ioctls.sync, address!], what);
  }

  /** A buffer with contents, and where it is mapped. */
  async filled(contents: Buffer): Promise<readonly [buffer: bigint, map: bigint]> {
    const pages = contents.length / page;
    const buffer = await this.alloc(pages);
    const map = await this.map(buffer, pages);
    await this.sync(buffer, sync.start | sync.both);
    await this.poke(map, contents);
    await this.sync(buffer, sync.end | sync.both);
    return [buffer, map];
  }

  /** A fence of a program's own, and what signals it. */
  async fence(): Promise<{ fd: bigint; signal: (by?: Task) => PromiseLike<unknown> }> {
    const timeline = this.#keep((await this.task.open('/sys/kernel/debug/sync/sw_sync', 'rw')).fd);
    const request = Buffer.alloc(40);
    request.writeUInt32LE(1);
    const fd = (
      await this.#control(timeline, ioctls.makeFence, request, 'SW_SYNC_IOC_CREATE_FENCE')
    ).readInt32LE(36);
    return {
      fd: this.#keep(BigInt(fd)),
      signal: (by = this.task) => {
        const [one] = by.buffers(int(1));
        return by.call('ioctl', [timeline, ioctls.increment, one!], 'SW_SYNC_IOC_INC');
      },
    };
  }

  /** Puts a fence into a buffer, as that of who writes or reads. */
  async importFence(buffer: bigint, fence: bigint, flags: number): Promise<void> {
    await this.#control(
      buffer,
      ioctls.importFence,
      Buffer.concat([int(flags), int(Number(fence))]),
      'importing a fence',
    );
  }

  /** What poll() says of a dma-buf or a sync file: 'in', 'out', 'in out', ''. */
  async ready(fd: bigint): Promise<string> {
    const entry = Buffer.alloc(8);
    entry.writeInt32LE(Number(fd), 0);
    entry.writeInt16LE(5, 4);
    const [address] = this.task.buffers(entry);
    await this.task.call('poll', [address!, 1, 0], 'poll()');
    const events = this.task.bytes(address!, 8).readInt16LE(6);
    return [events & 1 ? 'in' : '', events & 4 ? 'out' : ''].filter(Boolean).join(' ');
  }

  /** The status of a sync file: 0 before it has signaled, 1 after that, or a negative errno. */
  async status(fence: bigint): Promise<number> {
    return (await this.#control(fence, ioctls.fileInfo, Buffer.alloc(56), 'SYNC_IOC_FILE_INFO')).readInt32LE(
      32,
    );
  }

  async close(fd: bigint): Promise<void> {
    this.#open.delete(fd);
    this.task.openFiles.delete(fd);
    await this.task.call('close', [fd], 'close()');
  }

  async unmap(): Promise<void> {
    for (const [address, bytes] of this.#maps.splice(0)) await this.task.call('munmap', [address, bytes]);
  }

  /** Unmaps and closes all but the device. */
  async leave(): Promise<void> {
    if (this.task.busy || this.task.dead) return;
    await this.unmap();
    for (const fd of [...this.#open]) await this.close(fd);
    await this.#guest.sleep('50ms');
  }
}
