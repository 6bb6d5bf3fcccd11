// SPDX-License-Identifier: Apache-2.0
// A process that maps the sheet, and reaches what it mapped.
import { expect, type OpenFile, type Task } from '#bringup/lab';

export const page = 4096;
// PROT_READ, and with PROT_WRITE; MAP_SHARED and MAP_PRIVATE.
export const [readable, writable, shared, isPrivate] = [1, 3, 1, 2];

/** A process that maps, and reaches what is mapped through a file in memory. */
export class User {
  readonly task: Task;
  readonly #memfd: bigint;
  readonly #mapped = new Map<bigint, number>();

  static async in(task: Task): Promise<User> {
    const [name] = task.buffers(Buffer.from('user\0'));
    return new User(task, await task.call('memfd_create', [name!, 0], 'memfd_create()'));
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
    return this.task.call('mprotect', [start, length * page, writable], 'mprotect() with PROT_WRITE');
  }

  async pipe(): Promise<readonly [bigint, bigint]> {
    const [ends] = this.task.buffers(Buffer.alloc(8));
    await this.task.call('pipe2', [ends!, 0], 'pipe2()');
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

/** Whether the call failed for want of memory, in a round where it may; any other failure is thrown. */
export async function lacksMemory(n: number, errno: string, call: PromiseLike<unknown>): Promise<boolean> {
  try {
    await call;
    return false;
  } catch (error) {
    if (n > 0 && error instanceof Error && 'errno' in error && error.errno === errno) return true;
    throw error;
  }
}
