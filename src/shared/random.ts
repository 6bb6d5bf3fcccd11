// SPDX-License-Identifier: Apache-2.0

/**
 * A stream of numbers in [0, 1), always the same for one seed and name.
 * FNV-1a mixes the name into the seed; the numbers come from splitmix32 (Steele, Lea and Flood, "Fast splittable
 * pseudorandom number generators", OOPSLA 2014, in its 32-bit form).
 */
export function numbers(seed: number, name: string): () => number {
  let state = 0x811c9dc5 ^ seed;
  for (const char of name) state = Math.imul(state ^ char.codePointAt(0)!, 0x01000193);
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}

/** The numbers 0 to count - 1 in an order drawn from `next` (Fisher and Yates). */
export function permutation(count: number, next: () => number): number[] {
  const order = Array.from({ length: count }, (_, at) => at);
  for (let at = count - 1; at > 0; at--) {
    const other = Math.floor(next() * (at + 1));
    [order[at], order[other]] = [order[other]!, order[at]!];
  }
  return order;
}
