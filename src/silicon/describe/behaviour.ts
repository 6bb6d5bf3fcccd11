// SPDX-License-Identifier: Apache-2.0
// What a device does, and what the runtime gives it to do it with. The runtime implements ChipView.
import type { FormatName, Formats, FormatValues } from './formats.ts';
import type { Path, Readable, Readables, RegisterName, Registers, Settable, Writable } from './registers.ts';

/** All names of one description, and its memory; the type that everything below is made for. */
export interface Shape {
  registers: Registers;
  formats: Formats;
  parameter: string;
  time: string;
  interrupt: string;
  rule: string;
  erratum: string;
  state: string;
  memory: unknown;
}

/** A timer or anything else under way that can be called off. Calling off what has happened does nothing. */
export interface Timer {
  cancel(): void;
}

/** Why memory could not be reached. */
export type DmaFault = 'unmapped' | 'disabled' | 'aborted';

/** A DMA that the bus refused: nothing is mapped there, the chip may not master the bus, or a fault was asked for. */
export class DmaError extends Error {
  readonly fault: DmaFault;
  readonly address: bigint;

  constructor(fault: DmaFault, address: bigint) {
    super(`DMA ${fault} at 0x${address.toString(16)}`);
    this.name = 'DmaError';
    this.fault = fault;
    this.address = address;
  }
}

/**
 * A chip as its own behaviour sees it. The chip's side is not bound by access kinds: `set` changes read-only bits, and
 * neither `get` nor `set` has a side effect, is traced as an access, or is checked by a rule.
 */
export interface ChipView<S extends Shape> {
  /** What a register (its whole unsigned value) or a field (a number, or the name of an enumerated value) holds. */
  get<P extends Path<S['registers']>>(path: P): Readable<S['registers'], P>;
  /** Changes a register or field; bits beyond its width are an error of the description. */
  set<P extends Path<S['registers']>>(path: P, value: Settable<S['registers'], P>): void;
  /** The value that this chip's seed chose for a parameter. */
  parameter(name: S['parameter']): number;
  /** Whether this chip has an erratum: whether its revision is among those affected. */
  has(erratum: S['erratum']): boolean;

  /** Guest time, in nanoseconds, since the chip was reset or plugged in. */
  now(): number;
  /**
   * The earliest that the access which is handled can have been made. A write is not waited for, so the chip may learn
   * of it later, when the host is busy; what a driver has to wait for counts from here: `earliest() + time('settle')`.
   */
  earliest(): number;
  /**
   * Violates a rule when it is earlier than a time for certain: the chip's clock may lag behind the guest's, and what
   * can not be told is no violation.
   */
  notBefore(rule: S['rule'], time: number): void;
  /** A duration in nanoseconds, drawn from the lower half of what a timing allows; the seed decides which each time. */
  time(name: S['time']): number;
  /** Does something when so many nanoseconds of guest time have passed; a reset calls it off. */
  after(nanoseconds: number, action: () => void | Promise<void>): Timer;

  /** The state of the state machine, and entering another; one that `next` does not list is an error of the description. */
  readonly state: S['state'];
  enter(state: S['state']): void;
  /** What `memory()` of the description made at the last reset; for what no register shows. */
  readonly memory: S['memory'];

  /**
   * Sets the interrupt's status bit. A signal goes out when the status bit and its enable (or the inverse of its mask)
   * come to hold together: here, or later when the driver lets it through. While the status bit is still 1, raising
   * again signals nothing.
   */
  raise(interrupt: S['interrupt']): void;
  /** Clears the interrupt's status bit, as if the cause had gone. */
  lower(interrupt: S['interrupt']): void;

  /**
   * Memory of the guest, by bus address. Both reject with a DmaError when the bus refuses; what was begun before a
   * reset or removal never settles. Memory is read and written when the bus answers, not when it is asked for.
   */
  readonly dma: {
    read(address: bigint, length: number): Promise<Uint8Array>;
    write(address: bigint, data: Uint8Array): Promise<void>;
  };
  /** Bytes of memory as the values of a format, and values as bytes; in this chip's layout and byte order. */
  decode<F extends FormatName<S['formats']>>(format: F, bytes: Uint8Array): FormatValues<S['formats'], F>;
  encode<F extends FormatName<S['formats']>>(format: F, values: FormatValues<S['formats'], F>): Uint8Array;

  /** The driver broke a rule; `detail` says how, with the values seen. Becomes a finding with the trace around it. */
  violate(rule: S['rule'], detail: string): void;
}

/**
 * Called by the runtime, one at a time. A handler that returns a promise holds nothing up: the access is answered at
 * once. What a handler throws, or a promise rejects with, other than a DmaError, is a defect of the description and
 * makes the verdict inconclusive; an uncaught DmaError is ignored.
 */
export interface Behaviour<S extends Shape> {
  /** After all registers have their reset values, the first state is entered and `memory` is new. */
  reset?(chip: ChipView<S>): void;
  /**
   * After a write took effect by the access kinds (rw and wo hold what was written, w1c bits are cleared), and rules
   * were checked against what the registers held before. `written` is the whole value as the driver meant it (byte
   * order undone), `before` what the register held. After the handler, bits that are wo become zero again.
   */
  write?: { readonly [N in Writable<S['registers']>]?: WriteHandler<S> };
  /** Before a read takes the register's value; what the handler sets is what the driver reads. rc bits clear afterwards. */
  read?: { readonly [N in Readables<S['registers']>]?: ReadHandler<S> };
  /** After the world around the chip changed a register, or a field of it: what a check's `silicon.set` stands for. */
  world?: { readonly [N in RegisterName<S['registers']>]?: WorldHandler<S> };
}

export type WriteHandler<S extends Shape> = (
  chip: ChipView<S>,
  written: number,
  before: number,
) => void | Promise<void>;

export type ReadHandler<S extends Shape> = (chip: ChipView<S>) => void;

export type WorldHandler<S extends Shape> = (chip: ChipView<S>) => void | Promise<void>;
