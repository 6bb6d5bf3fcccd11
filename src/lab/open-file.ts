// SPDX-License-Identifier: Apache-2.0
import type { Call } from '../machine/mailbox.ts';
import { sys, sys32 } from '../machine/syscalls.ts';
import { Failure } from './failure.ts';
import type { Pending } from './pending.ts';
import type { Task } from './task.ts';

/** How a file is opened. */
export type Mode = 'r' | 'w' | 'rw';
/** Flags of open(); a file that is made with `create` has mode 0644. */
export type OpenOptions = Partial<Record<keyof typeof openFlags, boolean>>;
export type PollEvent = 'in' | 'out' | 'err' | 'hup' | 'rdnorm' | 'wrnorm' | 'pri';

const modeFlags: Record<Mode, bigint> = { r: 0n, w: 1n, rw: 2n };
// include/uapi/asm-generic/fcntl.h
const openFlags = {
  create: 0o100n,
  exclusive: 0o200n,
  truncate: 0o1000n,
  append: 0o2000n,
  nonblock: 0o4000n,
};
// include/uapi/asm-generic/poll.h
const pollBits: Record<PollEvent, number> = {
  in: 1,
  pri: 2,
  out: 4,
  err: 8,
  hup: 16,
  rdnorm: 0x40,
  wrnorm: 0x100,
};
const whence = { start: 0n, current: 1n, end: 2n };

/** What open() takes after the path: flags and the mode of a new file. */
export function openArguments(mode: Mode, options: OpenOptions): [bigint, bigint] {
  let flags = modeFlags[mode];
  for (const [name, flag] of Object.entries(openFlags)) if (options[name as keyof OpenOptions]) flags |= flag;
  return [flags, options.create ? 0o644n : 0n];
}

/** An open file of a task. */
export class OpenFile {
  readonly task: Task;
  readonly fd: bigint;
  readonly path: string;

  constructor(task: Task, fd: bigint, path: string) {
    this.task = task;
    this.fd = fd;
    this.path = path;
  }

  /** The same open file for another task that shares the table of files (all but `separate` ones). */
  in(task: Task): OpenFile {
    return new OpenFile(task, this.fd, this.path);
  }

  /** A length computed from what the learner's module returned may be absurd: that is its failure. */
  read(length: number): Pending<Buffer> {
    if (!Number.isInteger(length) || length < 0)
      throw new Failure(`read() of ${this.path} can't go on: ${length} bytes are left`);
    const [address] = this.task.buffers(Buffer.alloc(length));
    return this.task.make(
      `read() of ${this.path}`,
      { nr: sys.read, args: [this.fd, address!, BigInt(length)] },
      ({ ret }) => this.task.bytes(address!, Math.min(Number(ret), length)),
    );
  }

  /** pread(): from a place of its own, whatever the file's position. */
  readAt(offset: number, length: number): Pending<Buffer> {
    const [address] = this.task.buffers(Buffer.alloc(length));
    const args = [this.fd, address!, BigInt(length), BigInt(offset)];
    return this.task.make(`pread() of ${this.path}`, { nr: sys.pread64, args }, ({ ret }) =>
      this.task.bytes(address!, Math.min(Number(ret), length)),
    );
  }

  write(data: string | Buffer): Pending<number> {
    const bytes = Buffer.from(data);
    const [address] = this.task.buffers(bytes);
    return this.task.make(
      `write() to ${this.path}`,
      { nr: sys.write, args: [this.fd, address!, BigInt(bytes.length)] },
      ({ ret }) => Number(ret),
    );
  }

  /** read() or write() with an address of your choice (see badAddress); gives the count. */
  readTo(address: bigint, length: number): Pending<number> {
    return this.task.make(
      `read() of ${this.path} into a bad address`,
      { nr: sys.read, args: [this.fd, address, BigInt(length)] },
      ({ ret }) => Number(ret),
    );
  }

  writeFrom(address: bigint, length: number): Pending<number> {
    return this.task.make(
      `write() to ${this.path} from a bad address`,
      { nr: sys.write, args: [this.fd, address, BigInt(length)] },
      ({ ret }) => Number(ret),
    );
  }

  seek(offset: number | bigint, from: keyof typeof whence = 'start'): Pending<number> {
    return this.task.make(
      `lseek() on ${this.path}`,
      { nr: sys.lseek, args: [this.fd, BigInt(offset), whence[from]] },
      ({ ret }) => Number(ret),
    );
  }

  /** ioctl() with a value, or with a buffer whose contents after the call are in `data`. */
  ioctl(
    request: number,
    argument: bigint | number | Buffer = 0n,
    options: { compat?: boolean } = {},
  ): Pending<{ ret: number; data: Buffer }> {
    const buffer = Buffer.isBuffer(argument) ? argument : undefined;
    const value = buffer ? this.task.buffers(buffer)[0]! : BigInt(argument as bigint | number);
    const call: Call = {
      nr: options.compat ? sys32.ioctl : sys.ioctl,
      args: [this.fd, BigInt(request), value],
      ...(options.compat && { compat: true }),
    };
    return this.task.make(`ioctl(0x${request.toString(16)}) on ${this.path}`, call, ({ ret }) => ({
      ret: Number(ret),
      data: buffer ? this.task.bytes(value, buffer.length) : Buffer.alloc(0),
    }));
  }

  /** The events of poll() that are ready, sorted; waits up to `timeout` ms of guest time (-1: for ever). */
  poll(events: readonly PollEvent[], timeout = 0): Pending<PollEvent[]> {
    const entry = Buffer.alloc(8);
    entry.writeInt32LE(Number(this.fd), 0);
    entry.writeInt16LE(
      events.reduce((bits, name) => bits | pollBits[name], 0),
      4,
    );
    const [address] = this.task.buffers(entry);
    return this.task.make(
      `poll() of ${this.path}`,
      { nr: sys.poll, args: [address!, 1n, BigInt(timeout)] },
      () => {
        const ready = this.task.bytes(address!, 8).readInt16LE(6);
        return (Object.keys(pollBits) as PollEvent[]).filter((name) => ready & pollBits[name]).sort();
      },
    );
  }

  close(): Pending<void> {
    return this.task.make(`close() of ${this.path}`, { nr: sys.close, args: [this.fd] }, () => {
      this.task.openFiles.delete(this.fd);
    });
  }
}
