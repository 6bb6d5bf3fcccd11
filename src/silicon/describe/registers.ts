// SPDX-License-Identifier: Apache-2.0
// How a device's author describes registers, and the types by which handlers and rules name them.

/**
 * What an access does to the bits of a register or field.
 *
 * - `ro`: can be read; writing changes nothing.
 * - `rw`: reads as it was written.
 * - `w1c`: can be read; writing 1 clears the bit, writing 0 keeps it.
 * - `rc`: can be read, and reading clears it; writing changes nothing.
 * - `wo`: what is written takes effect; reads as zero.
 * - `reserved`: reads as zero, must be written as zero. Only of a whole register; bits of a register that no field
 *   takes are reserved too.
 */
export type Access = 'ro' | 'rw' | 'w1c' | 'rc' | 'wo' | 'reserved';

/** A number that is fixed, or that the seed chooses: between two bounds (both included), or out of a list. */
export type Drawn =
  | number
  | { readonly from: number; readonly to: number; readonly step?: number }
  | { readonly oneOf: readonly number[] };

/** Byte order of a value wider than a byte. `drawn`: the seed chooses one for all of a chip. */
export type ByteOrder = 'little' | 'big' | 'drawn';

/** One value of an enumerated field: what it means; `code` pins the number that stands for it. */
export type EncodingSpec = string | { readonly says: string; readonly code?: number };

export interface FieldSpec {
  /** How many bits it takes. */
  readonly bits: number;
  readonly says: string;
  /** Unless given, that of the register. */
  readonly access?: Exclude<Access, 'reserved'>;
  /** Pins the lowest bit; else the seed chooses. */
  readonly bit?: number;
  /** Makes it an enumerated field: name of a value → meaning. Which number stands for it, the seed chooses. */
  readonly values?: Readonly<Record<string, EncodingSpec>>;
  /**
   * After reset: a number, the name of one of `values`, a number that the seed chooses, the value of a parameter, or
   * the code of the chip's revision. 0 unless given; the first value of an enumerated field.
   */
  readonly reset?: Drawn | string | { readonly parameter: string } | { readonly revision: true };
}

export interface RegisterSpec {
  readonly access: Access;
  readonly says: string;
  /** In bits; 32 unless given. Wider quantities are two registers. */
  readonly width?: 8 | 16 | 32;
  /** Pins the offset in the BAR (in bytes; on a slow bus, the register's number); else the seed chooses. */
  readonly at?: number;
  /** After reset, of a register without fields. */
  readonly reset?: Drawn;
  /** Which byte of the value is at the lowest address, or travels first; `little` unless given. */
  readonly order?: ByteOrder;
  readonly fields?: Readonly<Record<string, FieldSpec>>;
}

export type Registers = Readonly<Record<string, RegisterSpec>>;

/** Names of all registers. */
export type RegisterName<R extends Registers> = keyof R & string;

type FieldName<R extends Registers, N extends keyof R> = R[N] extends { readonly fields: infer F }
  ? keyof F & string
  : never;

/** Every field as `REGISTER.FIELD`. */
export type FieldPath<R extends Registers> = {
  [N in RegisterName<R>]: `${N}.${FieldName<R, N>}`;
}[RegisterName<R>];

/** A register, which stands for its whole value, or a field. */
export type Path<R extends Registers> = RegisterName<R> | FieldPath<R>;

type FieldAt<R extends Registers, P> = P extends `${infer N}.${infer F}`
  ? N extends keyof R
    ? R[N] extends { readonly fields: infer Fields }
      ? F extends keyof Fields
        ? Fields[F]
        : never
      : never
    : never
  : never;

type Values<Field> = Field extends { readonly values: infer V } ? keyof V & string : never;

/** What a field can be set to: a name of an enumerated field's values, an unsigned number for anything else. */
export type Settable<R extends Registers, P> = [Values<FieldAt<R, P>>] extends [never]
  ? number
  : Values<FieldAt<R, P>>;

/** What a field reads as; `undefined` when an enumerated field holds a number that stands for nothing. */
export type Readable<R extends Registers, P> = [Values<FieldAt<R, P>>] extends [never]
  ? number
  : Values<FieldAt<R, P>> | undefined;

type AccessOf<R extends Registers, N extends keyof R> =
  | R[N]['access']
  | (R[N] extends { readonly fields: infer F }
      ? { [K in keyof F]: F[K] extends { readonly access: infer A } ? A : never }[keyof F]
      : never);

/** Registers in which a write does something, the whole or a field. */
export type Writable<R extends Registers> = {
  [N in RegisterName<R>]: Extract<AccessOf<R, N>, 'rw' | 'w1c' | 'wo'> extends never ? never : N;
}[RegisterName<R>];

/** Registers that hold something to read, the whole or a field. */
export type Readables<R extends Registers> = {
  [N in RegisterName<R>]: Extract<AccessOf<R, N>, 'ro' | 'rw' | 'w1c' | 'rc'> extends never ? never : N;
}[RegisterName<R>];
