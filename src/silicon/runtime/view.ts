// SPDX-License-Identifier: Apache-2.0
import { DmaError, type ChipView, type Shape, type Timer } from '../describe/behaviour.ts';
import type { FormatValue } from '../layout/codec.ts';
import { decode, encode } from '../layout/codec.ts';
import type { Chip } from '../layout/chip.ts';
import { numbers } from '../../shared/random.ts';
import type { RegisterFile } from './registers.ts';
import type { World } from './world.ts';

/** What the view needs of the model around it. */
interface Around {
  /** A register was changed. */
  changed: () => void;
  violate: (rule: string, detail: string) => void;
  /** Runs what a timer is for. */
  run: (action: () => void | Promise<void>) => void;
  /** Path of the status field of an interrupt. */
  status: (interrupt: string) => string;
}

/** A chip as its behaviour sees it, from one reset to the next. See ChipView. */
export class View implements ChipView<Shape> {
  readonly #chip: Chip;
  readonly #world: World;
  readonly #registers: RegisterFile;
  readonly #around: Around;
  readonly #began: number;
  readonly #timers = new Set<Timer>();
  readonly #draws = new Map<string, () => number>();
  #state: string;
  #over = false;
  readonly memory: unknown;

  constructor(chip: Chip, world: World, registers: RegisterFile, around: Around) {
    this.#chip = chip;
    this.#world = world;
    this.#registers = registers;
    this.#around = around;
    this.#began = world.now();
    this.#state = Object.keys(chip.description.states)[0] ?? '';
    this.memory = chip.description.memory?.();
  }

  /** Calls off all that is under way. */
  end(): void {
    this.#over = true;
    for (const timer of this.#timers) timer.cancel();
  }

  get(path: string): never {
    return this.#registers.get(path) as never;
  }

  set(path: string, value: number | string): void {
    this.#registers.set(path, value);
    this.#around.changed();
  }

  parameter(name: string): number {
    const value = this.#chip.parameters[name];
    if (value === undefined) throw new RangeError(`there is no parameter ${name}`);
    return value;
  }

  has(erratum: string): boolean {
    return this.#chip.errata.includes(erratum);
  }

  now(): number {
    return this.#world.now() - this.#began;
  }

  earliest(): number {
    return this.#world.earliest() - this.#began;
  }

  notBefore(rule: string, time: number): void {
    const early = time - this.now() - this.#world.lag;
    if (early > 0) this.violate(rule, `it came ${(early / 1e6).toFixed(1)} ms too early, or more`);
  }

  time(name: string): number {
    const bounds = this.#chip.times[name];
    if (!bounds) throw new RangeError(`there is no timing ${name}`);
    const { min = bounds.max ?? 0, max = min } = bounds;
    let draw = this.#draws.get(name);
    if (!draw) this.#draws.set(name, (draw = numbers(this.#chip.seed, `time ${name}`)));
    // Chips are faster than their data sheet promises; that they answer later than they mean to then breaks no promise.
    return Math.round(min + (draw() * (max - min)) / 2);
  }

  after(nanoseconds: number, action: () => void | Promise<void>): Timer {
    const late = this.#world.faults.late;
    if (late === Infinity) return { cancel: () => {} };
    const timer = this.#world.schedule(this.#world.now() + nanoseconds + late, () => {
      this.#timers.delete(timer);
      if (!this.#over) this.#around.run(action);
    });
    this.#timers.add(timer);
    return timer;
  }

  get state(): string {
    return this.#state;
  }

  enter(state: string): void {
    const next = this.#chip.description.states[this.#state]?.next ?? {};
    if (!(state in next)) throw new RangeError(`${state} does not follow ${this.#state}`);
    this.#state = state;
  }

  raise(interrupt: string): void {
    this.set(this.#around.status(interrupt), 1);
  }

  lower(interrupt: string): void {
    this.set(this.#around.status(interrupt), 0);
  }

  readonly dma = {
    read: (address: bigint, length: number): Promise<Uint8Array> =>
      this.#transfer('dma-read', address, length, () => this.#world.dmaRead(address, length)),
    write: (address: bigint, data: Uint8Array): Promise<void> =>
      this.#transfer('dma-write', address, data.length, () => this.#world.dmaWrite(address, data)),
  };

  /** A transfer, in the order it is asked for; after a reset it never settles. */
  async #transfer<T>(
    kind: 'dma-read' | 'dma-write',
    address: bigint,
    bytes: number,
    work: () => T,
  ): Promise<T> {
    // A bus that waits for the answer to an access can not be asked: the transfer begins after it.
    await Promise.resolve();
    if (this.#over) return new Promise<never>(() => {});
    const at = this.#world.now();
    const hex = `0x${address.toString(16)}`;
    try {
      if (!this.#world.busMaster()) {
        this.#around.violate('bus-master', `${bytes} bytes at ${hex} were to be reached`);
        throw new DmaError('disabled', address);
      }
      if (this.#world.faults.failsTransfer()) throw new DmaError('aborted', address);
      const result = work();
      this.#world.waited?.(this.#world.now() - at);
      this.#world.trace({ kind, at, address: hex, bytes });
      return this.#over ? await new Promise<never>(() => {}) : result;
    } catch (thrown) {
      if (!(thrown instanceof DmaError)) throw thrown;
      this.#world.trace({ kind, at, address: hex, bytes, fault: thrown.fault });
      if (thrown.fault === 'unmapped')
        this.#around.violate('mapped-memory', `${bytes} bytes at ${hex} are not there`);
      throw thrown;
    }
  }

  decode(format: string, bytes: Uint8Array): never {
    return decode(this.#chip.formats[format]!, bytes) as never;
  }

  encode(format: string, values: Readonly<Record<string, FormatValue>>): Uint8Array {
    return encode(this.#chip.formats[format]!, { ...values, ...this.#forced(format) });
  }

  /** What fields of a format are to be, whatever the chip means. */
  #forced(format: string): Record<string, FormatValue> {
    const all = [...this.#world.faults.values].flatMap(([path, value]) => {
      const [name, field = ''] = path.split('.');
      return name === format ? [[field, value] as const] : [];
    });
    return Object.fromEntries(all);
  }

  violate(rule: string, detail: string): void {
    this.#around.violate(rule, detail);
  }
}
