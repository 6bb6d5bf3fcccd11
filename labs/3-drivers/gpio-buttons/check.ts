// SPDX-License-Identifier: Apache-2.0
import { check, expect } from '#bringup/lab';
import { Bench, bitsOf, debounceOf, taken, type Button, type Panel } from './panel.ts';

/** A level counts after the debounce time, a tick more or less; what is asked keeps away from both ends. */
const early = 15;
const late = 40;
const ms = (time: number): `${number}ms` => `${time}ms`;

export default check(async ({ step, guest, module, draw, word }) => {
  let free: number[] = [];
  const newLine = (): { line: number; low: boolean } => ({
    line: free.splice(draw(free.length), 1)[0]!,
    low: draw(2) === 1,
  });
  let codes: number[] = [];
  /** Never the same twice in a requirement, and none for which the kernel's console opens a device. */
  const newCode = (): number => codes.splice(draw(codes.length), 1)[0]!;
  const newButton = (more: Partial<Button> = {}): Button => ({
    ...newLine(),
    code: newCode(),
    debounce: 50 + 10 * draw(4),
    ...more,
  });
  const newPanel = (...buttons: Button[]): Panel => ({ name: `panel-${word(5)}`, buttons });

  /** A requirement with the module loaded, and no panel. */
  const requirement = (id: string, work: (bench: Bench) => Promise<void>): Promise<void> =>
    step(id, async () => {
      free = Array.from({ length: 24 }, (_, i) => i);
      codes = Array.from({ length: 0x91 }, (_, i) => 0x160 + i);
      if (!guest.loaded.includes(module)) await guest.load(module);
      const bench = new Bench(guest, await guest.task());
      await bench.remove();
      await work(bench);
      await bench.remove();
    });
  await requirement('registers', async (bench) => {
    const label = `${word(7)} ${word(4)}`;
    const [one, other] = [
      { ...newPanel(newButton(), newButton({ code: 0x200 + draw(0xff) }), newButton()), label },
      newPanel(newButton({ debounce: undefined as never })),
    ];
    await bench.plug(one, other);
    for (const [panel, name] of [
      [one, label],
      [other, other.name],
    ] as const) {
      expect((await bench.device(panel))?.name, `the name of the input device of ${panel.name}`).toBe(name);
      const file = await bench.open(panel);
      const wanted = panel.buttons.map(({ code }) => code!).sort((a, b) => a - b);
      expect(await bitsOf(file, 'codes'), `codes that the device of ${panel.name} can report`).toEqual(
        wanted,
      );
      await file.close();
    }
  });

  await requirement('keeps-polarity', async (bench) => {
    const buttons = [newButton({ low: true }), newButton({ low: false })];
    const panel = newPanel(...buttons);
    await bench.plug(panel);
    const [file] = await bench.opened(panel);
    for (const button of [...buttons, ...buttons]) {
      for (const pressed of [true, false]) {
        const what = `${pressed ? 'pressing' : 'letting go'} a button that is active ${button.low ? 'low' : 'high'}`;
        await bench.now(button, pressed);
        await guest.sleep('200ms');
        const event = `${button.code} ${pressed ? 'down' : 'up'}`;
        expect(await taken(file), `events after ${what}`).toEqual([event]);
        const down = pressed ? [button.code] : [];
        expect(await bitsOf(file, 'down'), `keys that are down after ${what}`).toEqual(down);
      }
    }
  });

  await requirement('reports-once', async (bench) => {
    const button = newButton();
    const standard = newButton({ debounce: undefined as never });
    const panel = newPanel(button, standard);
    await bench.plug(panel);
    const [file, trial] = await bench.opened(panel);
    for (const each of [button, standard]) {
      for (const pressed of [true, false]) {
        const time = debounceOf(each);
        const what = `a button with a debounce time of ${time} ms, ${pressed ? 'pressed' : 'let go'}, that bounces`;
        const errors = await bench.play((row) => {
          bench.bounce(row, each, pressed, Math.min(time - early, 20));
          bench.set(row, each, pressed);
          row.sleep(ms(time - early));
          row.read(trial, 24);
          row.sleep(ms(early + late));
        });
        expect(errors.at(-2), `read() ${time - early} ms after the last bounce of ${what}`).toBe('EAGAIN');
        const wanted = [`${each.code} ${pressed ? 'down' : 'up'}`];
        expect(await taken(file), `events ${time + late} ms after that of ${what}`).toEqual(wanted);
        await guest.sleep('700ms');
        expect(await taken(file), `further events of ${what}`).toEqual([]);
        await taken(trial);
      }
    }
  });

  await requirement('ignores-glitches', async (bench) => {
    const button = newButton();
    const panel = newPanel(button);
    await bench.plug(panel);
    const [file] = await bench.opened(panel);
    const time = debounceOf(button);
    for (const pressed of [true, false]) {
      const what = pressed ? 'is not pressed' : 'is held';
      const glitches = {
        [`one glitch of ${time - early} ms`]: [time - early],
        'a glitch of 1 ms': [1],
        // Short ones, of which the second lasts just when the time of the first is over.
        'two glitches': [time - 18, 4, 30],
      };
      for (const [name, times] of Object.entries(glitches)) {
        await bench.play((row) => {
          times.forEach((pause, i) => {
            bench.set(row, button, i % 2 === 0 ? pressed : !pressed);
            row.sleep(ms(pause));
          });
          bench.set(row, button, !pressed);
          row.sleep(ms(time + late));
        });
        const all = `events of a button that ${what}, with ${name} (debounce time ${time} ms)`;
        expect(await taken(file), all).toEqual([]);
      }
      await bench.now(button, pressed);
      await guest.sleep('200ms');
      await taken(file);
    }
  });

  await requirement('own-times', async (bench) => {
    const [quick, slow] = [newButton({ debounce: 50 }), newButton({ debounce: 150 + 10 * draw(5) })];
    const panel = newPanel(quick, slow);
    await bench.plug(panel);
    const [file, trial] = await bench.opened(panel);

    const errors = await bench.play((row) => {
      bench.set(row, slow, true);
      bench.set(row, quick, true);
      row.sleep(ms(debounceOf(quick) + late));
      row.read(trial, 24 * 8); // the quick one
      row.sleep('1ms');
      row.read(trial, 24 * 8); // not yet the slow one
      row.sleep(ms(debounceOf(slow) - debounceOf(quick)));
    });
    const times = `${debounceOf(quick)} and ${debounceOf(slow)} ms`;
    expect(errors.at(3), `read() after the shorter of the times ${times}`).toBe('');
    expect(errors.at(5), `read() of a second event, before the longer of the times ${times}`).toBe('EAGAIN');
    const down = [`${quick.code} down`, `${slow.code} down`];
    expect(await taken(file), `events of two buttons with times of ${times}`).toEqual(down);

    // One that bounces for long is in nobody's way.
    await taken(trial);
    await bench.play((row) => {
      bench.set(row, quick, false);
      for (let turn = 0; turn < 14; turn++) {
        bench.set(row, slow, turn % 2 === 1);
        row.sleep('10ms');
      }
      row.sleep('1ms');
    });
    const beside = 'events of a button that was let go while another one goes on bouncing';
    expect(await taken(file), beside).toEqual([`${quick.code} up`]);
    await bench.now(slow, false);
    await guest.sleep('300ms');
    expect(await taken(file), 'events when the other one has come to rest').toEqual([`${slow.code} up`]);
  });

  await requirement('powers', async (bench) => {
    const panels = [true, false].map((low): Panel => ({
      ...newPanel(newButton()),
      power: { ...newLine(), low },
    }));
    await bench.plug(...panels);
    for (const panel of panels) {
      const power = panel.power!;
      const what = `the supply (active ${power.low ? 'low' : 'high'})`;
      const on = async (when: string, wanted: boolean): Promise<void> =>
        expect(await bench.isOn(power), `that ${what} is on ${when}`).toBe(wanted);
      await on('before anybody has opened the device', false);
      for (const turn of ['', ', once more']) {
        const first = await bench.open(panel);
        await on(`when one has opened it${turn}`, true);
        const second = await bench.open(panel);
        await first.close();
        await on(`when one of two has closed it${turn}`, true);
        await second.close();
        await on(`when both have closed it${turn}`, false);
      }
    }
  });

  await requirement('knows-the-state', async (bench) => {
    const button = newButton();
    const panel = { ...newPanel(newButton(), button), power: newLine() };
    await bench.plug(panel);
    for (const pressed of [true, false, true]) {
      const what = `a button that was ${pressed ? 'pressed' : 'let go'} while nobody had the device open`;
      await bench.now(button, pressed);
      await guest.sleep('200ms');
      const file = await bench.open(panel);
      await guest.sleep('200ms');
      // First: asking for the state takes events of keys out of the queue.
      expect(await taken(file), `events after opening, with ${what}`).toEqual([
        `${button.code} ${pressed ? 'down' : 'up'}`,
      ]);
      expect(await bitsOf(file, 'down'), `keys that are down, with ${what}`).toEqual(
        pressed ? [button.code] : [],
      );
      // Closed in the middle of the time of another event.
      await bench.now(button, !pressed);
      await file.close();
      await guest.sleep('200ms');
      await bench.now(button, pressed);
      const again = await bench.open(panel);
      await guest.sleep('200ms');
      expect(await taken(again), 'events after closing and opening, with all as it was').toEqual([]);
      await again.close();
    }
  });

  await requirement('refuses', async (bench) => {
    // A driver may take the buttons in either order: one of these was taken before the wrong one was seen.
    const [first, last] = [newButton(), newButton()];
    const noCode = newPanel(first, newButton({ code: undefined as never }), last);
    const bad: [string, string[], Panel][] = [
      ['with a button that has no code', ['EINVAL'], noCode],
      ['without a button', ['EINVAL'], newPanel()],
      ['with a code that there is not', ['EINVAL'], newPanel(newButton({ code: 0x300 + draw(1000) }))],
      ['with a button without a line', [], newPanel(newButton(), newButton({ line: -1 }))],
    ];
    const good = newPanel({ ...first, code: newCode() }, { ...last, code: newCode() });
    const before = guest.log().length;
    await bench.plug(...bad.map(([, , panel]) => panel), good);
    expect(await bench.has(good), 'that glove-panel has a panel whose lines a wrong one had wanted').toBe(
      true,
    );
    await bench.unbind(good);
    for (const [what, errors, panel] of bad) {
      expect(await bench.has(panel), `that glove-panel has a panel ${what}`).toBe(false);
      if (errors.length > 0) expect(await bench.bind(panel), `binding a panel ${what}`).toBe(errors[0]);
    }
    expect(await bench.bind(good), 'binding a right panel after all that').toBe('bound');
    const [file] = await bench.opened(good);
    await bench.now(good.buttons[0]!, true);
    await guest.sleep('200ms');
    const event = `${good.buttons[0]!.code} down`;
    expect(await taken(file), 'events of a panel whose lines wrong ones had wanted').toEqual([event]);
    await bench.remove();
    expect(bench.complaints(before), 'what the kernel says of nodes when the tree is removed').toEqual([]);
  });

  await requirement('survives-removal', async (bench) => {
    const button = newButton();
    const panel = { ...newPanel(button, newButton()), power: newLine() };
    for (const removed of [false, true]) {
      await bench.plug(panel);
      const [file] = await bench.opened(panel);
      const what = removed ? 'removed' : 'unbound';
      await bench.now(button, true);
      if (removed) await bench.remove();
      else await bench.unbind(panel);
      await guest.sleep('300ms');
      await expect(file.read(24), `read() of a panel that was ${what}`).toFail('ENODEV');
      if (!removed) {
        await bench.now(button, false);
        expect(await bench.bind(panel), 'binding a panel that was unbound').toBe('bound');
        const [again] = await bench.opened(panel);
        await bench.now(button, true);
        await guest.sleep('200ms');
        expect(await taken(again), 'events of a panel that was bound again').toEqual([`${button.code} down`]);
        await again.close();
        await bench.remove();
      }
    }
  });

  await step('unloads', async () => {
    free = Array.from({ length: 24 }, (_, i) => i);
    codes = [0x160];
    if (!guest.loaded.includes(module)) await guest.load(module);
    const bench = new Bench(guest, await guest.task());
    await bench.remove();
    const button = newButton();
    const panel = newPanel(button);
    await bench.plug(panel);
    const [file, trial] = await bench.opened(panel);
    await bench.now(button, true);
    // evdev's open files do not hold the module.
    await guest.unload(module);
    await guest.sleep('300ms');
    await expect(file.read(24), 'read() of a panel whose driver was unloaded').toFail('ENODEV');
    await trial.close();
  });
});
