// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { nanoseconds, sayDuration, type Duration } from './duration.ts';

test.each<[Duration, bigint]>([
  ['200ms', 200_000_000n],
  ['2s', 2_000_000_000n],
  ['50us', 50_000n],
  ['1.5ms', 1_500_000n],
  ['0.1us', 100n],
  ['0s', 0n],
])('%s is %d ns', (duration, ns) => expect(nanoseconds(duration)).toBe(ns));

test.each(['', '200', 'ms', '-1s', '1e3s', '1.s', '.5s', '2 s', '2m', '200ms ', 'Infinitys', '1s2ms'])(
  'what is no duration is refused, with what was given: %j',
  (text) => {
    expect(() => nanoseconds(text as Duration)).toThrow(RangeError);
    expect(() => nanoseconds(text as Duration)).toThrow(`"${text}"`);
  },
);

test.each([
  [0n, '0 µs'],
  [900n, '1 µs'],
  [50_000n, '50 µs'],
  [1_500_000n, '1.5 ms'],
  [200_000_000n, '200 ms'],
  [2_000_000_000n, '2.0 s'],
  [5_040_000_000n, '5.0 s'],
])('%d ns is said as %s', (ns, said) => expect(sayDuration(ns)).toBe(said));
