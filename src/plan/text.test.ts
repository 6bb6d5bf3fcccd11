// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { dayText, hoursText, spanText } from './text.ts';

test.each([
  ['2026-12-01', '2026-12-01', '1 Dec 2026'],
  ['2026-12-01', '2026-12-07', '1–7 Dec 2026'],
  ['2026-11-28', '2026-12-03', '28 Nov – 3 Dec 2026'],
  ['2026-12-28', '2027-01-03', '28 Dec 2026 – 3 Jan 2027'],
])('%s to %s is %s', (from, to, text) => {
  expect(spanText(from, to)).toBe(text);
  expect(dayText(to)).toBe(spanText(to, to));
});

test.each([
  [0, '0 h'],
  [15, '¼ h'],
  [30, '½ h'],
  [60, '1 h'],
  [105, '1¾ h'],
  [600, '10 h'],
])('%i minutes are %s', (minutes, text) => {
  expect(hoursText(minutes)).toBe(text);
});
