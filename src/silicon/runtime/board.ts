// SPDX-License-Identifier: Apache-2.0
import type { Timer } from '../describe/behaviour.ts';
import type { Chip } from '../layout/chip.ts';
import type { TraceEvent } from '../trace/trace.ts';
import type { Clock } from './clock.ts';
import { Faults, wordsOf, type Fault } from './faults.ts';
import { Model } from './model.ts';
import { Timers } from './timers.ts';
import type { World } from './world.ts';

/** What a chip reaches over the card it sits on. */
export type Wires = Pick<
  World,
  'busMaster' | 'powered' | 'signal' | 'dmaRead' | 'dmaWrite' | 'line' | 'changed'
>;

/** Milliseconds without a processor for this thread that count as the host being busy. */
const hostBusy = 15;

/** How many events one run may have; a driver that polls without end must not fill the memory. */
const mostEvents = 200_000;

/** Where a chip sits: its time, what goes wrong with it, and what is written down of it. */
export class Board implements World {
  readonly faults = new Faults();
  readonly events: TraceEvent[] = [];
  readonly model: Model;
  /** Accesses to registers until now. */
  accesses = 0;
  /** Messages sent until now. */
  signals = 0;
  removed = false;
  readonly #wires: Wires;
  readonly #clock: Clock;
  readonly #timers = new Timers();
  #floor = 0;
  #behind = 0;
  /** When this thread last had a processor for certain. */
  #alive = performance.now();
  /** Told when the chip was put back, and whether the kernel still knows its place on the bus. */
  onInsert = (_known: boolean): void => {};

  constructor(chip: Chip, clock: Clock, wires: Wires) {
    this.#clock = clock;
    this.#wires = wires;
    this.model = new Model(chip, this);
  }

  // --- what the model needs

  now = (): number => this.#clock.now();

  earliest = (): number => Math.min(this.now(), this.#floor);

  get lag(): number {
    return this.#clock.lag;
  }

  schedule = (at: number, action: () => void): Timer => this.#timers.schedule(at, action);

  busMaster = (): boolean => this.#wires.busMaster() && !this.removed;

  powered = (): boolean => this.#wires.powered();

  signal = (vector: number): boolean => {
    if (this.removed || !this.#wires.signal(vector)) return false;
    this.signals++;
    return true;
  };

  line = (asserted: boolean): void => this.#wires.line?.(asserted && !this.removed);

  changed = (): void => this.#wires.changed?.();

  dmaRead = (address: bigint, length: number): Uint8Array => this.#wires.dmaRead(address, length);

  dmaWrite = (address: bigint, data: Uint8Array): void => this.#wires.dmaWrite(address, data);

  waited = (nanoseconds: number): void => void (this.#behind = Math.max(this.#behind, nanoseconds));

  trace = (event: TraceEvent): void => {
    if (this.events.length < mostEvents) this.events.push(event);
  };

  // --- what the card tells it

  /** The guest had not asked for anything yet at this time of the clock, but for what was handled by now. */
  quietAt(time: number): void {
    this.#floor = time;
  }

  /** To be called again and again: the thread has a processor. */
  alive(): void {
    this.#alive = performance.now();
  }

  /** A guest that does not sleep makes its own clock jump; only when this thread had no processor is the host to blame. */
  #wasStopped(): boolean {
    return performance.now() - this.#alive > hostBusy;
  }

  /** To be called at each access, before it: false when the chip is not there any more. */
  access(): boolean {
    this.#clock.tick();
    this.accesses++;
    if (this.#wasStopped()) this.#behind = Math.max(this.#behind, this.now() - this.#floor);
    this.alive();
    if (!this.removed && this.faults.removesNow()) this.remove();
    if (!this.removed) this.runDue();
    return !this.removed;
  }

  // --- what the check asks for

  /** Nanoseconds until the chip does something by itself; undefined when it will not. */
  get next(): number | undefined {
    const next = this.#timers.next;
    return next === undefined ? undefined : Math.max(0, next - this.now());
  }

  /** Nanoseconds of guest time that the host, too busy, let the chip learn or do something after its time at most. */
  get late(): number {
    return this.#behind;
  }

  runDue(): void {
    const late = this.#timers.run(this.now());
    if (this.#wasStopped()) this.#behind = Math.max(this.#behind, late);
    this.alive();
  }

  fault(fault: Fault): void {
    this.trace({ kind: 'fault', at: this.now(), what: wordsOf(fault) });
    this.faults.add(fault);
  }

  clearFaults(): void {
    this.trace({ kind: 'fault', at: this.now(), what: 'no fault any more' });
    this.faults.clear();
  }

  /** Sends messages of an interrupt that have no cause, so many nanoseconds apart. */
  spurious(interrupt: string, times: number, every: number): void {
    for (let i = 0; i < times; i++)
      this.schedule(this.now() + i * every, () => this.model.spurious(interrupt));
    this.runDue();
  }

  /** Pulls the chip out: reads give ones, writes go nowhere, nothing comes from it. */
  remove(): void {
    this.trace({ kind: 'fault', at: this.now(), what: 'pulled out' });
    this.removed = true;
    this.model.halt();
    this.line(false);
    this.changed();
  }

  /** Puts a chip back that was pulled out, as new; `known`: in the place on its bus that the kernel gave it before. */
  insert(known: boolean): void {
    this.trace({ kind: 'fault', at: this.now(), what: 'put in' });
    this.removed = false;
    this.faults.clear();
    this.onInsert(known);
    this.model.reset();
  }

  close(): void {
    this.#clock.close();
  }
}
