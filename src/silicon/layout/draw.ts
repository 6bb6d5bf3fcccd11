// SPDX-License-Identifier: Apache-2.0
import type { Drawn } from '../describe/registers.ts';

/** A source of numbers in [0, 1). */
export type Numbers = () => number;

/** A whole number from 0 to count - 1. */
export function below(count: number, next: Numbers): number {
  return Math.floor(next() * count);
}

/** The number that is fixed, or one of those the author allows. */
export function draw(drawn: Drawn, next: Numbers): number {
  if (typeof drawn === 'number') return drawn;
  if ('oneOf' in drawn) return drawn.oneOf[below(drawn.oneOf.length, next)]!;
  const step = drawn.step ?? 1;
  return drawn.from + step * below(Math.floor((drawn.to - drawn.from) / step) + 1, next);
}

/** The same things in an order drawn from `next` (Fisher and Yates). */
export function shuffled<T>(things: readonly T[], next: Numbers): T[] {
  const order = [...things];
  for (let at = order.length - 1; at > 0; at--) {
    const other = below(at + 1, next);
    [order[at], order[other]] = [order[other]!, order[at]!];
  }
  return order;
}
