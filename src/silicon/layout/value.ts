// SPDX-License-Identifier: Apache-2.0
// Registers and their values: unsigned numbers of up to 32 bits.
import type { Access } from '../describe/registers.ts';
import type { ChipRegister } from './chip.ts';

/** A run of bits. */
interface Bits {
  readonly low: number;
  readonly bits: number;
}

/** A mask of these bits. */
export function mask({ low, bits }: Bits): number {
  return (2 ** bits - 1) * 2 ** low;
}

/** These bits of a value, moved down to bit 0. */
export function extract({ low, bits }: Bits, value: number): number {
  return Math.floor(value / 2 ** low) % 2 ** bits;
}

/** The value with these bits replaced. */
export function insert(field: Bits, value: number, replacement: number): number {
  return value + (replacement - extract(field, value)) * 2 ** field.low;
}

/** Which bits of a register have which access, as masks; bits that no field takes are reserved. */
export function accessMasks({ width, access, fields }: ChipRegister): Record<Access, number> {
  const masks: Record<Access, number> = { ro: 0, rw: 0, w1c: 0, rc: 0, wo: 0, reserved: 0 };
  if (fields.length === 0) masks[access] = 2 ** width - 1;
  else {
    for (const field of fields) masks[field.access] += mask(field);
    masks.reserved = 2 ** width - 1 - fields.reduce((sum, field) => sum + mask(field), 0);
  }
  return masks;
}

/** A register's value with its bytes in the other order: what a big-endian register shows on the bus. */
export function swapBytes(value: number, width: 8 | 16 | 32): number {
  let swapped = 0;
  for (let shift = 0; shift < width; shift += 8) {
    swapped = swapped * 256 + (Math.floor(value / 2 ** shift) % 256);
  }
  return swapped;
}
