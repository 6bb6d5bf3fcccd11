// SPDX-License-Identifier: Apache-2.0
import { check, expect, SyscallError, type Guest, type OpenFile, type Task } from '#bringup/lab';

const node = '/dev/almanac';
/** What the chip takes from TEST: it tells a slot as finished, writes to it once more, or LIMITS grows once read. */
const tricks = { none: 0, tell: 1, change: 2, grow: 3 };
const lastAsked = 255;
/** Stray messages: how many in a row must be borne, and how many may be handled at most. */
const strays = { borne: 20, most: 200 };

/** How often the handler of the chip's interrupt was called; undefined when there is none. */
async function handled(guest: Guest): Promise<number | undefined> {
  const line = (await guest.readFile('/proc/interrupts')).split('\n').find((one) => one.endsWith(' almanac'));
  return line === undefined ? undefined : Number(/^\s*\d+:\s+(\d+)/.exec(line)?.[1]);
}

const nothing = { bound: false, enabled: false, master: false, claimed: '' };

export default check(async ({ step, guest, module, draw, silicon }) => {
  if (!silicon) throw new Error('the machine has no chip');
  const { chip, folder } = silicon;
  const [address, driver] = [folder.split('/').at(-1)!, `/sys/bus/pci/drivers/${module}`];
  const header = chip.formats['header']!.size;
  const most = Math.floor(chip.times['answer']!.max! / 1e6);
  const [slots, bytes] = [await value('LIMITS.SLOTS'), await value('LIMITS.BYTES')];

  async function value(path: string): Promise<number> {
    return Number(await silicon!.get(path));
  }

  const trick = (what: keyof typeof tricks, slot = lastAsked): Promise<void> =>
    silicon.set('TEST', tricks[what] + (slot << 8));

  /** The next of a row of numbers of entries that no driver knows; not 0. */
  function entry(fits: (number: number) => boolean = () => true): number {
    for (;;) {
      const number = draw(0x10000);
      if (number > 0 && number % 16 < 14 && fits(number)) return number;
    }
  }
  const lengthOf = (number: number, slot = bytes): number => 1 + ((number * 7919) % (slot - header - 12));
  const textOf = (number: number, slot = bytes): string =>
    `${String(number).padStart(5, '0')}.`.repeat(slot).slice(0, lengthOf(number, slot));

  /** Gives the chip slots that its firmware may have; unless told, those that it came with. */
  async function firmware(count = slots, size = bytes): Promise<void> {
    await silicon!.set('LIMITS.SLOTS', count);
    await silicon!.set('LIMITS.BYTES', size);
  }

  /** Who uses the driver in a step. */
  let user: Task;
  /** The driver as it is after loading, with a chip that is honest. */
  const begin = async (): Promise<void> => {
    user = await guest.task();
    await silicon.heal();
    await trick('none');
    await firmware();
    if (guest.loaded.includes(module)) await guest.unload(module);
    await guest.load(module);
    expect(await guest.exists(node), node).toBe(true);
  };
  const open = (): Promise<OpenFile> => Promise.resolve(user.open(node, 'rw'));
  const openAll = async (count: number): Promise<OpenFile[]> => {
    const files: OpenFile[] = [];
    while (files.length < count) files.push(await open());
    return files;
  };
  /** Asks a chip that is honest for an entry, and looks at what comes. */
  const honest = async (file: OpenFile, when: string, number = entry(), slot = bytes): Promise<void> => {
    await expect(file.write(`${number}\n`), `write() of ${number} ${when}`).toReturn(`${number}\n`.length);
    await expect(file.read(2048), `read() of ${number} ${when}`).toReturn(textOf(number, slot));
  };

  await step('serves', async () => {
    await begin();
    expect((await silicon.held(guest)).bound, 'a driver bound to the chip').toBe(true);
    const files = await openAll(slots);
    await expect(user.open(node, 'rw'), `open() beyond ${slots} files`).toFail('EBUSY');
    await expect(files[0]!.read(32), 'read() before anything was asked for').toReturn('');
    const tasks = await guest.tasks(slots);
    const asked = files.map((file, at) => ({ file: file.in(tasks[at]!), number: entry() }));
    const writes = asked.map(({ file, number }) => file.write(`${number}`));
    for (const [at, write] of writes.entries()) {
      await expect(write, 'write() beside others').toFinishWithin(`${most + 500}ms`);
      await expect(write, 'write() beside others').toReturn(String(asked[at]!.number).length);
    }
    for (const { file, number } of asked) {
      const text = textOf(number);
      await expect(file.read(2), `read() of 2 bytes of ${number}`).toReturn(text.slice(0, 2));
      await expect(file.read(2048), `read() of the rest of ${number}`).toReturn(text.slice(2));
      await expect(file.read(32), `read() at the end of ${number}`).toReturn('');
    }
    const [first] = files;
    const number = entry();
    await first!.write(`${number}\n`);
    for (const text of ['', 'x', '1 2', '65536', '-1'])
      await expect(first!.write(text), `write() of "${text}"`).toFail('EINVAL');
    await expect(first!.read(2048), 'read() after what was no number').toReturn(textOf(number));
    await expect(first!.write(`${(entry() & 0xfff0) | 15}`), 'write() of an unknown number').toFail('ENOENT');
    await expect(first!.read(32), 'read() after ENOENT').toReturn('');
    await expect(first!.write(`${(entry() & 0xfff0) | 14}`), 'write() of a damaged entry').toFail('EIO');
    await files.pop()!.close();
    await honest(await open(), 'in a slot that was given back');
  });

  await step('sizes-up', async () => {
    const leftAlone = async (what: string): Promise<void> => {
      await succeeds(guest.writeFile(`${driver}/bind`, address));
      const held = await silicon.held(guest);
      expect(held, `what is held of a chip with ${what}`).toEqual(nothing);
    };
    await begin();
    await guest.writeFile(`${driver}/unbind`, address);
    const { parameters } = chip;
    const [widest, largest] = [parameters['slots-most']!, parameters['bytes-most']!];
    const absurd: [string, number][] = [
      ['SLOTS', 0],
      ['SLOTS', 1],
      ['SLOTS', widest + 1],
      ['SLOTS', 255],
      ['BYTES', 0],
      ['BYTES', 64],
      ['BYTES', bytes + 4],
      ['BYTES', largest + 64],
      ['BYTES', 65472],
    ];
    for (const [field, number] of absurd) {
      await silicon.fault({ kind: 'value', path: `LIMITS.${field}`, value: number });
      await leftAlone(`LIMITS.${field} ${number}`);
      await silicon.heal();
    }
    await silicon.fault({ kind: 'value', path: 'ID.CHIP', value: (await value('ID.CHIP')) ^ 0x100 });
    await leftAlone('another number');
    await silicon.heal();
    await guest.unload(module);

    await firmware(widest, largest);
    await guest.load(module);
    const files = await openAll(widest);
    await expect(user.open(node, 'rw'), `open() beyond ${widest} files, as LIMITS says`).toFail('EBUSY');
    await honest(files.at(-1)!, `in slots of ${largest} bytes`, entry(), largest);
    for (const file of files) await file.close();
    await guest.unload(module);

    await firmware();
    await trick('grow');
    await guest.load(module);
    // Who looks twice at probe, and leaves alone what is absurd, believes nothing either.
    if (await guest.exists(`${folder}/driver`)) {
      const some = await openAll(slots);
      await expect(user.open(node, 'rw'), `open() beyond ${slots} files, LIMITS having grown`).toFail(
        'EBUSY',
      );
      for (const file of some) await honest(file, 'while LIMITS says more than at first');
    }
  });

  await step('refuses-lies', async () => {
    await begin();
    const file = await open();
    const number = entry((one) => one % 4 === 3);
    const offset = header + 12;
    const { values = [] } = chip.formats['header']!.fields.find(({ name }) => name === 'STATUS')!;
    const nothing = [...Array(16).keys()].find((code) => !values.some((one) => one.code === code))!;
    const lies: Record<string, number>[] = [
      { LENGTH: bytes - offset + 1 },
      { LENGTH: bytes },
      { LENGTH: 0 },
      { LENGTH: 0x8000_0040 },
      { LENGTH: 0xffff_ffff },
      { OFFSET: 0 },
      { OFFSET: header - 1 },
      { OFFSET: bytes },
      { OFFSET: bytes - 1, LENGTH: 2 },
      { OFFSET: 0xffff_fff0, LENGTH: 0x40 },
      { OFFSET: 0x8000_0000, LENGTH: 1 },
      { OFFSET: 0xffff_ffff, LENGTH: 0xffff_ffff },
      { NUMBER: number ^ 1 },
      { STATUS: nothing },
    ];
    for (const lie of lies) {
      const says = Object.entries(lie)
        .map(([field, code]) => `${field} 0x${code.toString(16)}`)
        .join(' and ');
      for (const [field, code] of Object.entries(lie))
        await silicon.fault({ kind: 'value', path: `header.${field}`, value: code });
      await expect(file.write(`${number}`), `write() with a header of ${says}`).toFail('EPROTO');
      await expect(file.read(2048), `read() with a header of ${says}`).toReturn('');
      await silicon.heal();
    }
    await honest(file, 'after headers that lied');
  });

  await step('keeps-what-it-took', async () => {
    await begin();
    const file = await open();
    const number = entry((one) => lengthOf(one) > 20);
    await file.write(`${number}`);
    await trick('change');
    await expect(file.read(8), 'read() after the chip wrote to the slot again').toReturn(
      textOf(number).slice(0, 8),
    );
    await trick('change');
    await expect(file.read(2048), 'read() of the rest').toReturn(textOf(number).slice(8));
    await honest(file, 'after the chip wrote to a slot again');
  });

  await step('knows-its-requests', async () => {
    await begin();
    const [file, other] = [await open(), await open()];
    await honest(other, 'at first');
    await honest(file, 'at first');
    const tellAll = async (): Promise<void> => {
      for (const slot of [...Array(slots).keys(), lastAsked - 1, slots]) {
        await trick('tell', slot);
        await guest.sleep('5ms');
      }
    };
    await tellAll();
    await honest(file, 'after slots were told that had no request');
    await honest(other, 'after slots were told that had no request');
    await file.close();
    await tellAll();
    const again = await open();
    await honest(again, 'in a slot that was told while no file had it');

    const [task] = await guest.tasks(1);
    await silicon.fault({ kind: 'late' });
    const early = again.in(task!).write(`${entry()}`);
    await expect(early, 'write() before its answer').toBlockFor('5ms');
    await trick('tell');
    await expect(early, 'write() whose slot was told before anything was written').toFail('EPROTO');
    await silicon.heal();
    await honest(again, 'after its slot was told too early');

    for (const slot of [lastAsked, 200, slots]) {
      await silicon.fault({ kind: 'value', path: 'DONE.SLOT', value: slot });
      const write = again.write(`${entry()}`);
      await expect(write, `write() while DONE tells slot ${slot}`).toFail('EPROTO', 'ETIMEDOUT');
      await silicon.heal();
      await honest(again, `after DONE told slot ${slot}`);
    }
  });

  await step('stays-bounded', async () => {
    await begin();
    const file = await open();
    for (const slot of [undefined, 200]) {
      await silicon.fault({ kind: 'value', path: 'DONE.VALID', value: 1 });
      if (slot !== undefined) await silicon.fault({ kind: 'value', path: 'DONE.SLOT', value: slot });
      const write = file.write(`${entry()}`);
      await expect(write, 'write() while DONE has no end').toFinishWithin(`${most + 500}ms`);
      await silicon.heal();
      await honest(file, 'after a list without end');
    }
  });

  await step('gives-up', async () => {
    await begin();
    const file = await open();
    for (let turn = 0; turn < 2; turn++) {
      await silicon.fault({ kind: 'late' });
      const write = file.write(`${entry()}`);
      await expect(write, 'write() without an answer').toBlockFor(`${most - 12}ms`);
      await expect(write, 'write() without an answer').toFinishWithin('512ms');
      await expect(write, 'write() without an answer').toFail('ETIMEDOUT');
      await expect(file.read(32), 'read() after ETIMEDOUT').toReturn('');
      await silicon.heal();
      await honest(file, 'after a request was given up');
    }
  });

  await step('leaks-nothing', async () => {
    await begin();
    for (const file of await openAll(slots)) {
      await honest(
        file,
        'at first',
        entry((one) => lengthOf(one) > bytes / 2),
      );
      await file.close();
    }
    await silicon.fault({ kind: 'value', path: 'header.LENGTH', value: bytes - header });
    for (const file of await openAll(slots)) {
      const number = entry((one) => one % 4 === 0 && lengthOf(one) < bytes / 4);
      await file.write(`${number}`);
      const text = await file.read(2048);
      expect(text.length, 'length of a text that the chip wrote a part of').toBe(bytes - header);
      expect(text.subarray(0, lengthOf(number)), 'the part that the chip wrote').toEqual(
        Buffer.from(textOf(number)),
      );
      const rest = text.subarray(lengthOf(number));
      expect(rest, 'the part that it did not write').toEqual(Buffer.alloc(rest.length));
    }
  });

  await step('withstands-storms', async () => {
    await begin();
    const file = await open();
    const [task] = await guest.tasks(1);
    const few = { times: strays.borne, every: '1ms' } as const;
    await silicon.spurious('ready', few);
    await guest.sleep('30ms');
    await honest(file, `after ${few.times} stray messages`);
    const number = entry();
    const write = file.in(task!).write(`${number}`);
    await expect(write, 'write() before its answer').toBlockFor('2ms');
    await silicon.spurious('ready', few);
    await expect(write, 'write() among stray messages').toReturn(`${number}`.length);
    await expect(file.read(2048), 'read() after stray messages').toReturn(textOf(number));
    await guest.sleep('30ms');
    const before = (await handled(guest)) ?? 0;
    let [count, quiet] = [0, 0];
    // Messages that follow each other closely may become one, so what counts is how many were handled.
    while (quiet < 2 && count <= strays.most) {
      await silicon.spurious('ready', { times: 40, every: '1ms' });
      await guest.sleep('50ms');
      const now = (await handled(guest)) ?? before + count;
      quiet = now - before === count ? quiet + 1 : 0;
      count = now - before;
    }
    expect(count, 'how many stray messages in a row were handled').toBeAtMost(strays.most);
    await expect(file.write(`${entry()}`), 'write() after a storm').toFail('EIO');
    await file.close();
    await begin();
    await honest(await open(), 'after the driver was bound anew');
  });

  await step('survives-removal', async () => {
    await begin();
    await guest.writeFile(`${driver}/unbind`, address);
    const within = `${most + 500}ms` as const;
    await silicon.removals(async (pulled) => {
      await succeeds(guest.writeFile(`${driver}/bind`, address));
      if (await guest.exists(node)) {
        const file = await open();
        const number = entry();
        const write = file.write(`${number}`);
        await expect(write, 'write()').toFinishWithin(within);
        const text = await succeeds(write);
        if (text) await expect(file.read(2048), 'read()').toReturn(textOf(number));
        if (pulled === undefined) expect(text, 'whether write() succeeded').toBe(true);
        await file.close();
      } else if (pulled === undefined) expect(false, node).toBe(true);
      await succeeds(guest.writeFile(`${driver}/unbind`, address)); // there is none when it was not bound
    });

    await begin();
    const [file, busy] = [await open(), await open()];
    const number = entry();
    await file.write(`${number}`);
    const [task, remover] = await guest.tasks(2);
    await silicon.fault({ kind: 'late' });
    const write = busy.in(task).write(`${entry()}`);
    await expect(write, 'write() before the chip is pulled out').toBlockFor('5ms');
    try {
      await silicon.remove();
      const told = (await remover.open(`${folder}/remove`, 'w')).write('1');
      await expect(write, 'write() under which the chip was removed').toFinishWithin('40ms');
      await expect(write, 'write() under which the chip was removed').toFail('ENODEV');
      await expect(told, 'the removal, while files are open').toFinishWithin('2s');
      await expect(file.read(2048), 'read() after the removal').toReturn(textOf(number));
      await expect(file.write(`${entry()}`), 'write() after the removal').toFail('ENODEV');
      await busy.close();
    } finally {
      await silicon.putBack(guest);
    }
    await honest(await open(), 'of a chip that was put back');
    await file.close();
  });

  await step('lets-go', async () => {
    await begin();
    const file = await open();
    await honest(file, 'at first');
    await file.close();
    await guest.unload(module);
    expect(await guest.exists(node), `${node} after unloading`).toBe(false);
    expect(await value('CONTROL.ENABLE'), 'CONTROL.ENABLE after unloading').toBe(0);
    expect(await silicon.held(guest), 'what is held of the chip after unloading').toEqual(nothing);
    expect(await handled(guest), 'an interrupt after unloading').toBe(undefined);
  });
});

/** Whether what was asked of the kernel succeeded. */
async function succeeds(call: PromiseLike<unknown>): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    if (error instanceof SyscallError) return false;
    throw error;
  }
}
