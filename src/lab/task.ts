// SPDX-License-Identifier: Apache-2.0
import type { Asked } from '../machine/calls.ts';
import { pseudo, type Call, type Outcome } from '../machine/mailbox.ts';
import type { Machine } from '../machine/machine.ts';
import { sys } from '../machine/syscalls.ts';
import { Failure } from './failure.ts';
import { openArguments, OpenFile, type Mode, type OpenOptions } from './open-file.ts';
import { Pending, type PendingOptions } from './pending.ts';
import { Row, type RowResult } from './storm.ts';

const longestFile = 32 << 20;
const mostFiles = 1n << 20n;
/** Guest nanoseconds one turn of a row of calls may take; in the racing lane they are real ones. */
const turnLimit = 10_000_000_000n;

// include/uapi/linux/sched.h
const policies = { other: 0, fifo: 1, idle: 5 } as const;

/** An address no user program may read or write, and one that is not mapped. */
export const badAddress = { kernel: 0xffff_8880_0000_0000n, unmapped: 0x8n } as const;

export type SyscallName = keyof typeof sys;

/** A process in the guest that makes system calls, one at a time. */
export class Task {
  readonly slot: number;
  readonly pid: number;
  readonly #machine: Machine;
  readonly #whereabouts: (asked: Asked) => Promise<string>;
  #busy: Asked | undefined;
  #stuckIn: string | undefined;
  #asking: Promise<unknown> = Promise.resolve();

  /** Descriptor → path of the files in the table this task uses, which it may share with others. */
  readonly openFiles: Map<bigint, string>;

  constructor(
    machine: Machine,
    slot: number,
    pid: number,
    openFiles: Map<bigint, string>,
    whereabouts: (asked: Asked) => Promise<string>,
  ) {
    this.openFiles = openFiles;
    this.#machine = machine;
    this.slot = slot;
    this.pid = pid;
    this.#whereabouts = whereabouts;
  }

  /** True once a call ended because the task was killed. */
  get dead(): boolean {
    return (this.#busy?.outcome?.signal ?? 0) !== 0;
  }

  /** True while a call of this task has not returned. */
  get busy(): boolean {
    return this.#busy !== undefined && this.#busy.outcome === undefined;
  }

  /** Resolves when every call that was asked for has begun; only then is `busy` the whole truth. */
  async begun(): Promise<void> {
    await this.#asking;
  }

  /** Opens a file. */
  open(path: string, mode: Mode = 'r', options: OpenOptions = {}): Pending<OpenFile> {
    const [address] = this.buffers(Buffer.from(`${path}\0`));
    const call = { nr: sys.open, args: [address!, ...openArguments(mode, options)] };
    return this.make(`open() of ${path}`, call, ({ ret }) => {
      if (ret > mostFiles)
        throw new Failure(`open() of ${path} returned ${ret}, which is no file descriptor`);
      this.openFiles.set(ret, path);
      return new OpenFile(this, ret, path);
    });
  }

  /** Opens, reads to the end, closes. */
  async readFile(path: string): Promise<string> {
    const file = await this.open(path, 'r');
    const parts: Buffer[] = [];
    for (;;) {
      const part = await file.read(32768);
      if (part.length === 0) break;
      parts.push(part);
      if (parts.length * 32768 > longestFile)
        throw new Failure(`read() of ${path} has no end: more than ${longestFile >> 20} MiB came`);
    }
    await file.close();
    return Buffer.concat(parts).toString('latin1');
  }

  /** Opens, writes all at once, closes. The write's own error is thrown. */
  async writeFile(path: string, data: string | Buffer, options: OpenOptions = {}): Promise<void> {
    const file = await this.open(path, 'w', options);
    try {
      await file.write(data);
    } finally {
      // A write that does not come back is what has to be told, and its task can't close anything.
      if (!this.busy) await file.close();
    }
  }

  /** Any system call by name or number, with raw arguments; gives what the kernel returned. */
  call(name: SyscallName | number, args: readonly (bigint | number)[], what?: string): Pending<bigint> {
    const nr = typeof name === 'number' ? name : sys[name];
    return this.make(what ?? `${String(name)}()`, { nr, args: args.map(BigInt) }, ({ ret }) => ret);
  }

  /** Sleeps in the guest for nanoseconds. */
  sleep(ns: bigint): Pending<void> {
    const time = Buffer.alloc(16);
    time.writeBigInt64LE(ns / 1_000_000_000n, 0);
    time.writeBigInt64LE(ns % 1_000_000_000n, 8);
    const [address] = this.buffers(time);
    return this.make('nanosleep()', { nr: sys.nanosleep, args: [address!, 0n] }, () => undefined);
  }

  /** Runs a program of the guest to its end; gives its exit status and what it printed. */
  async run(argv: readonly string[]): Promise<{ status: number; output: string }> {
    const path = `/tmp/.output-${this.slot}`;
    const block = Buffer.from(`${argv.join('\0')}\0\0`);
    const [args, output] = this.buffers(block, Buffer.from(`${path}\0`));
    const status = await this.make(argv.join(' '), { nr: pseudo.exec, args: [args!, output!] }, ({ ret }) =>
      Number(ret),
    );
    return { status: status & 0x7f ? 128 + (status & 0x7f) : status >> 8, output: await this.readFile(path) };
  }

  /** Keeps the task on one processor: in the racing lane there are 0 and 1. */
  async pin(processor: number): Promise<void> {
    const mask = Buffer.alloc(8);
    mask.writeBigUInt64LE(1n << BigInt(processor));
    const [address] = this.buffers(mask);
    await this.call(
      'sched_setaffinity',
      [0n, 8n, address!],
      `pinning task ${this.slot} to processor ${processor}`,
    );
  }

  /**
   * Changes when the task runs: `fifo` before all others as soon as it can, `idle` only when no other wants to, `other`
   * as usual (sched(7)).
   */
  async schedule(policy: keyof typeof policies): Promise<void> {
    const parameters = Buffer.alloc(4);
    parameters.writeInt32LE(policy === 'fifo' ? 10 : 0);
    const [address] = this.buffers(parameters);
    const args = [0, policies[policy], address!];
    await this.call('sched_setscheduler', args, `giving task ${this.slot} the policy ${policy}`);
  }

  /** A row of calls, made over and over; see Guest.storm. */
  storm(times: number, together: number, describe: (row: Row) => void): Pending<RowResult> {
    const row = new Row();
    describe(row);
    const { bytes, buffers } = row.parts;
    const [, ...addresses] = this.buffers(Buffer.alloc(bytes), ...buffers);
    const [start] = this.buffers(row.encode(times, together, addresses));
    return this.make(
      `${times} turns of a row of calls`,
      { nr: pseudo.storm, args: [start!] },
      () => row.decode(this.bytes(start!, bytes)),
      { limit: turnLimit, done: () => row.turns(this.bytes(start!, bytes)) },
    );
  }

  /** Puts buffers one after the other into the task's part of the arena; gives their addresses. */
  buffers(...contents: Buffer[]): bigint[] {
    let next = this.arena.start;
    return contents.map((bytes) => {
      const address = next;
      next += BigInt((bytes.length + 15) & ~15);
      if (next > this.arena.end)
        throw new RangeError(`a task has ${this.arena.end - this.arena.start} bytes for its buffers`);
      this.#machine.mailbox.put(address, bytes);
      return address;
    });
  }

  /** The task's own part of the arena. Its contents last until the next call. */
  get arena(): { start: bigint; end: bigint } {
    return this.#machine.arenaOf(this.slot);
  }

  bytes(address: bigint, length: number): Buffer {
    // The length is often what the kernel returned, and may be anything.
    if (length < 0 || address + BigInt(Math.trunc(length)) > this.arena.end) {
      throw new Failure(`a call returned ${length} bytes, more than there was room for`);
    }
    return this.#machine.mailbox.get(address, length);
  }

  /** Asks for a call. Throws when the task still has one under way: that is a mistake of the check. */
  make<T>(
    what: string,
    call: Call,
    finish: (outcome: Outcome) => T,
    options: Pick<PendingOptions<T>, 'vital' | 'limit' | 'done'> = {},
  ): Pending<T> {
    if (this.#stuckIn !== undefined && this.busy)
      throw new Failure(`${this.#stuckIn} still has not returned`);
    if (this.busy) throw new Error(`task ${this.slot} can't call ${what}: its last call has not returned`);
    const asked = this.#asking.then(
      async () => (this.#busy = await this.#machine.caller.ask(this.slot, call)),
    );
    this.#asking = asked.catch(() => {});
    return new Pending({
      what,
      asked,
      caller: this.#machine.caller,
      finish,
      whereabouts: this.#whereabouts,
      ...options,
      onStuck: (what) => (this.#stuckIn = what),
    });
  }
}
