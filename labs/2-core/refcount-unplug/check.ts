// SPDX-License-Identifier: Apache-2.0
import { check, expect, type OpenFile, type Task } from '#bringup/lab';

const device = '/dev/dock';
const control = '/dev/dockctl';
const getSerial = 0x8004d001;

interface Bench {
  /** The open control device. */
  ctl: OpenFile;
  /** Opens /dev/dock; it is closed when the requirement ends. */
  open: (task: Task, options?: { nonblock?: boolean }) => Promise<OpenFile>;
  close: (file: OpenFile) => Promise<void>;
}

export default check(async ({ step, guest, module, draw, word }) => {
  // Serial numbers of this attempt, all different.
  let drawn = draw(2 ** 31);
  const newSerial = (): number => (drawn += 977);
  const ending = word(6);
  const text = (name: string): string => `${name} ${ending}`;

  /** A requirement that begins with an empty dock and closes what it opened, however it ends. */
  const requirement = (id: string, work: (bench: Bench) => Promise<void>): Promise<void> =>
    step(id, async () => {
      if (!guest.loaded.includes(module)) await guest.load(module);
      const pusher = await guest.task();
      const opened = new Set<OpenFile>();
      const ctl = await pusher.open(control, 'w');
      opened.add(ctl);
      const close = async (file: OpenFile): Promise<void> => {
        opened.delete(file);
        // The main task only steps in where it must: a driver may break down in its release().
        await (file.task.busy ? file.in(guest.main) : file).close();
      };
      const open: Bench['open'] = async (task, options = {}) => {
        const file = await task.open(device, 'rw', options);
        opened.add(file);
        return file;
      };
      try {
        if (await guest.exists(device)) await ctl.write('unplug');
        await work({ ctl, open, close });
      } finally {
        for (const file of opened) {
          try {
            await close(file);
          } catch {
            // The kernel's report, or what the requirement found, says more.
          }
        }
      }
    });

  const plug = async (ctl: OpenFile): Promise<number> => {
    const serial = newSerial();
    const command = `plug ${serial}\n`;
    await expect(ctl.write(command), `write("plug ${serial}") to ${control}`).toReturn(command.length);
    return serial;
  };
  const unplug = async (ctl: OpenFile): Promise<void> => {
    const call = ctl.write('unplug');
    await expect(call, 'unplug').toFinishWithin('1s');
    await expect(call, 'unplug').toReturn(6);
  };
  const serialOf = async (file: OpenFile): Promise<number> =>
    (await file.ioctl(getSerial, Buffer.alloc(4))).data.readUInt32LE(0);

  await requirement('plugs-and-unplugs', async ({ ctl, open, close }) => {
    expect(await guest.exists(device), `${device} before plugging`).toBe(false);
    await expect(ctl.write('unplug'), 'unplug of an empty dock').toFail('ENODEV');
    const serial = await plug(ctl);
    expect(await guest.exists(device), `${device} after plugging`).toBe(true);
    await expect(ctl.write('plug 5'), 'plug of an occupied dock').toFail('EBUSY');
    await expect(ctl.write('eject'), 'an unknown command').toFail('EINVAL');
    const file = await open(await guest.task());
    expect(await serialOf(file), 'the serial number').toBe(serial);
    await close(file);
    await unplug(ctl);
    expect(await guest.exists(device), `${device} after unplugging`).toBe(false);
    await expect(ctl.write('unplug'), 'unplug of an empty dock').toFail('ENODEV');
  });

  await requirement('carries-messages', async ({ ctl, open }) => {
    const [reader, writer] = await guest.tasks(2);
    await plug(ctl);
    const inbox = await open(reader);
    const outbox = await open(writer, { nonblock: true });
    await expect(outbox.read(64), 'non-blocking read() without a message').toFail('EAGAIN');
    await expect(outbox.poll(['in', 'out']), 'poll() without a message').toReturn(['out']);
    await expect(outbox.write('x'.repeat(65)), 'write() of 65 bytes').toFail('EMSGSIZE');
    await outbox.write('an older message, longer than the newer one');
    const message = text('newer');
    await expect(outbox.write(message)).toReturn(message.length);
    await expect(outbox.poll(['in', 'out']), 'poll() with a message').toReturn(['in', 'out']);
    await expect(inbox.read(64)).toReturn(message);

    const read = inbox.read(3);
    await expect(read, 'read() without a message').toBlockFor('200ms');
    await outbox.write(text('abc'));
    await expect(read, 'the sleeping read() after a write').toFinishWithin('1s');
    await expect(read, 'the sleeping read() of 3 bytes').toReturn('abc');

    const interrupted = inbox.read(64);
    await expect(interrupted, 'read() after a message was taken in part').toBlockFor('200ms');
    await guest.signal(reader, 'interrupt');
    await expect(interrupted, 'the sleeping read() after a signal').toFinishWithin('1s');
    await expect(interrupted, 'the sleeping read() after a signal').toFail('EINTR');
  });

  await requirement('unplugs-at-once', async ({ ctl, open }) => {
    const user = await guest.task();
    await plug(ctl);
    await open(user);
    await open(user, { nonblock: true });
    await unplug(ctl);
    expect(await guest.exists(device), `${device} after unplugging with two files open`).toBe(false);
  });

  await requirement('files-outlive-the-device', async ({ ctl, open, close }) => {
    const user = await guest.task();
    const serial = await plug(ctl);
    const file = await open(user);
    const other = await open(user, { nonblock: true });
    await other.write(text('lost'));
    await unplug(ctl);
    for (const [old, what] of [
      [file, 'on a file of a pulled device'],
      [other, 'on a non-blocking file of a pulled device'],
    ] as const) {
      const read = old.read(64);
      await expect(read, `read() ${what}`).toFinishWithin('1s');
      await expect(read, `read() ${what}`).toFail('ENODEV');
      await expect(old.write('late'), `write() ${what}`).toFail('ENODEV');
      expect((await old.poll(['in', 'out'])).join(), `poll() ${what}`).toContain('hup');
      expect(await serialOf(old), `the serial number ${what}`).toBe(serial);
      // The second one finds the object one user poorer.
      await close(old);
    }
  });

  await requirement('wakes-sleepers', async ({ ctl, open }) => {
    const [reader, poller] = await guest.tasks(2);
    const second = await guest.task();
    await plug(ctl);
    const file = await open(reader);
    const sleepers = [file.read(64), file.in(second).read(64)] as const;
    const poll = (await open(poller)).poll(['in'], 60_000);
    await expect(sleepers[0], 'read() without a message').toBlockFor('200ms');
    await expect(sleepers[1], 'a second read() without a message').toBlockFor('200ms');
    await expect(poll, 'poll() without a message').toBlockFor('200ms');
    await unplug(ctl);
    for (const sleeper of sleepers) {
      await expect(sleeper, 'the sleeping read() after unplug').toFinishWithin('1s');
      await expect(sleeper, 'the sleeping read() after unplug').toFail('ENODEV');
    }
    await expect(poll, 'the sleeping poll() after unplug').toFinishWithin('1s');
    expect((await poll).join(), 'what poll() reports after unplug').toContain('hup');
  });

  await requirement('plugs-a-new-object', async ({ ctl, open }) => {
    const [user, sleeper] = await guest.tasks(2);
    const serials = [await plug(ctl)];
    const old = await open(user, { nonblock: true });
    const asleep = (await open(sleeper)).read(64);
    await expect(asleep, 'read() without a message').toBlockFor('100ms');
    await old.write(text('gone'));
    await expect(asleep).toReturn(text('gone'));
    await old.write(text('never read'));
    await unplug(ctl);
    serials.push(await plug(ctl));
    const file = await open(user, { nonblock: true });
    expect(await serialOf(file), 'the serial number of the new device').toBe(serials[1]);
    await expect(file.read(64), 'read() of the new device, which has no message').toFail('EAGAIN');
    await file.write(text('new'));
    expect(await serialOf(old), 'the serial number on the old file').toBe(serials[0]);
    await expect(old.read(64), 'read() on the old file').toFail('ENODEV');
    await expect(old.write('x'), 'write() on the old file').toFail('ENODEV');
    await expect(file.read(64), 'read() of the new device').toReturn(text('new'));
    await unplug(ctl);
    await expect(file.read(64), 'read() of the second device after it was pulled').toFail('ENODEV');
    expect(await serialOf(old), 'the serial number on the old file').toBe(serials[0]);
    expect(await serialOf(file), 'the serial number on the second file').toBe(serials[1]);
  });

  await requirement('stays-while-in-use', async ({ ctl, open, close }) => {
    const user = await guest.task();
    const serial = await plug(ctl);
    const file = await open(user);
    await unplug(ctl);
    await close(ctl);
    await expect(guest.unload(module), 'unloading while a file of a pulled device is open').toFail(
      'EAGAIN',
      'EBUSY',
    );
    expect(await serialOf(file), 'the serial number on that file').toBe(serial);
  });

  await requirement('frees-with-the-last-user', async ({ ctl, open, close }) => {
    // A process with files of its own: they are closed by its death, and only by that.
    const victim = await guest.task({ separate: true });
    let alive = true;
    const kill = async (): Promise<void> => {
      if (alive) await guest.signal(victim, 'kill');
      alive = false;
    };
    try {
      await everyWayToLeave(ctl, victim, kill, { open, close });
    } finally {
      await kill();
    }
  });

  async function everyWayToLeave(
    ctl: OpenFile,
    victim: Task,
    kill: () => Promise<void>,
    { open, close }: Pick<Bench, 'open' | 'close'>,
  ): Promise<void> {
    const user = await guest.task();
    const before = await guest.allocated(module);

    await plug(ctl); // nobody opens it
    await unplug(ctl);

    await plug(ctl); // closed, then pulled
    await close(await open(user));
    await unplug(ctl);

    await plug(ctl); // pulled, then closed
    const files = [await open(user), await open(user, { nonblock: true })];
    await unplug(ctl);
    for (const file of files) await close(file);

    await plug(ctl); // in use by one who is killed, then pulled
    const read = (await victim.open(device, 'rw')).read(64);
    await expect(read, 'read() without a message').toBlockFor('100ms');
    await kill();
    await expect(read, 'the sleeping read() of a killed process').toFinishWithin('1s');
    await unplug(ctl);

    await guest.sleep('1s');
    expect(await guest.allocated(module), 'bytes the module holds after all users left').toBe(before);
  }

  await step('unloads-while-plugged', async () => {
    if (!guest.loaded.includes(module)) await guest.load(module);
    const commander = await guest.task();
    const ctl = await commander.open(control, 'w');
    try {
      if (await guest.exists(device)) await ctl.write('unplug');
      await plug(ctl);
    } finally {
      await ctl.in(guest.main).close();
    }
    await guest.unload(module);
    expect(await guest.exists(device), `${device} after unloading`).toBe(false);
    expect(await guest.exists(control), `${control} after unloading`).toBe(false);
  });
});

/**
 * On two processors: what no order of single calls shows. Two processes push and pull at the same moment,
 * and one uses the device while another pulls it.
 */
export const race = check(async ({ step, guest, module, draw }) => {
  const command = `plug ${draw(2 ** 31)}`;
  let before = 0;

  await step('plugs-and-unplugs', async () => {
    await guest.load(module);
    before = await guest.allocated(module);
    const [one, other] = await guest.tasks(2);
    const ctl = await one.open(control, 'w');
    const storms = await guest.storm(
      {
        task: one,
        times: 20,
        row: (row) => {
          row.write(ctl, command);
          row.write(ctl, 'unplug');
        },
      },
      {
        task: other,
        times: 20,
        row: (row) => {
          row.write(ctl, command);
          row.write(ctl, command);
          row.write(ctl, 'unplug');
        },
      },
    );
    const good = (calls: readonly { good: number }[]): number =>
      calls.reduce((sum, call) => sum + call.good, 0);
    let plugged = 0;
    for (const calls of storms) plugged += good(calls.slice(0, -1)) - calls.at(-1)!.good;
    const what = 'plug commands that succeeded, less unplug commands, of two processes at once';
    expect(plugged, what).toBeAtLeast(0);
    expect(plugged, what).toBeAtMost(1);
    if (plugged === 1) await ctl.write('unplug');
    expect(await guest.exists(device), `${device} when nothing is plugged in`).toBe(false);
  });

  await step('frees-with-the-last-user', async () => {
    const [one, other] = await guest.tasks(2);
    const ctl = await one.open(control, 'w');
    const [pulled] = await guest.storm(
      {
        task: one,
        times: 20,
        row: (row) => {
          row.write(ctl, command);
          row.write(ctl, 'unplug');
        },
      },
      {
        task: other,
        times: 400,
        row: (row) => {
          const file = row.open(device, 'rw', { nonblock: true });
          row.write(file, 'here');
          row.read(file, 64);
          row.close(file);
        },
      },
    );
    expect(
      pulled!.map(({ good }) => good),
      'how many of 20 plug and 20 unplug commands succeeded while a process opens, uses and closes',
    ).toEqual([20, 20]);
    await guest.sleep('200ms');
    expect(await guest.allocated(module), 'bytes the module holds after all users left').toBe(before);
  });
});
