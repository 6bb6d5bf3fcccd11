// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { TimeLeft } from './progress.ts';

test('says nothing at the first look or in the first two seconds', () => {
  const left = new TimeLeft();
  expect(left.estimate(0, 0)).toBeUndefined();
  expect(left.estimate(0.5, 1999)).toBeUndefined();
});

test('says nothing while almost nothing was done', () => {
  const left = new TimeLeft();
  left.estimate(0, 0);
  expect(left.estimate(0.004, 60_000)).toBeUndefined();
});

test('extends the speed so far to what is left', () => {
  const left = new TimeLeft();
  left.estimate(0, 0);
  expect(left.estimate(0.25, 10_000)).toBeCloseTo(30);
  expect(left.estimate(0.5, 20_000)).toBeCloseTo(20);
});

test('what was done before an interruption does not count as speed', () => {
  const left = new TimeLeft();
  left.estimate(0.8, 0); // went on at 80 %
  expect(left.estimate(0.9, 10_000)).toBeCloseTo(10);
});

test('is never below zero', () => {
  const left = new TimeLeft();
  left.estimate(0, 0);
  expect(left.estimate(1, 10_000)).toBe(0);
  expect(left.estimate(1.2, 10_000)).toBe(0);
});
