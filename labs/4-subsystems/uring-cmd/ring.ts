// SPDX-License-Identifier: Apache-2.0
// A process with a ring of io_uring that lies in its part of the arena: entries are put there and completions read
// without a system call.
import { expect, type OpenFile, type Task } from '#bringup/lab';

// include/uapi/linux/io_uring.h
const uringCmd = 46; // IORING_OP_URING_CMD
const asyncFlag = 16; // IOSQE_ASYNC
const getEvents = 1; // IORING_ENTER_GETEVENTS
const setup = {
  cqSize: 1 << 3,
  singleIssuer: 1 << 12,
  deferTaskrun: 1 << 13,
  noMmap: 1 << 14,
  noArray: 1 << 16,
};
const entries = 64;
const completions = 256;
const page = 4096;

/** What it takes until a measurement has had its effect. */
export const moment = '20ms';

// kiln.h
export const op = { read: 0x4b01, wait: 0x4b02, forget: 0x4b03, trim: 0x4b04 } as const;

/** What goes into a submission queue entry. */
export interface Command {
  op: number;
  degrees?: number;
  tag?: number;
  record?: bigint;
  /** IOSQE_ASYNC. */
  inWorker?: boolean;
}

export interface Completion {
  id: number;
  result: number;
}

const errnos: Record<number, string> = {
  2: 'ENOENT',
  4: 'EINTR',
  11: 'EAGAIN',
  14: 'EFAULT',
  16: 'EBUSY',
  22: 'EINVAL',
  25: 'ENOTTY',
  61: 'ENODATA',
  125: 'ECANCELED',
};

/** A result as evidence: the name of an errno, or a number. */
export const say = (result: number): string =>
  result < 0 ? (errnos[-result] ?? `errno ${-result}`) : String(result);

export class Ring {
  readonly task: Task;
  readonly fd: bigint;
  /** The device, as it was opened. */
  readonly file: OpenFile;
  #tail = 0;
  #seen = 0;
  #next = 1;
  /** Completions that came and were not asked for yet. */
  readonly #came: Completion[] = [];

  /** One ring for each task. `deferred`: completions are made only when the task asks for them. */
  static async on(device: OpenFile, deferred = false): Promise<Ring> {
    const { task } = device;
    const parameters = Buffer.alloc(120);
    const flags = setup.cqSize | setup.noMmap | setup.noArray;
    parameters.writeUInt32LE(completions, 4);
    parameters.writeUInt32LE(flags | (deferred ? setup.singleIssuer | setup.deferTaskrun : 0), 8);
    parameters.writeBigUInt64LE(task.arena.start, 72); // sq_off.user_addr: the entries
    parameters.writeBigUInt64LE(task.arena.start + BigInt(page), 112); // cq_off.user_addr: the rings
    const [, address] = task.buffers(Buffer.alloc(3 * page), parameters);
    return new Ring(device, await task.call('io_uring_setup', [entries, address!], 'io_uring_setup()'));
  }

  constructor(device: OpenFile, fd: bigint) {
    this.task = device.task;
    this.file = device;
    this.fd = fd;
  }

  /** Submits commands by one io_uring_enter(); gives their numbers. */
  async submit(...commands: Command[]): Promise<number[]> {
    const { ids, call } = this.submitting(...commands);
    await expect(call, call.what).toFinishWithin('5ms');
    await expect(call, call.what).toReturn(commands.length);
    return ids;
  }

  /** The call of submit() by itself. */
  submitting(...commands: Command[]) {
    const image = Buffer.alloc(page + 8);
    const ids = commands.map((command, i) => {
      const id = this.#next++;
      const at = ((this.#tail + i) % entries) * 64;
      image.writeUInt8(uringCmd, at);
      image.writeUInt8(command.inWorker ? asyncFlag : 0, at + 1);
      image.writeInt32LE(Number(this.file.fd), at + 4);
      image.writeUInt32LE(command.op, at + 8);
      image.writeBigUInt64LE(BigInt(id), at + 32);
      image.writeUInt32LE(command.degrees ?? 0, at + 48);
      image.writeUInt32LE(command.tag ?? 0, at + 52);
      image.writeBigUInt64LE(command.record ?? 0n, at + 56);
      return id;
    });
    // The head of the submission queue is what it is already: all that was submitted was taken.
    image.writeUInt32LE(this.#tail, page);
    this.#tail += commands.length;
    image.writeUInt32LE(this.#tail, page + 4);
    this.task.buffers(image);
    const what = `io_uring_enter() with ${commands.length === 1 ? 'a command' : `${commands.length} commands`}`;
    return { ids, call: this.task.call('io_uring_enter', [this.fd, commands.length, 0, 0, 0, 0], what) };
  }

  /** Overwrites all entries, as a program may when it has submitted them. */
  overwrite(byte: number): void {
    this.task.buffers(Buffer.alloc(page, byte));
  }

  /** Makes completions that are due, in a ring where that is the program's affair. */
  async ask(): Promise<void> {
    await this.task.call('io_uring_enter', [this.fd, 0, 0, getEvents, 0, 0], 'io_uring_enter()');
  }

  /** All completions that came and were not taken yet. */
  take(): Completion[] {
    const start = this.task.arena.start + BigInt(page);
    const tail = this.task.bytes(start + 12n, 4).readUInt32LE();
    for (; this.#seen !== tail; this.#seen++) {
      const entry = this.task.bytes(start + 64n + BigInt((this.#seen % completions) * 16), 16);
      this.#came.push({ id: Number(entry.readBigUInt64LE(0)), result: entry.readInt32LE(8) });
    }
    return this.#came.splice(0);
  }

  /** That just these commands have completed, with these results ('ECANCELED', '1040'). */
  completed(what: string, ...wanted: (readonly [id: number, result: string])[]): void {
    const text = (rows: (readonly [number, string])[]): string =>
      rows
        .map(([id, result]) => `command ${id}: ${result}`)
        .sort()
        .join(', ') || 'none';
    const got = text(this.take().map(({ id, result }) => [id, say(result)]));
    expect(got, `what has completed ${what}`).toBe(text([...wanted]));
  }

  close() {
    return this.task.call('close', [this.fd], 'close() of a ring');
  }
}

/** Memory that only the process has which made it: a place for records. */
export class Memory {
  readonly task: Task;
  readonly start: bigint;
  readonly #memfd: bigint;

  static async of(task: Task): Promise<Memory> {
    const [name] = task.buffers(Buffer.from('records\0'));
    const memfd = await task.call('memfd_create', [name!, 0], 'memfd_create()');
    await task.call('ftruncate', [memfd, page], 'ftruncate()');
    return new Memory(task, memfd, await task.call('mmap', [0, page, 3, 1, memfd, 0], 'mmap()'));
  }

  constructor(task: Task, memfd: bigint, start: bigint) {
    this.task = task;
    this.#memfd = memfd;
    this.start = start;
  }

  /** The address of a record. */
  at(index: number): bigint {
    return this.start + BigInt(index * 8);
  }

  /** What is at a record, read by another task: 'nothing', or its numbers. */
  async record(index: number, reader: Task): Promise<string> {
    const [into] = reader.buffers(Buffer.alloc(8));
    await reader.call('pread64', [this.#memfd, into!, 8, index * 8], 'pread()');
    return Memory.#say(reader.bytes(into!, 8));
  }

  static #say(bytes: Buffer): string {
    const [degrees, number] = [bytes.readUInt32LE(0), bytes.readUInt32LE(4)];
    return degrees || number ? `${degrees} degrees, number ${number}` : 'nothing';
  }

  async free(): Promise<void> {
    await this.task.call('munmap', [this.start, page], 'munmap()');
    await this.task.call('close', [this.#memfd]);
  }
}
