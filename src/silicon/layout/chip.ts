// SPDX-License-Identifier: Apache-2.0
// A concrete chip: a description with every number chosen. Plain data.
import type { Description } from '../describe/device.ts';
import type { Access } from '../describe/registers.ts';

export interface Chip {
  readonly description: Description;
  /** 32 bits; the same seed and description make the same chip everywhere. */
  readonly seed: number;
  /** As printed on the package, such as `TALLY-5C21`. */
  readonly part: string;
  readonly bus: ChipBus;
  /** By rising offset. */
  readonly registers: readonly ChipRegister[];
  readonly formats: Readonly<Record<string, ChipFormat>>;
  readonly parameters: Readonly<Record<string, number>>;
  /** In nanoseconds; at least one bound is there. */
  readonly times: Readonly<Record<string, { readonly min?: number; readonly max?: number }>>;
  readonly interrupts: Readonly<Record<string, ChipInterrupt>>;
  /** Name of the revision, and what it reads as. */
  readonly revision: { readonly name: string; readonly code: number };
  /** Names of the errata that this revision has. */
  readonly errata: readonly string[];
}

export type ChipBus =
  | {
      readonly kind: 'pci';
      readonly vendor: number;
      readonly device: number;
      readonly class: number;
      readonly bar: number;
      /** Size of the BAR in bytes, a power of two. */
      readonly size: number;
      readonly vectors: number;
      /** 0: no DMA. */
      readonly dmaBits: number;
    }
  | { readonly kind: 'i2c' | 'spi' | 'gpio'; readonly address?: number };

export interface ChipRegister {
  readonly name: string;
  readonly says: string;
  /** In bytes from the start of the BAR; on a slow bus, the register's number. */
  readonly offset: number;
  /** In bits. */
  readonly width: 8 | 16 | 32;
  readonly access: Access;
  readonly order: 'little' | 'big';
  /** The whole value after reset, as the driver means it (before the byte order is applied). */
  readonly reset: number;
  /** From the highest bit to the lowest; empty when the whole register is one value. */
  readonly fields: readonly ChipField[];
}

export interface ChipField {
  readonly name: string;
  readonly says: string;
  /** Lowest bit. */
  readonly low: number;
  readonly bits: number;
  readonly access: Exclude<Access, 'reserved'>;
  readonly reset: number;
  /** Of an enumerated field, by rising code; codes that are not listed stand for nothing. */
  readonly values?: readonly ChipValue[];
}

export interface ChipValue {
  readonly name: string;
  readonly code: number;
  readonly says: string;
}

export interface ChipInterrupt {
  /** `REGISTER.FIELD` of each; of `enable` and `mask` one at most is there. */
  readonly status: string;
  readonly enable?: string;
  readonly mask?: string;
  readonly vector: number;
}

export interface ChipFormat {
  /** In bytes. */
  readonly size: number;
  readonly order: 'little' | 'big';
  /** By rising place. */
  readonly fields: readonly ChipFormatField[];
}

export interface ChipFormatField extends Omit<ChipField, 'access' | 'reset'> {
  /** In bytes from the start; `low` counts from the lowest bit of the 32-bit word (64-bit field: 0) there. */
  readonly offset: number;
}
