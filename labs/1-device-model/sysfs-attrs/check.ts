// SPDX-License-Identifier: Apache-2.0
import { check, expect, SyscallError, type Guest, type OpenFile, type Task } from '#bringup/lab';

const base = '/sys/class/locker';
const forAll = { label: 0o644, rent_minutes: 0o644, state: 0o444, history: 0o444, remove: 0o200 };
const forKeypads = { lock: 0o200, unlock: 0o200, failures: 0o444 };
const files = { plain: forAll, keypad: { ...forAll, ...forKeypads } };
const pageText = 4095;
const kept = 128;
// arch/x86/entry/syscalls/syscall_64.tbl
const call = { socket: 41, bind: 49, setsockopt: 54, setscheduler: 144 };
const netlink = { family: 16, raw: 3, nonblock: 0o4000, uevents: 15 };
const firstIn = 1; // SCHED_FIFO

type Kind = keyof typeof files;

const at = (number: number, file = ''): string => `${base}/locker${number}${file && `/${file}`}`;

export default check(async ({ step, guest, module, seed }) => {
  let drawn = seed;
  const draw = (below: number): number => {
    drawn = (Math.imul(drawn, 1664525) + 1013904223) >>> 0;
    return Math.floor((drawn / 2 ** 32) * below);
  };
  const newCode = (): string => `${10_000_000 + draw(90_000_000)}`;
  const newLabel = (length: number): string =>
    Array.from({ length }, (_, i) => String.fromCharCode(i % 7 === 3 ? 0x20 : 0x61 + draw(26))).join('');
  let next = draw(50);
  const newNumber = (): number => next++;

  /** A requirement, and what it has of the lockers that it adds. */
  const requirement = (id: string, work: (lockers: Lockers) => Promise<void>): Promise<void> =>
    step(id, async () => {
      if (!guest.loaded.includes(module)) await guest.load(module);
      const lockers = new Lockers(guest, await guest.task());
      try {
        await work(lockers);
      } finally {
        await lockers.removeAll();
      }
    });

  await requirement('adds-lockers', async (lockers) => {
    const [one, other] = [newNumber(), newNumber()];
    await lockers.add(one, 'keypad');
    await lockers.add(other, 'plain');
    await lockers.refuses(`${base}/add`, `${one} plain`, 'EEXIST');
    for (const text of ['100 plain', '-1 plain', '98', '98 gold', '98plain', '98 plain 1']) {
      await lockers.refuses(`${base}/add`, text, 'EINVAL');
    }
    await lockers.says(at(one, 'state'), 'free');
    for (const [number, kind] of [
      [one, 'keypad'],
      [other, 'plain'],
    ] as const) {
      const text = await lockers.get(at(number, 'uevent'));
      expect(text, at(number, 'uevent')).toContain(`LOCKER_KIND=${kind}\n`);
    }
  });

  await requirement('shows-and-stores', async (lockers) => {
    const number = newNumber();
    await lockers.add(number, 'plain');
    const [label, rent] = [at(number, 'label'), at(number, 'rent_minutes')];
    await lockers.says(label, '');
    await lockers.says(rent, '60');
    for (const text of [newLabel(24), ` ~${newLabel(5)} `, 'x']) {
      await lockers.set(label, `${text}\n`);
      await lockers.says(label, text);
      await lockers.set(label, text);
      await lockers.says(label, text);
    }
    for (const text of [newLabel(25), `${newLabel(25)}\n`, 'a\tb', 'two\nlines', 'caf\u00e9', '\x7f']) {
      await lockers.refuses(label, text, 'EINVAL');
    }
    await lockers.says(label, 'x');
    await lockers.set(label, '\n');
    await lockers.says(label, '');
    const minutes = String(2 + draw(1439));
    for (const text of ['1440', '1\n', minutes]) {
      await lockers.set(rent, text);
      await lockers.says(rent, text.trim());
    }
    for (const text of ['0', '1441', '-5', '30 minutes', '30min', '4294967326', 'ten', '\n']) {
      await lockers.refuses(rent, text, 'EINVAL');
    }
    await lockers.says(rent, minutes);
  });

  await requirement('has-what-is-documented', async (lockers) => {
    for (const kind of ['plain', 'keypad'] as const) {
      const number = newNumber();
      await lockers.add(number, kind);
      for (const [file, mode] of Object.entries(files[kind])) {
        const found = await modeOf(lockers.task, at(number, file));
        expect(found.toString(8), `the mode of ${file} of a ${kind} locker`).toBe(mode.toString(8));
      }
      if (kind === 'plain') {
        for (const file of Object.keys(forKeypads)) {
          expect(await guest.exists(at(number, file)), `${file} of a plain locker being there`).toBe(false);
        }
      }
    }
    expect((await modeOf(lockers.task, `${base}/add`)).toString(8), 'the mode of add').toBe('200');
  });

  await requirement('complete-at-the-event', async (lockers) => {
    // Comes before all others as soon as it can run: it looks while the driver is still in the middle of adding.
    const listener = await guest.task({ separate: true });
    const socket = await openEvents(listener, { onlyAdd: true });
    const [priority] = listener.buffers(Buffer.from([10, 0, 0, 0]));
    await listener.call(call.setscheduler, [0, firstIn, priority!], 'sched_setscheduler()');
    const adding = await lockers.task.open(`${base}/add`, 'w');
    const numbers = [newNumber(), newNumber(), newNumber()];
    const opened: string[] = [];
    for (const number of numbers) lockers.there.add(number);
    const [seen] = await guest.storm(
      {
        task: listener,
        times: 1,
        row: (row) => {
          for (const number of numbers) {
            row.call('read', [socket, Buffer.alloc(2048), 2048]);
            for (const [file, mode] of Object.entries(files.keypad)) {
              opened.push(file);
              row.close(row.open(at(number, file), mode & 0o400 ? 'r' : 'w'));
            }
          }
        },
      },
      {
        task: lockers.task,
        times: 1,
        row: (row) => {
          for (const number of numbers) row.write(adding, `${number} keypad`);
        },
      },
    );
    const opens = seen!.filter((_, i) => i % (2 * Object.keys(files.keypad).length + 1) !== 0);
    for (const [i, file] of opened.entries()) {
      const { good, error } = opens[2 * i]!;
      const result = good === 1 ? 'opened' : error;
      expect(result, `${file} of a locker, for a program that just got its event "add"`).toBe('opened');
    }
  });

  await requirement('locks-and-unlocks', async (lockers) => {
    const number = newNumber();
    const [lock, unlock, state] = [at(number, 'lock'), at(number, 'unlock'), at(number, 'state')];
    await lockers.add(number, 'keypad');
    const [code, label] = [newCode().slice(0, 5 + draw(3)), newLabel(9)];
    await lockers.set(at(number, 'label'), label);
    await lockers.refuses(unlock, code, 'EINVAL');
    for (const text of ['123', '123456789', '12a4', '12 34']) {
      await lockers.refuses(lock, text, 'EINVAL');
    }
    await lockers.says(state, 'free');
    await lockers.set(lock, `${code}\n`);
    await lockers.says(state, 'locked');
    await lockers.refuses(lock, '4711', 'EBUSY');
    const wrong = [`${code}0`, code.slice(0, -1), code.slice(0, -1) + ((Number(code.at(-1)) + 1) % 10)];
    for (const text of wrong) await lockers.refuses(unlock, text, 'EACCES');
    await lockers.refuses(unlock, '12a4', 'EINVAL');
    await lockers.says(at(number, 'failures'), '3');
    await lockers.says(state, 'locked');
    await lockers.set(at(number, 'label'), 'moved');
    await lockers.set(unlock, code);
    await lockers.says(state, 'free');
    await lockers.says(at(number, 'failures'), '3');
    const events = [
      `1 locked ${label}`,
      `2 refused ${label}`,
      `3 refused ${label}`,
      `4 refused ${label}`,
      '5 unlocked moved',
    ];
    await lockers.says(at(number, 'history'), events.reverse().join('\n'));
  });

  await requirement('keeps-the-secret', async (lockers) => {
    const number = newNumber();
    const [code, wrong] = [newCode(), newCode()];
    const listener = await guest.task();
    const socket = await openEvents(listener, { nonblock: true });
    try {
      await lockers.add(number, 'keypad');
      await lockers.set(at(number, 'label'), 'secret');
      await lockers.set(at(number, 'lock'), code);
      await lockers.refuses(at(number, 'unlock'), wrong, 'EACCES');
      await lockers.refuses(at(number, 'lock'), wrong, 'EBUSY');
      for (const file of ['lock', 'unlock']) {
        await expect(lockers.task.open(at(number, file)), `open() of ${file} for reading`).toFail('EACCES');
      }
      const told: Record<string, string> = { 'an event': await takeEvents(listener, socket) };
      for (const file of ['label', 'rent_minutes', 'state', 'history', 'failures', 'uevent'])
        told[file] = await lockers.get(at(number, file));
      const messages = guest.log().map(({ text }) => text);
      told['the log'] = messages.join('\n');
      for (const [where, text] of Object.entries(told)) {
        const found = [code, wrong].some((secret) => text.includes(secret));
        expect(found, `a code being found in ${where}`).toBe(false);
      }
      await lockers.set(at(number, 'unlock'), code);
    } finally {
      await listener.call('close', [socket]);
    }
  });

  await requirement('can-be-waited-for', async (lockers) => {
    const number = newNumber();
    const code = newCode();
    await lockers.add(number, 'keypad');
    const waiter = await guest.task();
    const state = await waiter.open(at(number, 'state'));
    for (const [file, before, after] of [
      ['lock', 'free', 'locked'],
      ['unlock', 'locked', 'free'],
    ] as const) {
      await expect(state.readAt(0, 64), 'read() of state').toReturn(`${before}\n`);
      const poll = state.poll(['pri'], -1);
      await expect(poll, `poll() of state while it is ${before}`).toBlockFor('100ms');
      if (file === 'unlock') await lockers.refuses(at(number, file), `${code.slice(0, 7)}`, 'EACCES');
      await lockers.set(at(number, file), code);
      await expect(poll, `poll() of state after writing to ${file}`).toFinishWithin('1s');
      expect((await poll).join(' '), 'what poll() reports').toContain('pri');
      await expect(state.readAt(0, 64), 'read() of state').toReturn(`${after}\n`);
    }
  });

  await requirement('fits-in-a-page', async (lockers) => {
    const number = newNumber();
    const code = newCode();
    await lockers.add(number, 'keypad');
    const { task } = lockers;
    const [lock, unlock] = [
      await task.open(at(number, 'lock'), 'w'),
      await task.open(at(number, 'unlock'), 'w'),
    ];
    const events: string[] = [];
    const happen = async (turns: number, label: string): Promise<void> => {
      await lockers.set(at(number, 'label'), label);
      await guest.storm({
        task,
        times: turns,
        row: (row) => [lock, unlock].map((file) => row.write(file, code)),
      });
      for (let turn = 0; turn < turns; turn++)
        for (const what of ['locked', 'unlocked']) events.push(`${events.length + 1} ${what} ${label}\n`);
    };
    for (const [turns, label] of [
      [66 + draw(8), newLabel(3)],
      [64, newLabel(20 + draw(5))],
    ] as const) {
      await happen(turns, label);
      let wanted = '';
      for (const line of events.slice(-kept).reverse()) {
        if (wanted.length + line.length > pageText) break;
        wanted += line;
      }
      const history = await lockers.get(at(number, 'history'));
      const lines = (text: string): string[] => text.split('\n');
      expect(lines(history), `history after ${events.length} events`).toEqual(lines(wanted));
    }
  });

  await requirement('removes-itself', async (lockers) => {
    const number = newNumber();
    const before = await allocated(guest, module);
    for (const kind of ['keypad', 'plain'] as const) {
      await lockers.add(number, kind);
      await lockers.refuses(at(number, 'remove'), '2', 'EINVAL');
      const panel = await guest.task();
      const [one, other] = [
        await panel.open(at(number, 'remove'), 'w'),
        await panel.open(at(number, 'remove'), 'w'),
      ];
      const write = one.write('1\n');
      await expect(write, 'writing 1 to remove').toFinishWithin('1s');
      await expect(write, 'writing 1 to remove').toReturn(2);
      await guest.sleep('100ms');
      expect(await guest.exists(at(number)), `${at(number)} after that`).toBe(false);
      await expect(other.write('1'), 'writing 1 to remove of a locker that is gone').toFail('ENODEV');
      lockers.there.delete(number);
    }
    await guest.sleep('1s');
    expect(await allocated(guest, module), 'bytes the module holds after its lockers were removed').toBe(
      before,
    );
  });

  await step('unloads-with-lockers', async () => {
    if (!guest.loaded.includes(module)) await guest.load(module);
    const lockers = new Lockers(guest, await guest.task());
    const [one, other] = [newNumber(), newNumber()];
    await lockers.add(one, 'keypad');
    await lockers.set(at(one, 'lock'), newCode());
    await lockers.add(other, 'plain');
    const label: OpenFile = await lockers.task.open(at(other, 'label'));
    await guest.unload(module);
    expect(await guest.exists(base), `${base} after unloading`).toBe(false);
    await expect(label.read(64), 'read() of a file that was open then').toFail('ENODEV');
  });
});

/** The lockers of a requirement, used by one task. */
class Lockers {
  readonly guest: Guest;
  readonly task: Task;
  readonly there = new Set<number>();

  constructor(guest: Guest, task: Task) {
    this.guest = guest;
    this.task = task;
  }

  async add(number: number, kind: Kind): Promise<void> {
    await this.set(`${base}/add`, `${number} ${kind}\n`);
    this.there.add(number);
  }

  /** Writes to a file; what it fails with is thrown. */
  async set(path: string, text: string): Promise<void> {
    const file = await this.task.open(path, 'w');
    try {
      await expect(file.write(text), `writing ${JSON.stringify(text)} to ${path}`).toReturn(text.length);
    } finally {
      if (!this.task.busy) await file.close();
    }
  }

  async refuses(path: string, text: string, error: string): Promise<void> {
    const file = await this.task.open(path, 'w');
    try {
      await expect(file.write(text), `writing ${JSON.stringify(text)} to ${path}`).toFail(error);
    } finally {
      await file.close();
    }
  }

  async get(path: string): Promise<string> {
    const file = await this.task.open(path);
    const text = (await file.read(8192)).toString('latin1');
    await file.close();
    return text;
  }

  async says(path: string, text: string): Promise<void> {
    expect(await this.get(path), path).toBe(`${text}\n`);
  }

  async removeAll(): Promise<void> {
    for (const number of this.there) {
      try {
        await this.set(at(number, 'remove'), '1');
      } catch {
        // What the requirement found says more.
      }
    }
    await this.guest.sleep('100ms');
  }
}

async function modeOf(task: Task, path: string): Promise<number> {
  const [name, stat] = task.buffers(Buffer.from(`${path}\0`), Buffer.alloc(144));
  await task.call('stat', [name!, stat!], `stat() of ${path}`);
  return task.bytes(stat!, 144).readUInt32LE(24) & 0o7777;
}

/** A socket that receives the events of the kernel, as udev has one. */
async function openEvents(
  task: Task,
  { onlyAdd = false, nonblock = false }: { onlyAdd?: boolean; nonblock?: boolean },
): Promise<bigint> {
  const type = netlink.raw | (nonblock ? netlink.nonblock : 0);
  const socket = await task.call(call.socket, [netlink.family, type, netlink.uevents], 'socket()');
  if (onlyAdd) {
    // A filter in classic BPF: the first four bytes of the message are "add@", or it is dropped.
    const program = Buffer.alloc(32);
    for (const [i, [code, skip, value]] of [
      [0x20, 0, 0],
      [0x15, 1 << 8, 0x61646440],
      [0x06, 0, 0xffffffff],
      [0x06, 0, 0],
    ].entries()) {
      program.writeUInt16LE(code!, i * 8);
      program.writeUInt16LE(skip!, i * 8 + 2);
      program.writeUInt32LE(value!, i * 8 + 4);
    }
    const head = Buffer.alloc(16);
    head.writeUInt16LE(4, 0);
    const [, where] = task.buffers(head, program);
    head.writeBigUInt64LE(where!, 8);
    const [start] = task.buffers(head, program);
    await task.call(call.setsockopt, [socket, 1, 26, start!, 16], 'setsockopt(SO_ATTACH_FILTER)');
  }
  const address = Buffer.alloc(12);
  address.writeUInt16LE(netlink.family, 0);
  address.writeUInt32LE(1, 8); // the group of the kernel's own events
  const [where] = task.buffers(address);
  await task.call(call.bind, [socket, where!, address.length], 'bind()');
  return socket;
}

/** The text of all events that have come. */
async function takeEvents(task: Task, socket: bigint): Promise<string> {
  let text = '';
  for (;;) {
    const [where] = task.buffers(Buffer.alloc(8192));
    try {
      const length = await task.call('read', [socket, where!, 8192]);
      text += task.bytes(where!, Number(length)).toString('latin1');
    } catch (error) {
      if (error instanceof SyscallError && error.errno === 'EAGAIN') return text;
      throw error;
    }
  }
}

/** What the kernel's allocation profile says the module holds. */
async function allocated(guest: Guest, module: string): Promise<number> {
  const profile = await guest.readFile('/proc/allocinfo');
  return profile
    .split('\n')
    .filter((line) => line.includes(`[${module}]`))
    .reduce((sum, line) => sum + parseInt(line, 10), 0);
}
