// SPDX-License-Identifier: Apache-2.0
// The parts of a description beside registers and formats.
import type { Behaviour, Shape } from './behaviour.ts';
import type { Formats, RingSpec } from './formats.ts';
import type { Drawn, FieldPath, RegisterName, Registers, Settable } from './registers.ts';

/** How a PCI device presents itself. */
export interface PciSpec {
  readonly kind: 'pci';
  readonly vendor: Drawn;
  readonly device: Drawn;
  /** Class code, subclass and interface as one 24-bit number: 0x058000. */
  readonly class: number;
  /** Which BAR the registers are in, 0 to 5; 0 unless given. */
  readonly bar?: Drawn;
  /** Size of that BAR in bytes, a power of two from 4096 up; else as large as the registers ask for. */
  readonly size?: number;
  /** How many message-signaled interrupts it has; 1 unless given. */
  readonly vectors?: Drawn;
  /** How many bits of an address it can drive in DMA; no DMA unless given. */
  readonly dmaBits?: Drawn;
}

/**
 * A chip on I2C or SPI: its registers have numbers, each of which is one register of 8 or 16 bits; a number goes over
 * the bus, then the value of that register and of those after it. Its interrupts pull a line low. Or something on lines
 * of a GPIO controller: each register is the line whose number it has, high unless it holds 0.
 */
export interface SlowBusSpec {
  readonly kind: 'i2c' | 'spi' | 'gpio';
  /** I2C: the 7-bit address it answers to. */
  readonly address?: Drawn;
}

/** A number that the chip's seed chooses once, and the data sheet tells. */
export interface ParameterSpec {
  readonly says: string;
  readonly value: Drawn;
  /** Such as `bytes`. */
  readonly unit?: string;
}

/** A time of the chip, in nanoseconds. With `min` alone it binds the driver, as a time to wait. */
export interface TimeSpec {
  readonly says: string;
  readonly min?: Drawn;
  readonly max?: Drawn;
}

export interface InterruptSpec<R extends Registers> {
  readonly says: string;
  /** The field that tells it: set by raise(). */
  readonly status: FieldPath<R>;
  /** The field that lets it through while it is 1. */
  readonly enable?: FieldPath<R>;
  /** The field that holds it back while it is 1. */
  readonly mask?: FieldPath<R>;
  /** Which message it is, below `vectors`; else the seed shares the vectors out among the interrupts. */
  readonly vector?: number;
}

/** What must hold of fields: a value, or one of several. */
export type Condition<R extends Registers> = {
  readonly [P in FieldPath<R>]?: Settable<R, P> | readonly Settable<R, P>[];
};

/** Something the driver must do or not do. Without `when` and `require`, the behaviour checks it (`violate`). */
export interface RuleSpec<R extends Registers> {
  /** What the data sheet says: one sentence. */
  readonly says: string;
  /** Accesses that break the rule unless `require` holds just before them. */
  readonly when?: {
    readonly write?: RegisterName<R> | readonly RegisterName<R>[];
    readonly read?: RegisterName<R> | readonly RegisterName<R>[];
  };
  readonly require?: Condition<R>;
}

/** A stepping of the chip; the seed chooses which one a learner gets. */
export interface RevisionSpec {
  /** What it reads as, also in PCI's revision id. */
  readonly code: number;
  readonly says: string;
}

export interface ErratumSpec<Revision extends string> {
  readonly title: string;
  readonly says: string;
  readonly workaround: string;
  /** Which revisions have it. */
  readonly affects: readonly Revision[];
}

/** A state of the state machine. The first one is entered at reset. */
export interface StateSpec<State extends string> {
  readonly says: string;
  /** States that can follow, and what makes them. */
  readonly next?: { readonly [S in State]?: string };
}

/** How to make the chip do something, step by step, as sentences; never as code. */
export interface SequenceSpec {
  readonly title: string;
  readonly says?: string;
  readonly steps: readonly string[];
}

/** A part of the block drawing, and the registers that belong to it. */
export interface BlockSpec<R extends Registers> {
  readonly title: string;
  readonly registers: readonly RegisterName<R>[];
}

/**
 * A device as its author describes it; see describe(). In every text, `{STATUS}`, `{STATUS.BUSY}`, `{MODE.KIND=fast}`
 * and `{parameter}` or `{timing}` stand for what the seed makes of them.
 */
export interface DeviceSpec<
  R extends Registers,
  F extends Formats,
  Parameter extends string,
  Time extends string,
  Interrupt extends string,
  Rule extends string,
  Erratum extends string,
  Revision extends string,
  State extends string,
  Memory,
> {
  /** Lower-case id. */
  readonly name: string;
  /** What it is, a few words. */
  readonly title: string;
  /** Paragraphs. */
  readonly overview: readonly string[];
  readonly features: readonly string[];
  readonly bus: PciSpec | SlowBusSpec;
  readonly registers: R;
  readonly formats?: F;
  readonly rings?: Readonly<Record<string, RingSpec>>;
  readonly parameters?: { readonly [K in Parameter]: ParameterSpec };
  readonly timing?: { readonly [K in Time]: TimeSpec };
  readonly interrupts?: { readonly [K in Interrupt]: InterruptSpec<R> };
  readonly revisions: { readonly [K in Revision]: RevisionSpec };
  readonly states?: { readonly [K in State]: StateSpec<NoInfer<State>> };
  readonly rules?: { readonly [K in Rule]: RuleSpec<R> };
  readonly errata?: { readonly [K in Erratum]: ErratumSpec<NoInfer<Revision>> };
  readonly sequences?: Readonly<Record<string, SequenceSpec>>;
  readonly blocks?: readonly BlockSpec<R>[];
  /** Changes of the data sheet, the newest first. */
  readonly history: readonly { readonly version: string; readonly date: string; readonly says: string }[];
  /** Makes what the chip keeps beside its registers; called at every reset. */
  readonly memory?: () => Memory;
  readonly behaviour?: Behaviour<{
    registers: R;
    formats: F;
    parameter: Parameter;
    time: Time;
    interrupt: Interrupt;
    rule: Rule;
    erratum: Erratum;
    state: State;
    memory: Memory;
  }>;
}

/** Any description; names are strings here. The one form that layout, sheet and runtime work on. */
export interface Description extends Omit<
  DeviceSpec<Registers, Formats, string, string, string, string, string, string, string, unknown>,
  'interrupts' | 'rules' | 'behaviour' | 'states' | 'blocks'
> {
  readonly interrupts: Readonly<Record<string, AnyInterrupt>>;
  readonly rules: Readonly<Record<string, AnyRule>>;
  readonly states: Readonly<Record<string, { says: string; next?: Readonly<Record<string, string>> }>>;
  readonly blocks: readonly { title: string; registers: readonly string[] }[];
  readonly behaviour: Behaviour<Shape>;
}

/** An interrupt without the types of its description: paths are strings. */
export interface AnyInterrupt {
  readonly says: string;
  readonly status: string;
  readonly enable?: string;
  readonly mask?: string;
  readonly vector?: number;
}

/** A rule without the types of its description. `require`: path of a field → the value or values it must hold. */
export interface AnyRule {
  readonly says: string;
  readonly when?: {
    readonly write?: string | readonly string[];
    readonly read?: string | readonly string[];
  };
  readonly require?: Readonly<Record<string, number | string | readonly (number | string)[]>>;
}
