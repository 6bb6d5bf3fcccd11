// SPDX-License-Identifier: Apache-2.0
// The chip and its IIO device, as a generic program sees it: all about a record comes from scan_elements.
import { expect, SyscallError, type Guest, type OpenFile, type Task } from '#bringup/lab';

const devices = '/sys/bus/iio/devices';

export const channels = ['pressure', 'temp', 'humidityrelative'] as const;
export type Channel = (typeof channels)[number];
export type Weather = Record<Channel, number>;

interface Element {
  name: string;
  index: number;
  big: boolean;
  signed: boolean;
  bits: number;
  bytes: number;
  shift: number;
}

/** A record of the buffer: values of the channels that are enabled, and the time. */
export type Entry = Partial<Record<Channel | 'timestamp', number>>;

export class Mast {
  readonly guest: Guest;
  readonly task: Task;
  #chip: OpenFile | undefined;
  base = '';
  node = '';

  constructor(guest: Guest, task: Task) {
    this.guest = guest;
    this.task = task;
  }

  /** Finds the device, which has another number each time. */
  async find(): Promise<void> {
    for (let i = 0; i < 12; i++) {
      const base = `${devices}/iio:device${i}`;
      if (!(await this.guest.exists(base))) continue;
      if ((await this.task.readFile(`${base}/name`)) !== 'mast\n') continue;
      this.base = base;
      this.node = `/dev/iio:device${i}`;
      return;
    }
    expect(false, 'that there is an IIO device with the name mast').toBe(true);
  }

  async #weather(): Promise<OpenFile> {
    return (this.#chip ??= await this.task.open('/dev/weather', 'rw'));
  }

  /** The module can not be unloaded while it is open. */
  async close(): Promise<void> {
    await this.#chip?.close();
    this.#chip = undefined;
  }

  /** What happens at the chip; the time of all of it is the same. */
  async happens(...lines: string[]): Promise<void> {
    await (await this.#weather()).write(lines.join('\n'));
  }

  async samples(weather: Weather): Promise<void> {
    await this.happens(`sample ${weather.pressure} ${weather.temp} ${weather.humidityrelative}`);
  }

  async state(): Promise<{ runs: boolean; reads: number; pulsed: number }> {
    const text = (await (await this.#weather()).readAt(0, 64)).toString();
    const [run, reads, pulsed] = text.split(' ');
    return { runs: run === '1', reads: Number(reads), pulsed: Number(pulsed) };
  }

  get(file: string): Promise<string> {
    return this.task.readFile(`${this.base}/${file}`);
  }

  /** Reads a file; gives its text or the name of the error. */
  async tries(file: string): Promise<string> {
    try {
      return (await this.get(file)).trim();
    } catch (error) {
      if (error instanceof SyscallError) return error.errno;
      throw error;
    }
  }

  set(file: string, text: string): Promise<void> {
    return this.task.writeFile(`${this.base}/${file}`, text);
  }

  /** Enables these elements and no others, and says what a record then looks like. */
  async choose(names: readonly (Channel | 'timestamp')[]): Promise<Element[]> {
    const elements: Element[] = [];
    for (const name of [...channels, 'timestamp'] as const) {
      const prefix = `scan_elements/in_${name}`;
      await this.set(`${prefix}_en`, names.includes(name) ? '1' : '0');
      if (!names.includes(name)) continue;
      const type = (await this.get(`${prefix}_type`)).trim();
      const match = /^([bl])e:([su])(\d+)\/(\d+)>>(\d+)$/.exec(type);
      expect(match !== null, `that ${prefix}_type, which is "${type}", has the form of a type`).toBe(true);
      const [, order, sign, bits, storage, shift] = match!;
      elements.push({
        name,
        index: Number(await this.get(`${prefix}_index`)),
        big: order === 'b',
        signed: sign === 's',
        bits: Number(bits),
        bytes: Number(storage) / 8,
        shift: Number(shift),
      });
    }
    return elements.sort((a, b) => a.index - b.index);
  }

  enable(on: boolean): Promise<void> {
    return this.set('buffer/enable', on ? '1' : '0');
  }

  async open(): Promise<OpenFile> {
    return this.task.open(this.node, 'r', { nonblock: true });
  }
}

/** How long a record is: each element at a multiple of its size, and all of it of the largest. */
export function sizeOf(elements: readonly Element[]): number {
  let at = 0;
  for (const { bytes } of elements) at = Math.ceil(at / bytes) * bytes + bytes;
  const largest = Math.max(...elements.map(({ bytes }) => bytes));
  return Math.ceil(at / largest) * largest;
}

/** A record, taken apart; what belongs to no element has to be zero. */
export function decode(elements: readonly Element[], bytes: Buffer): Entry {
  const entry: Record<string, number> = {};
  const rest = Buffer.from(bytes);
  let at = 0;
  for (const { name, big, signed, bits, bytes: size, shift } of elements) {
    at = Math.ceil(at / size) * size;
    const part = Buffer.from(bytes.subarray(at, at + size));
    rest.fill(0, at, at + size);
    at += size;
    if (!big) part.reverse();
    const value = BigInt.asUintN(bits, BigInt(`0x${part.toString('hex')}`) >> BigInt(shift));
    entry[name] = Number(signed ? BigInt.asIntN(bits, value) : value);
  }
  expect(
    rest.equals(Buffer.alloc(rest.length)),
    'that the bytes of a record that are no element are zero',
  ).toBe(true);
  return entry;
}

/** What has arrived, as whole records. */
export async function records(file: OpenFile, elements: readonly Element[]): Promise<Entry[]> {
  const size = sizeOf(elements);
  let bytes: Buffer;
  try {
    bytes = await file.read(size * 32);
  } catch (error) {
    if (error instanceof SyscallError && error.errno === 'EAGAIN') return [];
    throw error;
  }
  expect(bytes.length % size, `what is left of ${bytes.length} bytes after records of ${size}`).toBe(0);
  const entries: Entry[] = [];
  for (let at = 0; at < bytes.length; at += size)
    entries.push(decode(elements, bytes.subarray(at, at + size)));
  return entries;
}
