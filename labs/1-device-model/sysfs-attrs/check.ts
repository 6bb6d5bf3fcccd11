// SPDX-License-Identifier: Apache-2.0
import { check, expect, type OpenFile } from '#bringup/lab';
import { at, base, files, forKeypads, Lockers, modeOf } from './lockers.ts';

const pageText = 4095;

const kept = 128;

export default check(async ({ step, guest, module, draw }) => {
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
    const { file: events } = await guest.uevents(listener, { only: 'add' });
    await listener.schedule('fifo');
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
            row.read(events, 2048);
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
    const heard = await guest.uevents(listener);
    try {
      await lockers.add(number, 'keypad');
      await lockers.set(at(number, 'label'), 'secret');
      await lockers.set(at(number, 'lock'), code);
      await lockers.refuses(at(number, 'unlock'), wrong, 'EACCES');
      await lockers.refuses(at(number, 'lock'), wrong, 'EBUSY');
      for (const file of ['lock', 'unlock']) {
        await expect(lockers.task.open(at(number, file)), `open() of ${file} for reading`).toFail('EACCES');
      }
      const told: Record<string, string> = { 'an event': JSON.stringify(await heard.take()) };
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
      await heard.file.close();
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
    const before = await guest.allocated(module);
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
    expect(await guest.allocated(module), 'bytes the module holds after its lockers were removed').toBe(
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
