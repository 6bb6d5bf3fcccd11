// SPDX-License-Identifier: Apache-2.0
// Numbers as a data sheet writes them.

/** `0x0C`, with at least so many digits. */
export function hex(value: number, digits = 1): string {
  return `0x${value.toString(16).toUpperCase().padStart(digits, '0')}`;
}

/** `31:24`, or `7` for one bit. */
export function bitRange(low: number, bits: number): string {
  return bits === 1 ? `${low}` : `${low + bits - 1}:${low}`;
}

/** A duration in the largest unit that keeps it short: `800 ns`, `12.5 µs`, `3 ms`. */
export function duration(nanoseconds: number): string {
  const [unit, size] =
    units.find(([, size]) => nanoseconds >= size && (nanoseconds * 1000) % size === 0) ?? units.at(-1)!;
  return `${nanoseconds / size} ${unit}`;
}

const units: readonly (readonly [string, number])[] = [
  ['s', 1e9],
  ['ms', 1e6],
  ['µs', 1e3],
  ['ns', 1],
];

/** `64 KiB`, `4096 bytes` when that is no whole number of them. */
export function byteSize(bytes: number): string {
  return bytes % 1024 === 0 ? `${bytes / 1024} KiB` : `${bytes} bytes`;
}
