// SPDX-License-Identifier: Apache-2.0
import type { Registers } from '../describe/registers.ts';
import { below, type Numbers } from './draw.ts';

export interface Window {
  /** Name → offset. */
  readonly offsets: ReadonlyMap<string, number>;
  /** In units of an offset: a power of two that all registers fit into. */
  readonly size: number;
}

/**
 * Gives every register a place of its own: naturally aligned, with holes between. Offsets count bytes, or registers
 * when `unit` is `register`. Each register draws from its own stream, pinned ones first and wide ones before narrow
 * ones, so a register that is added moves only those it collides with, as long as the window keeps its size.
 */
export function placeRegisters(
  registers: Registers,
  unit: 'byte' | 'register',
  stream: (name: string) => Numbers,
): Window {
  const sizes = Object.entries(registers).map(([name, { width = 32, at }]) => {
    return { name, size: unit === 'byte' ? width / 8 : 1, at };
  });
  const size = windowSize(sizes, unit === 'byte' ? 64 : 16);
  const taken = new Uint8Array(size);
  const offsets = new Map<string, number>();
  const free = (at: number, length: number): boolean => !taken.subarray(at, at + length).includes(1);
  const take = (name: string, at: number, length: number): void => {
    offsets.set(name, at);
    taken.fill(1, at, at + length);
  };
  for (const { name, size, at } of sizes) if (at !== undefined) take(name, at, size);
  for (const { name, size: length } of sizes.filter(({ at }) => at === undefined).sort(widestFirst)) {
    const next = stream(name);
    const slots = size / length;
    let slot = below(slots, next);
    while (!free(slot * length, length)) slot = below(slots, next);
    take(name, slot * length, length);
  }
  return { offsets, size };
}

/** Three slots for each register, as if all were as wide as the widest: a slot drawn at random is mostly free. */
function windowSize(sizes: readonly { size: number; at: number | undefined }[], least: number): number {
  const needed = 3 * sizes.length * Math.max(...sizes.map(({ size }) => size));
  const end = Math.max(0, ...sizes.map(({ size, at = 0 }) => at + size));
  return 2 ** Math.ceil(Math.log2(Math.max(least, needed, end)));
}

/** By size, then by name, so that the order in which an author writes them changes nothing. */
function widestFirst(a: { name: string; size: number }, b: { name: string; size: number }): number {
  return b.size - a.size || (a.name < b.name ? -1 : 1);
}
