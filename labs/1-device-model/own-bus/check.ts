// SPDX-License-Identifier: Apache-2.0
import { check, expect, SyscallError } from '#bringup/lab';
import { bus, Rail } from './rail.ts';

const positions = 16;

const at = (position: number, file = ''): string => `${bus}/devices/rail${position}${file && `/${file}`}`;

export default check(async ({ step, guest, faults, module, draw, word }) => {
  const newKind = (): string => `x${word(2 + draw(10))}`;
  /** Positions that differ from each other. */
  const draws = (count: number): number[] => {
    const first = draw(positions);
    return Array.from({ length: count }, (_, i) => (first + 5 * i) % positions);
  };

  const requirement = (id: string, work: (rail: Rail) => Promise<void>): Promise<void> =>
    step(id, async () => {
      if (!guest.loaded.includes(module)) await guest.load(module);
      const rail = new Rail(await guest.task());
      try {
        await work(rail);
      } finally {
        for (const position of rail.attached) {
          try {
            await rail.detach(position);
          } catch {
            // What the requirement found says more.
          }
        }
      }
    });

  const bound = async (position: number, driver: string): Promise<boolean> =>
    guest.exists(`${bus}/drivers/${driver}/rail${position}`);

  await requirement('attaches-and-detaches', async (rail) => {
    const [one, other] = draws(2) as [number, number];
    const [kind, revision] = [newKind(), draw(256)];
    await rail.attach(one, kind, revision);
    await rail.attach(other, 'abcdefghij-wxyz', 255);
    await rail.says(at(one, 'kind'), kind);
    await rail.says(at(one, 'revision'), String(revision));
    await rail.says(at(one, 'modalias'), `rail:${kind}:${revision}`);
    await rail.says(at(one, 'output'), '0');
    await rail.says(at(other, 'kind'), 'abcdefghij-wxyz');
    await rail.refuses(`${bus}/attach`, `${one} ${kind} 1\n`, 'EEXIST');
    for (const text of ['16 pump 1', '1 Pump 1', '1 pump 256', '1 pump', '1 abcdefghijklmnop 1']) {
      await rail.refuses(`${bus}/attach`, text, 'EINVAL');
    }
    await rail.detach(one);
    expect(await guest.exists(at(one)), `${at(one)} after detaching`).toBe(false);
    await rail.refuses(`${bus}/detach`, String(one), 'ENODEV');
    await rail.refuses(`${bus}/detach`, '16', 'EINVAL');
    await rail.attach(one, 'pump', 9);
    await rail.says(at(one, 'kind'), 'pump');
    await rail.says(at(other, 'revision'), '255');
  });

  await requirement('matches', async (rail) => {
    const cases: [kind: string, revision: number, driver: string][] = [
      ['valve', 1 + draw(255), 'valve'],
      ['lamp', 1, 'lamp'],
      ['lamp', 3, 'lamp'],
      ['lamp', 0, ''],
      ['lamp', 4 + draw(252), ''],
      ['valve-x', 2, ''],
      ['val', 2, ''],
      ['lamps', 2, ''],
    ];
    const first = draw(positions);
    for (const [i, [kind, revision, driver]] of cases.entries()) {
      const position = (2 * i + first) % positions;
      await rail.attach(position, kind, revision);
      const what = `rail:${kind}:${revision} being bound`;
      expect(await guest.exists(at(position, 'driver')), what).toBe(driver !== '');
      if (driver) expect(await bound(position, driver), `${what} to ${driver}`).toBe(true);
    }
  });

  await requirement('announces', async (rail) => {
    const [one] = draws(1) as [number];
    const revision = 1 + draw(255);
    const listener = await guest.task();
    const heard = await guest.uevents(listener);
    try {
      await rail.attach(one, 'valve', revision);
      const file = (await rail.get(at(one, 'uevent'))).split('\n');
      await rail.detach(one);
      const events = (await heard.take()).filter(
        (event) => event['SUBSYSTEM'] === 'rail' && event['DEVPATH']?.endsWith(`/rail${one}`),
      );
      const wanted = { RAIL_KIND: 'valve', RAIL_REVISION: `${revision}`, MODALIAS: `rail:valve:${revision}` };
      for (const [name, value] of Object.entries(wanted)) {
        expect(file.join(' '), `the file uevent of rail${one}`).toContain(`${name}=${value}`);
        for (const action of ['add', 'bind', 'unbind', 'remove']) {
          if (action === 'unbind' && name === 'MODALIAS') continue; // the kernel takes it out
          const event = events.find(({ ACTION }) => ACTION === action);
          expect(event?.[name], `${name} in the event "${action}" of rail${one}`).toBe(value);
        }
      }
    } finally {
      await heard.file.close();
    }
  });

  await requirement('binds-and-unbinds', async (rail) => {
    const [valve, lamp] = draws(2) as [number, number];
    await rail.attach(valve, 'valve', 3);
    await rail.attach(lamp, 'lamp', 2);
    for (const [position, driver] of [
      [valve, 'valve'],
      [lamp, 'lamp'],
    ] as const) {
      const value = 1 + draw(100);
      for (let turn = 0; turn < 2; turn++) {
        await rail.says(at(position, 'level'), '0');
        await rail.set(at(position, 'level'), `${value}\n`);
        await rail.says(at(position, 'output'), String(value));
        await rail.set(`${bus}/drivers/${driver}/unbind`, `rail${position}`);
        await rail.says(at(position, 'output'), '0');
        for (const file of ['level', 'source']) {
          const what = `${at(position, file)} while nothing is bound`;
          expect(await guest.exists(at(position, file)), what).toBe(false);
        }
        await rail.set(`${bus}/drivers/${driver}/bind`, `rail${position}`);
      }
      for (const text of ['101', '-1', 'full']) await rail.refuses(at(position, 'level'), text, 'EINVAL');
      await rail.says(at(position, 'level'), '0');
    }
    expect(await guest.exists(at(lamp, 'source')), `${at(lamp, 'source')}, of a lamp`).toBe(false);
    await rail.says(at(valve, 'source'), 'none');
  });

  await requirement('refuses-prototypes', async (rail) => {
    const [one] = draws(1) as [number];
    await rail.attach(one, 'valve', 0);
    expect(await guest.exists(at(one, 'driver')), 'rail:valve:0 being bound').toBe(false);
    await rail.refuses(`${bus}/drivers/valve/bind`, `rail${one}`, 'ENXIO');
    await rail.refuses(`${bus}/drivers/valve/bind`, `rail${one}`, 'ENXIO');
    expect(await guest.exists(at(one, 'level')), `${at(one, 'level')} after a probe that failed`).toBe(false);
    await rail.says(at(one, 'kind'), 'valve');
  });

  await requirement('detaches-in-use', async (rail) => {
    const [one] = draws(1) as [number];
    const user = await guest.task();
    await rail.attach(one, 'valve', 1);
    await rail.set(at(one, 'level'), '80');
    const level = await user.open(at(one, 'level'), 'rw');
    const [kind, output] = [await user.open(at(one, 'kind')), await user.open(at(one, 'output'))];
    await expect(kind.read(64)).toReturn('valve\n');
    await expect(output.read(64)).toReturn('80\n');
    await rail.detach(one);
    expect(await guest.exists(at(one)), `${at(one)} after detaching with its files open`).toBe(false);
    await expect(level.read(64), 'read() of level after detaching').toFail('ENODEV');
    await expect(level.write('5'), 'write() to level after detaching').toFail('ENODEV');
    await expect(kind.readAt(0, 64), 'read() of kind after detaching').toFail('ENODEV');
    await expect(output.readAt(0, 64), 'read() of output after detaching').toFail('ENODEV');
    await rail.attach(one, 'valve', 2);
    await rail.says(at(one, 'output'), '0');
    await expect(level.write('5'), 'write() to level of the module that was there before').toFail('ENODEV');
    await rail.says(at(one, 'level'), '0');
  });

  await requirement('takes-one-command-at-a-time', async (rail) => {
    // Comes before all others as soon as an event wakes it: while the driver is in the middle of a command.
    const hasty = await guest.task({ separate: true });
    const three = draws(3);
    const attach = await rail.task.open(`${bus}/attach`, 'w');
    const detach = await rail.task.open(`${bus}/detach`, 'w');
    const theirs = await hasty.open(`${bus}/attach`, 'w');
    const sockets = [
      await guest.uevents(hasty, { only: 'add' }),
      await guest.uevents(hasty, { only: 'remove' }),
    ];
    await hasty.schedule('fifo');
    for (const position of three) rail.attached.add(position);
    for (const [i, { file: events }] of sockets.entries()) {
      const [seen, given] = await guest.storm(
        {
          task: hasty,
          times: 1,
          row: (row) => {
            for (const position of three) {
              row.read(events, 2048);
              row.write(theirs, `${position} hasty 2`);
            }
          },
        },
        {
          task: rail.task,
          times: 1,
          row: (row) => {
            for (const position of three)
              if (i === 0) row.write(attach, `${position} pump 1`);
              else row.write(detach, String(position));
          },
        },
      );
      const what = i === 0 ? 'attach' : 'detach';
      for (const [k, position] of three.entries()) {
        expect(given![k]!.good, `${what} at ${position} succeeding, while another process attaches`).toBe(1);
        const { good, error } = seen![2 * k + 1]!;
        // In the middle of a detach the position may be said to be taken, or waited for.
        if (i === 0 || good === 0) expect(error, `an attach in the middle of an ${what}`).toBe('EEXIST');
        const there = i === 0 ? 'pump' : good === 1 ? 'hasty' : '';
        if (there) await rail.says(at(position, 'kind'), there);
        else expect(await guest.exists(at(position)), `${at(position)} after detaching`).toBe(false);
        if (i === 1 && !there) rail.attached.delete(position);
      }
    }
  });

  await requirement('outlives-its-position', async (rail) => {
    const [valve, other, third] = draws(3) as [number, number, number];
    const kind = newKind();
    const source = at(valve, 'source');
    await rail.attach(valve, 'valve', 1);
    await rail.attach(other, kind, 1);
    await rail.says(source, 'none');
    await rail.set(source, `${other}\n`);
    await rail.says(source, `rail${other} ${kind}`);
    await rail.detach(other);
    await rail.says(source, `rail${other} ${kind} gone`);
    await rail.attach(other, 'lamp', 2);
    await rail.says(source, `rail${other} ${kind} gone`);
    await rail.refuses(source, String(third), 'ENODEV');
    for (const text of [String(valve), '16', 'rail1']) await rail.refuses(source, text, 'EINVAL');
    await rail.says(source, `rail${other} ${kind} gone`);
    await rail.set(source, String(other));
    await rail.says(source, `rail${other} lamp`);
    await rail.set(`${bus}/drivers/valve/unbind`, `rail${valve}`);
    await rail.set(`${bus}/drivers/valve/bind`, `rail${valve}`);
    await rail.says(source, 'none');
    await rail.set(source, String(other));
    await rail.set(source, 'none');
    await rail.says(source, 'none');
  });

  await requirement('frees-with-the-last-holder', async (rail) => {
    const [one, two, three] = draws(3) as [number, number, number];
    const pass = async (letGo: string): Promise<void> => {
      await rail.attach(one, 'valve', 1);
      await rail.attach(two, 'valve', 2);
      await rail.set(at(one, 'source'), String(two));
      if (letGo === 'other') await rail.attach(three, 'pump', 3);
      if (letGo === 'each other') await rail.set(at(two, 'source'), String(one));
      if (letGo === 'holder first') await rail.detach(one);
      await rail.detach(two);
      if (letGo === 'none') await rail.set(at(one, 'source'), 'none');
      if (letGo === 'other') await rail.set(at(one, 'source'), String(three));
      if (letGo === 'unbind') await rail.set(`${bus}/drivers/valve/unbind`, `rail${one}`);
      if (letGo !== 'holder first') await rail.detach(one);
      if (letGo === 'other') await rail.detach(three);
    };
    const ways = ['none', 'other', 'unbind', 'detach', 'holder first', 'each other'];
    const before = await guest.allocated(module);
    for (const way of ways) await pass(way);
    await guest.sleep('1s');
    if ((await guest.allocated(module)) === before) return;
    // Which of them was it?
    let held = await guest.allocated(module);
    for (const way of ways) {
      await pass(way);
      await guest.sleep('1s');
      const now = await guest.allocated(module);
      expect(now - held, `bytes that stay when all are detached (a source was let go: ${way})`).toBe(0);
      held = now;
    }
    expect(held, 'bytes the module holds when all are detached').toBe(before);
  });

  await requirement('survives-lack-of-memory', async (rail) => {
    const [one] = draws(1) as [number];
    const attach = await rail.task.open(`${bus}/attach`, 'w');
    const detach = await rail.task.open(`${bus}/detach`, 'w');
    await faults.everyAllocation(async (task, n) => {
      try {
        await attach.in(task).write(`${one} pump 1`);
      } catch (error) {
        if (n === 0 || !(error instanceof SyscallError)) throw error;
        expect(await guest.exists(at(one)), `${at(one)} after an attach that failed`).toBe(false);
        return;
      }
      await expect(detach.write(String(one)), 'detaching after an attach that succeeded').toReturn(
        String(one).length,
      );
    }, 120);
    await rail.attach(one, 'valve', 1);
    expect(await bound(one, 'valve'), 'a valve being bound after all that').toBe(true);
  });

  await step('unloads-with-modules', async () => {
    if (!guest.loaded.includes(module)) await guest.load(module);
    const rail = new Rail(await guest.task());
    const [one, two] = draws(2) as [number, number];
    await rail.attach(one, 'valve', 1);
    await rail.attach(two, newKind(), 2);
    await rail.set(at(one, 'source'), String(two));
    const kind = await rail.task.open(at(two, 'kind'));
    await guest.unload(module);
    expect(await guest.exists(bus), `${bus} after unloading`).toBe(false);
    await expect(kind.read(64), 'read() of a file that was open when the module was unloaded').toFail(
      'ENODEV',
    );
  });
});
