// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { extract, insert, mask, swapBytes } from './value.ts';

test('bits up to the highest are handled as unsigned', () => {
  const top = { low: 24, bits: 8 };
  expect(mask(top)).toBe(0xff000000);
  expect(extract(top, 0xfe123456)).toBe(0xfe);
  expect(insert(top, 0xfe123456, 0x80)).toBe(0x80123456);
  expect(insert({ low: 0, bits: 32 }, 0xffffffff, 0)).toBe(0);
});

test('bytes are swapped within the width', () => {
  expect(swapBytes(0x12345678, 32)).toBe(0x78563412);
  expect(swapBytes(0x1234, 16)).toBe(0x3412);
  expect(swapBytes(0x12, 8)).toBe(0x12);
});
