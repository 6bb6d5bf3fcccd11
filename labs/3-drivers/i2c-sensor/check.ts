// SPDX-License-Identifier: Apache-2.0
import { check, expect } from '#bringup/lab';

export default check(async ({ step, guest, module, draw, silicon }) => {
  if (!silicon) throw new Error('the machine has no chip');
  const { chip, folder } = silicon;
  const { resolution = 0, step: limitStep = 0 } = chip.parameters;
  const conversion = chip.times['conversion']!.max! / 1e6;

  /** It has so many steps of the chip's resolution around the chip. */
  const becomes = (steps: number): Promise<void> => silicon.set('TEMPERATURE.VALUE', steps & 0xfff);
  /** Lets the chip make a result, or several, and the driver hear of it. */
  const results = async (count = 1): Promise<void> => {
    const every = chip.parameters[(await silicon.get('CONFIG.PERIOD')) as string]!;
    await guest.sleep(`${count * every + 120}ms`);
  };
  /** Lets the chip make its first result, and the driver be done with it. */
  const settled = (): Promise<void> => guest.sleep(`${conversion + 120}ms`);

  /** Where the driver's hwmon device is; undefined when there is none. */
  const find = async (): Promise<string | undefined> => {
    for (let n = 0; n < 4; n++) {
      const path = `${folder}/hwmon/hwmon${n}`;
      if (await guest.exists(path)) return path;
    }
    return undefined;
  };
  let hwmon = `${folder}/hwmon/hwmon0`;
  const file = (name: string): string => `${hwmon}/${name}`;
  const read = async (name: string): Promise<string> => (await guest.readFile(file(name))).trim();
  const write = (name: string, value: bigint | number): Promise<void> =>
    guest.writeFile(file(name), `${value}\n`);
  const shows = async (name: string, value: number, when: string): Promise<void> =>
    expect(await read(name), `${name} ${when}`).toBe(`${value}`);
  const load = async (): Promise<void> => {
    if (!guest.loaded.includes(module)) await guest.load(module);
    hwmon = (await find()) ?? hwmon;
  };
  const unload = async (): Promise<void> => {
    if (guest.loaded.includes(module)) await guest.unload(module);
  };

  /** The limits of the steps below, in their own steps, and temperatures within and beyond. */
  const [high, low] = [20 + draw(30), -20 - draw(30)];
  const within = -3;
  const hot = Math.floor((high * limitStep) / resolution) + 1 + draw(9);
  const cold = Math.ceil((low * limitStep) / resolution) - 1 - draw(9);
  /** Limits are set, it is neither hot nor cold, and nothing is left of what was before. */
  const calm = async (): Promise<void> => {
    await load();
    await becomes(within);
    await write('temp1_max', high * limitStep);
    await write('temp1_min', low * limitStep);
    await settled();
    await results();
    for (const name of ['temp1_max_alarm', 'temp1_min_alarm']) await read(name);
  };
  const alarms = async (max: number, min: number, when: string): Promise<void> => {
    await shows('temp1_max_alarm', max, when);
    await shows('temp1_min_alarm', min, when);
  };

  await step('binds', async () => {
    await becomes(within);
    await guest.load(module);
    expect(await guest.exists(`${folder}/driver`), 'a driver bound to the chip').toBe(true);
    const found = await find();
    expect(found !== undefined, 'a hwmon device below the I2C device').toBe(true);
    hwmon = found!;
    expect(await read('name'), 'its name').toBe('ember');
    for (const name of ['input', 'max', 'min', 'max_alarm', 'min_alarm'])
      expect(await guest.exists(file(`temp1_${name}`)), `a file temp1_${name}`).toBe(true);
    expect(await guest.exists(file('update_interval')), 'a file update_interval').toBe(true);
  });

  await step('measures', async () => {
    await unload();
    const first = -1 - draw(100);
    await becomes(first);
    await load();
    await shows('temp1_input', first * resolution, 'right after the driver came');
    for (const steps of [draw(500), -draw(500) - 2, -1, 2047, -2048, draw(2000)]) {
      await becomes(steps);
      await results();
      await shows('temp1_input', steps * resolution, `at ${steps} steps of ${resolution} m°C`);
    }
  });

  await step('limits', async () => {
    await load();
    await becomes(within);
    /** Less than half a step of a limit. */
    const less = (): number => draw(Math.floor(limitStep * 0.4)) + 1;
    const [one, two] = [draw(250), -1 - draw(250)];
    const rounded: [string, string, bigint, number][] = [
      ['temp1_max', 'HIGH', BigInt(one * limitStep + less()), one],
      ['temp1_max', 'HIGH', BigInt(two * limitStep - less()), two],
      ['temp1_max', 'HIGH', BigInt(one * limitStep - less()), one],
      ['temp1_min', 'LOW', BigInt(two * limitStep + less()), two],
      ['temp1_max', 'HIGH', BigInt(300 * limitStep), 255],
      ['temp1_max', 'HIGH', BigInt(-300 * limitStep), -256],
      ['temp1_min', 'LOW', 2n ** 63n - 1n, 255],
      ['temp1_max', 'HIGH', 2n ** 63n - 1n, 255],
      ['temp1_min', 'LOW', -(2n ** 63n), -256],
      ['temp1_max', 'HIGH', BigInt(high * limitStep), high],
    ];
    for (const [name, register, written, steps] of rounded) {
      await write(name, written);
      await shows(name, steps * limitStep, `after ${written} was written, in steps of ${limitStep} m°C`);
      expect(await silicon.get(`${register}.VALUE`), `${register}.VALUE of the chip after ${written}`).toBe(
        steps & 0x1ff,
      );
    }
    await unload();
    await load();
    await shows('temp1_max', high * limitStep, 'when the driver comes back');
    await shows('temp1_min', -256 * limitStep, 'when the driver comes back');
    expect(await silicon.get('HIGH.VALUE'), 'HIGH.VALUE when the driver has come back').toBe(high);
  });

  await step('alarms', async () => {
    await calm();
    await alarms(0, 0, 'within the limits');
    await becomes(hot);
    await results();
    await alarms(1, 0, 'when it is hot');
    await results();
    await alarms(1, 0, 'when it is still hot');
    await results();
    await becomes(cold);
    await results();
    await becomes(within);
    await results();
    await alarms(1, 1, 'after it was hot, then cold');
    await alarms(0, 0, 'when they were read already');
    await unload();
    await load();
    await settled();
    await alarms(0, 0, 'after the driver came, within the limits');
    await unload();
    await becomes(hot);
    await load();
    await settled();
    await results();
    await alarms(1, 0, 'after the driver came to a hot chip');
  });

  await step('wakes', async () => {
    await calm();
    const task = await guest.task();
    const alarm = await task.open(file('temp1_max_alarm'));
    await expect(alarm.read(8), 'read() of temp1_max_alarm').toReturn('0\n');
    const poll = alarm.poll(['pri'], 4000);
    await expect(poll, 'poll() of temp1_max_alarm within the limits').toBlockFor('300ms');
    await becomes(hot);
    await expect(poll, 'poll() of temp1_max_alarm when it becomes hot').toReturn(['err', 'pri']);
    await alarm.seek(0);
    await expect(alarm.read(8), 'read() of temp1_max_alarm after poll()').toReturn('1\n');
  });

  await step('interval', async () => {
    await calm();
    const found = (await silicon.get('CONFIG.PERIOD')) as string;
    await shows('update_interval', chip.parameters[found]!, `while the chip has the period ${found}`);
    const asked: [bigint, string][] = [
      [BigInt(chip.parameters['slow']! + draw(90)), 'slow'],
      [2n ** 63n - 1n, 'rare'],
      [BigInt(chip.parameters['normal']! - 1 - draw(20)), 'normal'],
      [-5n, 'quick'],
    ];
    const [writer, reader] = await guest.tasks(2);
    const interval = await writer.open(file('update_interval'), 'w');
    const input = await reader.open(file('temp1_input'));
    for (const [written, period] of asked) {
      const [change, meanwhile] = [interval.write(`${written}\n`), input.readAt(0, 16)];
      await expect(change, `write() of ${written} to update_interval`).toFinishWithin('2s');
      await expect(meanwhile, 'read() of temp1_input meanwhile').toFinishWithin('2s');
      await expect(change, `write() to update_interval`).toReturn(`${written}\n`.length);
      await expect(meanwhile, 'read() of temp1_input meanwhile').toReturn(`${within * resolution}\n`);
      await shows('update_interval', chip.parameters[period]!, `after ${written} was written`);
      expect(await silicon.get('CONFIG.PERIOD'), `CONFIG.PERIOD after ${written} was written`).toBe(period);
      await shows('temp1_input', within * resolution, `after the interval was changed`);
    }
    await settled();
    await alarms(0, 0, 'after the interval was changed, within the limits');
  });

  await step('passes-errors', async () => {
    await calm();
    await silicon.remove();
    const task = await guest.task();
    const input = await task.open(file('temp1_input'));
    const max = await task.open(file('temp1_max'), 'w');
    const interval = await task.open(file('update_interval'), 'w');
    const other = (await silicon.get('CONFIG.PERIOD')) === 'slow' ? 'rare' : 'slow';
    for (let turn = 0; turn < 2; turn++) {
      const what = 'with a chip that does not answer';
      const reading = input.readAt(0, 16);
      await expect(reading, `read() of temp1_input ${what}`).toFinishWithin('1s');
      await expect(reading, `read() of temp1_input ${what}`).toFail('ENXIO', 'EIO');
      const setting = max.write(`${(high - 5 - turn) * limitStep}`);
      await expect(setting, `write() to temp1_max ${what}`).toFail('ENXIO', 'EIO');
      const changing = interval.write(`${chip.parameters[other]}`);
      await expect(changing, `write() to update_interval ${what}`).toFinishWithin('1s');
      await expect(changing, `write() to update_interval ${what}`).toFail('ENXIO', 'EIO');
    }
    for (const open of [input, max, interval]) await open.close();
    await unload();
    await silicon.insert();
    const steps = -1 - draw(100);
    await becomes(steps);
    await load();
    await shows('temp1_input', steps * resolution, 'with a chip that answers again');
  });

  await step('turns-away', async () => {
    await unload();
    const known = (await silicon.get('ID.CHIP')) as number;
    await silicon.fault({ kind: 'value', path: 'ID.CHIP', value: known ^ (1 << draw(12)) });
    const before = (await silicon.events()).length;
    await guest.load(module);
    expect(await guest.exists(`${folder}/driver`), 'a driver bound to another chip').toBe(false);
    expect(await find(), 'a hwmon device without a chip').toBe(undefined);
    const writes = (await silicon.events(before)).filter(({ kind }) => kind === 'write');
    expect(writes.length, 'how often the other chip was written to').toBe(0);
    await unload();
    await silicon.heal();
  });

  await step('lets-go', async () => {
    await calm();
    await becomes(hot);
    await results();
    await unload();
    expect(await silicon.get('CONFIG.MODE'), 'CONFIG.MODE after unloading').toBe('off');
    expect(await silicon.get('CONFIG.ALERT'), 'CONFIG.ALERT after unloading').toBe(0);
    expect(await silicon.get('HIGH.VALUE'), 'HIGH.VALUE after unloading').toBe(high);
    expect(await silicon.get('LOW.VALUE'), 'LOW.VALUE after unloading').toBe(low & 0x1ff);
    expect(await find(), 'a hwmon device after unloading').toBe(undefined);
  });
});
