// SPDX-License-Identifier: Apache-2.0
import { check, expect } from '#bringup/lab';
import { channels, Mast, records, type Channel, type Entry, type Weather } from './weather.ts';

const driver = '/sys/bus/platform/drivers/mast';

export default check(async ({ step, guest, module, draw }) => {
  const newWeather = (): Weather => ({
    pressure: 0x80001 + draw(0x7fffe),
    temp: (draw(2) === 1 ? -1 : 1) * (1 + draw(2000)),
    humidityrelative: 1 + draw(255),
  });
  const wanted = (weather: Weather, names: readonly string[]): Entry =>
    Object.fromEntries(channels.filter((name) => names.includes(name)).map((name) => [name, weather[name]]));
  const untimed = ({ timestamp: _, ...values }: Entry): Entry => values;

  /** A requirement with the driver as it is after loading: the buffer is not enabled, and the chip stopped. */
  const requirement = (id: string, work: (mast: Mast) => Promise<void>): Promise<void> =>
    step(id, async () => {
      if (!guest.loaded.includes(module)) await guest.load(module);
      const mast = new Mast(guest, await guest.task());
      await mast.happens('slow 0');
      await mast.find();
      if ((await mast.tries('buffer/enable')) === '1') await mast.enable(false);
      await work(mast);
      await mast.enable(false);
    });

  await requirement('reads-once', async (mast) => {
    for (let turn = 0; turn < 2; turn++) {
      const weather = newWeather();
      await mast.samples(weather);
      for (const name of channels) {
        expect(await mast.tries(`in_${name}_raw`), `in_${name}_raw`).toBe(String(weather[name]));
        expect((await mast.state()).runs, 'that the chip runs after one value was read').toBe(false);
      }
    }
  });

  await requirement('fills-the-buffer', async (mast) => {
    const elements = await mast.choose([...channels, 'timestamp']);
    const file = await mast.open();
    expect(await mast.tries('trigger/current_trigger'), 'current_trigger').toMatch(/./);
    await mast.enable(true);
    const all: Entry[] = [];
    for (let turn = 0; turn < 5; turn++) {
      const weather = newWeather();
      all.push(wanted(weather, channels));
      await mast.samples(weather);
      await guest.sleep('20ms');
    }
    expect((await records(file, elements)).map(untimed), 'records of five samples').toEqual(all);
  });

  await requirement('fits-each-choice', async (mast) => {
    const file = await mast.open();
    const choices: (Channel | 'timestamp')[][] = [
      ['temp', 'humidityrelative', 'timestamp'],
      ['humidityrelative'],
      ['pressure', 'humidityrelative'],
      ['humidityrelative', 'timestamp'],
      ['pressure', 'temp', 'humidityrelative'],
      ['temp'],
    ];
    for (const names of choices) {
      const elements = await mast.choose(names);
      await mast.enable(true);
      const all: Entry[] = [];
      for (let turn = 0; turn < 2; turn++) {
        const weather = newWeather();
        all.push(wanted(weather, names));
        await mast.samples(weather);
        await guest.sleep('20ms');
      }
      const got = (await records(file, elements)).map(untimed);
      expect(got, `records of two samples with ${names.join(', ')}`).toEqual(all);
      await mast.enable(false);
    }
  });

  await requirement('tells-the-time', async (mast) => {
    const elements = await mast.choose(['pressure', 'temp', 'timestamp']);
    await mast.set('current_timestamp_clock', 'monotonic');
    await mast.happens('slow 8');
    const file = await mast.open();
    await mast.enable(true);
    for (let turn = 0; turn < 3; turn++) {
      await mast.samples(newWeather());
      await guest.sleep('200ms');
      const { pulsed } = await mast.state();
      const [entry] = await records(file, elements);
      expect(entry !== undefined, 'that there is a record of a sample').toBe(true);
      const distance = (entry!.timestamp! - pulsed) / 1e6;
      expect(
        Math.round(distance),
        'ms from the pulse to the timestamp, with a chip that is slow to read',
      ).toBe(0);
    }
  });

  await requirement('keeps-up', async (mast) => {
    const elements = await mast.choose(['pressure', 'humidityrelative']);
    await mast.happens('slow 5');
    const file = await mast.open();
    await mast.enable(true);
    // Samples that come while the one before is being read: some may be lost, and none may be mixed.
    const [first, second, third] = [newWeather(), newWeather(), newWeather()];
    await mast.samples(first);
    await guest.sleep('4ms');
    await mast.samples(second);
    await guest.sleep('300ms');
    await mast.happens('slow 0');
    await mast.samples(third);
    await guest.sleep('50ms');
    const got = await records(file, elements);
    const names = ['pressure', 'humidityrelative'];
    const possible = [first, second, third].map((weather) => JSON.stringify(wanted(weather, names)));
    for (const entry of got) expect(possible, 'the samples that there were').toContain(JSON.stringify(entry));
    expect(got.at(-1), 'the record of a sample that came after others had come too fast').toEqual(
      wanted(third, names),
    );
  });

  await requirement('belongs-to-one', async (mast) => {
    await mast.choose(['temp']);
    await mast.samples(newWeather());
    await mast.enable(true);
    const before = (await mast.state()).reads;
    for (const name of channels)
      expect(await mast.tries(`in_${name}_raw`), `in_${name}_raw while the buffer is enabled`).toBe('EBUSY');
    expect((await mast.state()).reads, 'registers of DATA read by then').toBe(before);
    expect((await mast.state()).runs, 'that the chip runs while the buffer is enabled').toBe(true);
    await mast.enable(false);
    const weather = newWeather();
    await mast.samples(weather);
    expect(await mast.tries('in_temp_raw'), 'in_temp_raw when it is enabled no more').toBe(
      String(weather.temp),
    );
  });

  await requirement('stops', async (mast) => {
    const elements = await mast.choose(['pressure', 'timestamp']);
    const file = await mast.open();
    const enable = await mast.task.open(`${mast.base}/buffer/enable`, 'w');
    const stopper = await guest.task();
    for (const slow of [0, 10, 30]) {
      await mast.happens(`slow ${slow}`);
      await mast.enable(true);
      await mast.samples(newWeather());
      // With a slow chip the handler is in the middle of its registers now.
      await guest.sleep('15ms');
      const write = enable.in(stopper).write('0');
      await expect(write, 'disabling the buffer').toFinishWithin('2s');
      await write;
      const { runs, reads } = await mast.state();
      expect(runs, 'that the chip runs when the buffer has been disabled').toBe(false);
      await mast.samples(newWeather());
      await guest.sleep('300ms');
      expect((await mast.state()).reads, 'registers of DATA read 300 ms later').toBe(reads);
      await records(file, elements).catch(() => []);
    }
  });

  await requirement('survives-unbinding', async (mast) => {
    const elements = await mast.choose(['pressure', 'timestamp']);
    await mast.happens('slow 10');
    const file = await mast.open();
    await mast.enable(true);
    await mast.samples(newWeather());
    await guest.sleep('15ms');
    await guest.writeFile(`${driver}/unbind`, 'mast');
    expect((await mast.state()).runs, 'that the chip runs when its driver is unbound').toBe(false);
    await expect(file.read(64), 'read() of a device that is gone').toFail('ENODEV');
    await file.close();
    await mast.happens('slow 0');
    await guest.writeFile(`${driver}/bind`, 'mast');
    await mast.find();
    const again = await mast.open();
    await mast.choose(elements.map(({ name }) => name as Channel));
    await mast.enable(true);
    const weather = newWeather();
    await mast.samples(weather);
    await guest.sleep('20ms');
    expect((await records(again, elements)).map(untimed), 'records after binding again').toEqual([
      wanted(weather, ['pressure']),
    ]);
  });

  await step('unloads', async () => {
    if (!guest.loaded.includes(module)) await guest.load(module);
    const mast = new Mast(guest, await guest.task());
    await mast.find();
    await mast.choose([...channels]);
    await mast.enable(true);
    await mast.samples(newWeather());
    await guest.sleep('20ms');
    await mast.enable(false);
    await mast.close();
    await guest.unload(module);
    expect(await guest.exists(mast.base), `${mast.base} after unloading`).toBe(false);
  });
});
