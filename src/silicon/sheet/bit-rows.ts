// SPDX-License-Identifier: Apache-2.0
// What a drawing of bits shows, whether in lines or in characters.
import type { ChipFormat, ChipRegister } from '../layout/chip.ts';
import { hex } from './numbers.ts';

/** A run of bits, from the highest to the lowest. */
export interface Cell {
  /** Undefined: reserved. */
  readonly name: string | undefined;
  readonly low: number;
  readonly bits: number;
  /** Access, below the cell. */
  readonly below: string;
}

/** One word, its cells from left to right, with every bit in one of them. */
export interface Row {
  /** To the left: where the word is; empty when there is one only. */
  readonly label: string;
  readonly width: number;
  readonly cells: readonly Cell[];
}

interface Taken {
  readonly name: string;
  readonly low: number;
  readonly bits: number;
  readonly access?: string;
}

export function registerRow({ name, width, access, fields }: ChipRegister): Row {
  if (access === 'reserved') return { label: '', width, cells: filled([], width) };
  const whole = [{ name, low: 0, bits: width, access }];
  return { label: '', width, cells: filled(fields.length > 0 ? fields : whole, width) };
}

/** A structure in memory as its 32-bit words; a 64-bit field appears in two of them. */
export function formatRows({ size, order, fields }: ChipFormat): Row[] {
  return Array.from({ length: size / 4 }, (_, at) => {
    const taken = fields.flatMap(({ name, offset, low, bits }): Taken[] => {
      if (bits === 64 && offset === 4 * at - ((4 * at) % 8)) {
        const upper = (offset === 4 * at) === (order === 'big');
        return [{ name: `${name}[${upper ? '63:32' : '31:0'}]`, low: 0, bits: 32 }];
      }
      return offset === 4 * at ? [{ name, low, bits }] : [];
    });
    return { label: `+${hex(4 * at, 2)}`, width: 32, cells: filled(taken, 32) };
  });
}

/** Fields sorted from high to low, with reserved cells between. */
function filled(fields: readonly Taken[], width: number): Cell[] {
  const cells: Cell[] = [];
  let end = width;
  const gap = (low: number): void => {
    if (low < end) cells.push({ name: undefined, low, bits: end - low, below: '' });
  };
  for (const { name, low, bits, access = '' } of [...fields].sort((a, b) => b.low - a.low)) {
    gap(low + bits);
    cells.push({ name, low, bits, below: access });
    end = low;
  }
  gap(0);
  return cells;
}
