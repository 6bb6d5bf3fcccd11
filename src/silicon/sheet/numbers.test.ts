// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { bitRange, byteSize, duration, hex } from './numbers.ts';

test.each([
  [0, '0 ns'],
  [800, '800 ns'],
  [1000, '1 µs'],
  [12_500, '12.5 µs'],
  [3_000_000, '3 ms'],
  [2_000_000_000, '2 s'],
])('%d nanoseconds are %s', (nanoseconds, text) => {
  expect(duration(nanoseconds)).toBe(text);
});

test('offsets, bits and sizes', () => {
  expect(hex(0xc, 3)).toBe('0x00C');
  expect(bitRange(4, 1)).toBe('4');
  expect(bitRange(4, 8)).toBe('11:4');
  expect(byteSize(4096)).toBe('4 KiB');
  expect(byteSize(100)).toBe('100 bytes');
});
