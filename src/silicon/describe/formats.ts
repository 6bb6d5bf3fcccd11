// SPDX-License-Identifier: Apache-2.0
// What lies in memory that driver and chip share: descriptors, commands, completions, and the rings of them.
import type { ByteOrder, EncodingSpec } from './registers.ts';

export interface FormatFieldSpec {
  /** 1 to 32, or 64 for an address. */
  readonly bits: number;
  readonly says: string;
  /** As of a register's field. */
  readonly values?: Readonly<Record<string, EncodingSpec>>;
}

/** A structure in memory, made of 32-bit words; 64-bit fields take two, aligned to 8 bytes. */
export interface FormatSpec {
  readonly says: string;
  /** Byte order of each word, and of 64-bit fields; `drawn` unless given. */
  readonly order?: ByteOrder;
  /** Size in bytes, a multiple of 4; else as small as a power of two can be. */
  readonly size?: number;
  readonly fields: Readonly<Record<string, FormatFieldSpec>>;
}

export type Formats = Readonly<Record<string, FormatSpec>>;
export type FormatName<F extends Formats> = keyof F & string;

/** The values of one structure: bigint for 64-bit fields, names of enumerated values, numbers for the rest. */
export type FormatValues<F extends Formats, N extends keyof F> = {
  -readonly [K in keyof F[N]['fields']]: F[N]['fields'][K] extends { readonly values: infer V }
    ? (keyof V & string) | undefined
    : F[N]['fields'][K] extends { readonly bits: 64 }
      ? bigint
      : number;
};

/** A ring of structures in memory. */
export interface RingSpec {
  readonly says: string;
  /** What an entry is: a name of `formats`. */
  readonly format: string;
  /** How many entries it has: a name of `parameters`. */
  readonly entries: string;
}
