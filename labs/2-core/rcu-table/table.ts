// SPDX-License-Identifier: Apache-2.0
// The table of rules, its questions and its rows of calls.
import { expect, SyscallError, type Guest, type OpenFile, type Row, type Task } from '#bringup/lab';

export const device = '/dev/doors';
const askRequest = 0x400cdc01;
/** Documentation/arch/x86/x86_64/mm.rst; no module but the learner's has a function in these stacks. */
const modulesBegin = 0xffff_ffff_a000_0000n;

export interface Question {
  badge: number;
  door: number;
  code: number;
}

export interface Rule {
  id: number;
  first: number;
  last: number;
  doors: bigint;
  code: number;
  passes?: number;
}

const bytesOf = ({ badge, door, code }: Question): Buffer => {
  const bytes = Buffer.alloc(12);
  [badge, door, code].forEach((number, i) => bytes.writeUInt32LE(number, 4 * i));
  return bytes;
};

/** What the check and its race do with a table. */
export class Table {
  readonly file: OpenFile;
  readonly guest: Guest;

  constructor(guest: Guest, file: OpenFile) {
    this.guest = guest;
    this.file = file;
  }

  static async open(guest: Guest, module: string): Promise<Table> {
    if (!guest.loaded.includes(module)) {
      await guest.load(module);
      await guest.writeFile('/sys/kernel/rcu_expedited', '1');
    }
    const table = new Table(guest, await (await guest.task()).open(device, 'rw'));
    await table.give('clear');
    return table;
  }

  /** '' for 0, else the name of the error. */
  async ask(question: Question, task: Task = this.file.task): Promise<string> {
    try {
      await this.file.in(task).ioctl(askRequest, bytesOf(question));
      return '';
    } catch (error) {
      if (error instanceof SyscallError) return error.errno;
      throw error;
    }
  }

  async give(command: string): Promise<void> {
    await expect(this.file.write(command), `"${command}"`).toReturn(command.length);
  }

  /** Many commands, in portions for which a task has room. */
  async giveAll(commands: readonly string[]): Promise<void> {
    for (let from = 0; from < commands.length; from += 256) {
      const portion = commands.slice(from, from + 256);
      const [results] = await this.guest.storm({ task: this.file.task, times: 1, row: this.row(portion) });
      const bad = results!.findIndex(({ good }) => good !== 1);
      expect(bad < 0 ? '' : `${portion[bad]}: ${results![bad]!.error}`, 'what failed of many commands').toBe(
        '',
      );
    }
  }

  /** The table as text, read in pieces of that many bytes. */
  async text(piece = 4096, between?: () => Promise<void>): Promise<string> {
    const reader = await this.file.task.open(device, 'r');
    const parts: string[] = [];
    for (let turn = 0; turn < 1000; turn++) {
      const part = await reader.read(piece);
      if (part.length === 0) break;
      parts.push(part.toString());
      await between?.();
    }
    await reader.close();
    return parts.join('');
  }

  /** A row of calls: commands, questions and pauses in microseconds. */
  row(calls: readonly (string | Question | number)[]): (row: Row) => void {
    return (row) => {
      for (const call of calls) {
        if (typeof call === 'string') row.write(this.file, call);
        else if (typeof call !== 'number') row.ioctl(this.file, askRequest, bytesOf(call));
        else row.sleep(`${call}us`);
      }
    };
  }
}

/** Runs `work` while this task has idle priority: whoever wakes up interrupts it at once, wherever it is. */
export async function atIdlePriority(task: Task, work: () => Promise<void>): Promise<void> {
  await task.schedule('idle');
  await work();
  await task.schedule('other');
}

/**
 * The locks for which a function of the module called one of the kernel's locking functions, in `work`, done by
 * `task`: from the kernel's own trace. A read-side section shows too, but without such a function.
 */
export async function locksOf(guest: Guest, task: Task, work: () => Promise<void>): Promise<string[]> {
  const tracing = '/sys/kernel/debug/tracing';
  // Taking the stack is itself a reader of RCU.
  await guest.writeFile(
    `${tracing}/events/lock/lock_acquire/filter`,
    `common_pid == ${task.pid} && name != "rcu_read_lock"`,
  );
  const set = async (name: string, value: 0 | 1): Promise<void> =>
    guest.writeFile(`${tracing}/${name}`, String(value));
  const settings = ['options/stacktrace', 'options/sym-addr', 'events/lock/lock_acquire/enable'];
  for (const name of settings) await set(name, 1);
  let trace: string;
  try {
    await work();
    await set('events/lock/lock_acquire/enable', 0);
    trace = await guest.readFile(`${tracing}/trace`); // is put into words now, as the options say
  } finally {
    for (const name of settings.toReversed()) await set(name, 0);
  }
  const found: string[] = [];
  // An event, and the stack under it: '… lock_acquire: 00000000c0ffee00 read &lock', ' => lock_acquire <ffffffff81…>', …
  for (const taken of trace.split(/(?=^.*lock_acquire: )/m)) {
    const name = /lock_acquire: \S+ (.*)/.exec(taken)?.[1];
    const frames = [...taken.matchAll(/^ => (\S+) <(\w+)>$/gm)];
    const own = frames.findIndex(([, , address]) => BigInt(`0x${address}`) >= modulesBegin);
    const caller = frames[own - 1]?.[1] ?? '';
    if (/^(_raw_(spin|read|write)|(ww_|rt_)?mutex_|down|__?percpu_down|rwsem_)/.test(caller))
      found.push(`${caller}(${name})`);
  }
  return found;
}
