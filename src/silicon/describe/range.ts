// SPDX-License-Identifier: Apache-2.0
import type { Drawn } from './registers.ts';

/** The smallest and largest number that the seed may choose; NaN when there is none to choose. */
export function range(drawn: Drawn): { smallest: number; largest: number } {
  if (typeof drawn === 'number') return { smallest: drawn, largest: drawn };
  const ends = 'oneOf' in drawn ? drawn.oneOf : drawn.from <= drawn.to ? [drawn.from, drawn.to] : [];
  if (ends.length === 0) return { smallest: NaN, largest: NaN };
  return { smallest: Math.min(...ends), largest: Math.max(...ends) };
}
