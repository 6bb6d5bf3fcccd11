// SPDX-License-Identifier: Apache-2.0
import type { EncodingSpec } from '../describe/registers.ts';
import type { ChipValue } from './chip.ts';
import { below, type Numbers } from './draw.ts';

/** Gives every value of an enumerated field a code of its own that fits into `bits`; sorted by code. */
export function drawEncodings(
  values: Readonly<Record<string, EncodingSpec>>,
  bits: number,
  next: Numbers,
): ChipValue[] {
  const all = Object.entries(values).map(([name, spec]) => {
    return { name, ...(typeof spec === 'string' ? { says: spec } : spec) };
  });
  const taken = new Set(all.flatMap(({ code }) => code ?? []));
  const fresh = (): number => {
    let code = below(2 ** bits, next);
    while (taken.has(code)) code = below(2 ** bits, next);
    taken.add(code);
    return code;
  };
  return all.map((value) => ({ ...value, code: value.code ?? fresh() })).sort((a, b) => a.code - b.code);
}
