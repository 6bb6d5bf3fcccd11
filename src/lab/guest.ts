// SPDX-License-Identifier: Apache-2.0
import type { Message } from '../console/message.ts';
import type { Asked } from '../machine/calls.ts';
import { pseudo } from '../machine/mailbox.ts';
import type { Machine } from '../machine/machine.ts';
import { sys } from '../machine/syscalls.ts';
import { nanoseconds, type Duration } from './duration.ts';
import { Failure } from './failure.ts';
import type { OpenOptions } from './open-file.ts';
import { Pending, SyscallError } from './pending.ts';
import type { Row, RowResult } from './storm.ts';
import { Task } from './task.ts';
import { listen, type Action, type Uevents } from './uevents.ts';

export type Parameters = Record<string, string | number>;

/** As many as were asked for, where the number is written in the check. */
type Tasks<N extends number> = N extends 2
  ? [Task, Task]
  : N extends 3
    ? [Task, Task, Task]
    : N extends 4
      ? [Task, Task, Task, Task]
      : Task[];

/** Processes and modules of the machine a check runs in. */
export class Guest {
  readonly #machine: Machine;
  /** Module name → its bytes, as they are to be loaded. */
  readonly #modules: ReadonlyMap<string, Buffer>;
  readonly #loaded = new Set<string>();
  /** Files open in the table that all tasks share but the separate ones. */
  readonly #shared = new Map<bigint, string>();
  readonly #separate = new Set<Task>();
  #spawning: Promise<unknown> = Promise.resolve();
  #idle: Task[] = [];
  #taken: Task[] = [];
  readonly #main: Task;

  constructor(machine: Machine, modules: ReadonlyMap<string, Buffer>) {
    this.#machine = machine;
    this.#modules = modules;
    // Slot 1 loads modules and reads files; the others are for checks. The last one shares no files.
    const pids = machine.taskPids();
    this.#main = this.#newTask(1, pids.get(1)!);
    for (const [slot, pid] of pids) if (slot > 1 && slot < 4) this.#idle.push(this.#newTask(slot, pid));
  }

  /** The task that `load`, `readFile` and the like use. */
  get main(): Task {
    return this.#main;
  }

  /** Modules that are loaded now, in the order they were loaded. */
  get loaded(): string[] {
    return [...this.#loaded];
  }

  /** Tasks of their own for this step; they share one table of open files. */
  async tasks<N extends number>(count: N): Promise<Tasks<N>> {
    return (await Promise.all(Array.from({ length: count }, () => this.task()))) as Tasks<N>;
  }

  /**
   * One task for this step. `separate`: with a table of open files of its own, so that killing it
   * closes them.
   */
  async task(options: { separate?: boolean } = {}): Promise<Task> {
    const task =
      (options.separate ? undefined : this.#idle.pop()) ?? (await this.#spawn(options.separate ?? false));
    this.#taken.push(task);
    if (options.separate) this.#separate.add(task);
    return task;
  }

  /**
   * Lets tasks make rows of calls over and over, without the host between them: what it takes for processes
   * to get into each other's way. They begin at one moment; in the racing lane each of the first two has a
   * processor of its own. Gives, row by row and call by call, how often it succeeded. A call on a file that
   * a row could not open is left out of that turn.
   */
  async storm(...rows: { task: Task; times: number; row: (row: Row) => void }[]): Promise<RowResult[]> {
    for (const [processor, { task }] of rows.entries()) await task.pin(processor % this.#machine.processors);
    this.#machine.mailbox.resetStorms();
    const pending = rows.map(({ task, times, row }) => task.storm(times, rows.length, row));
    const results: RowResult[] = [];
    for (const one of pending) results.push(await one);
    return results;
  }

  /** Loads a module with parameters. Fails with the errno its init returned. */
  load(name: string, parameters: Parameters = {}, task: Task = this.#main): Pending<void> {
    const image = this.#modules.get(name);
    if (!image) throw new Error(`the lab has no module ${name}`);
    const text = Object.entries(parameters)
      .map(([key, value]) => `${key}=${value}`)
      .join(' ');
    const bulk = this.#machine.bulk;
    const at = bulk.start + BigInt((image.length + 15) & ~15);
    if (at + BigInt(text.length + 1) > bulk.end) {
      throw new Failure(
        `${name}.ko has ${image.length} bytes; a machine takes ${bulk.end - bulk.start} at most`,
      );
    }
    this.#machine.mailbox.put(bulk.start, image);
    this.#machine.mailbox.put(at, Buffer.from(`${text}\0`));
    const what = `loading ${name}.ko${text ? ` with ${text}` : ''}`;
    return task.make(
      what,
      { nr: sys.init_module, args: [bulk.start, BigInt(image.length), at] },
      () => {
        this.#loaded.add(name);
      },
      { vital: true },
    );
  }

  /** Unloads a module. Fails with EBUSY or EWOULDBLOCK while it is in use. */
  unload(name: string, task: Task = this.#main): Pending<void> {
    // A module's name is that of its file with underscores for hyphens (scripts/Makefile.lib).
    const [address] = task.buffers(Buffer.from(`${name.replaceAll('-', '_')}\0`));
    return task.make(
      `unloading ${name}`,
      { nr: sys.delete_module, args: [address!, 0o4000n] },
      () => {
        this.#loaded.delete(name);
      },
      { vital: true },
    );
  }

  /** Signals a task. `interrupt` makes a sleeping call return EINTR unless the driver forbids it; `restart` lets it go on. */
  async signal(task: Task, kind: 'interrupt' | 'restart' | 'kill'): Promise<void> {
    const number = { interrupt: 10n, restart: 12n, kill: 9n }[kind];
    await this.#helper().call('kill', [BigInt(task.pid), number], `signalling task ${task.slot}`);
  }

  /** Lets guest time pass. */
  async sleep(duration: Duration): Promise<void> {
    await this.#machine.caller.pass(nanoseconds(duration));
  }

  readFile(path: string): Promise<string> {
    return this.#helper().readFile(path);
  }

  writeFile(path: string, data: string | Buffer, options: OpenOptions = {}): Promise<void> {
    return this.#helper().writeFile(path, data, options);
  }

  async exists(path: string): Promise<boolean> {
    try {
      const helper = this.#helper();
      const [address] = helper.buffers(Buffer.from(`${path}\0`));
      await helper.call('stat', [address!, helper.arena.start + 8192n], `stat() of ${path}`);
      return true;
    } catch (error) {
      if (error instanceof SyscallError && error.errno === 'ENOENT') return false;
      throw error;
    }
  }

  /**
   * Bytes that a module's own calls have allocated and not freed (Documentation/mm/allocation-profiling.rst). What
   * a function of the kernel allocates for it, such as kstrdup(), is counted for that function's file: `also` matches
   * the files that count too.
   */
  async allocated(module: string, also?: RegExp): Promise<number> {
    const name = `[${module.replaceAll('-', '_')}]`;
    const lines = (await this.readFile('/proc/allocinfo')).split('\n');
    return lines
      .filter((line) => line.includes(name) || also?.test(line))
      .reduce((sum, line) => sum + parseInt(line, 10), 0);
  }

  /** What the kernel tells udev of devices from now on; with `only`, of one action. */
  async uevents(task: Task, options: { only?: Action } = {}): Promise<Uevents> {
    return listen(task, options.only);
  }

  /** Messages the kernel has logged since the check began. */
  log(): Message[] {
    return this.#machine.logSinceStart();
  }

  /**
   * Gives back the tasks of a step and closes the files it left open. Tasks that are still in a call, and
   * separate ones, are killed.
   */
  async endStep(): Promise<void> {
    const taken = this.#taken;
    this.#taken = [];
    for (const task of taken) {
      // A step that failed may leave a call behind that was asked for and has not begun.
      await task.begun();
      if (task.busy || this.#separate.has(task)) await this.signal(task, 'kill').catch(() => {});
      else if (!task.dead) this.#idle.push(task);
    }
    for (const [fd, path] of this.#shared) await this.#helper().call('close', [fd], `close() of ${path}`);
    this.#shared.clear();
  }

  /** A task that is free for a short call of the engine's own. */
  #helper(): Task {
    const free = [this.#main, ...this.#idle].find((task) => !task.busy && !task.dead);
    if (!free) throw new Failure('no task is free: all are in calls that do not return');
    return free;
  }

  /** One at a time: the agent's slot takes one call. */
  #spawn(separate: boolean): Promise<Task> {
    const spawned = this.#spawning.then(() => this.#spawnNow(separate));
    this.#spawning = spawned.catch(() => {});
    return spawned;
  }

  async #spawnNow(separate: boolean): Promise<Task> {
    const { caller } = this.#machine;
    const outcome = await caller.settle(
      await caller.ask(0, { nr: pseudo.spawn, args: [separate ? 0n : 1n] }),
      1_000_000_000n,
    );
    if (!outcome || outcome.ret < 0n) throw new Failure('the machine could not start another task');
    const slot = Number(outcome.ret);
    return this.#newTask(slot, this.#machine.taskPids().get(slot)!, separate);
  }

  #newTask(slot: number, pid: number, separate = false): Task {
    return new Task(this.#machine, slot, pid, separate ? new Map<bigint, string>() : this.#shared, (asked) =>
      this.#whereabouts(asked, pid),
    );
  }

  /** Where a task that does not come back is, from its kernel stack. */
  async #whereabouts(asked: Asked, pid: number): Promise<string> {
    if (asked.outcome) return '';
    try {
      const stack = await this.#helper().readFile(`/proc/${pid}/stack`);
      const frame = stack.split('\n').find((line) => /\[\w+\]$/.test(line)) ?? stack.split('\n')[0];
      const name = /\] (\S+)\+0x/.exec(frame ?? '')?.[1];
      return name ? ` (it is in ${name}())` : '';
    } catch {
      return '';
    }
  }
}
