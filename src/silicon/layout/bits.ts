// SPDX-License-Identifier: Apache-2.0
import { type Numbers, shuffled } from './draw.ts';

/** Something that takes some bits of a word; `bit` pins its lowest one. */
export interface Wanted {
  readonly name: string;
  readonly bits: number;
  readonly bit?: number;
}

/**
 * Places all of `wanted` in a word of `width` bits, at random: name → lowest bit. Undefined when there is no way; a
 * search with backtracking, so that there is none means just that.
 */
export function placeBits(
  wanted: readonly Wanted[],
  width: number,
  next: Numbers,
): Map<string, number> | undefined {
  const places = new Map<string, number>();
  const taken = new Array<boolean>(width).fill(false);
  const mark = (low: number, bits: number, value: boolean): void => void taken.fill(value, low, low + bits);
  for (const { name, bits, bit } of wanted) {
    if (bit === undefined) continue;
    places.set(name, bit);
    mark(bit, bits, true);
  }
  const loose = wanted.filter(({ bit }) => bit === undefined).sort((a, b) => b.bits - a.bits);

  const place = (at: number): boolean => {
    const field = loose[at];
    if (!field) return true;
    if (room(taken, loose.at(-1)!.bits) < loose.slice(at).reduce((sum, { bits }) => sum + bits, 0))
      return false;
    const lows = Array.from({ length: width - field.bits + 1 }, (_, low) => low).filter(
      (low) => !taken.slice(low, low + field.bits).includes(true),
    );
    for (const low of shuffled(lows, next)) {
      places.set(field.name, low);
      mark(low, field.bits, true);
      if (place(at + 1)) return true;
      mark(low, field.bits, false);
    }
    return false;
  };
  return place(0) ? places : undefined;
}

/** How many free bits lie in runs that the smallest field still fits into. */
function room(taken: readonly boolean[], smallest: number): number {
  let sum = 0;
  let run = 0;
  for (const bit of [...taken, true]) {
    if (!bit) run++;
    else {
      if (run >= smallest) sum += run;
      run = 0;
    }
  }
  return sum;
}
