// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hintsShown, showNextHint } from './hints.ts';

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'bringup-hints-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('none was shown at first', () => {
  expect(hintsShown(folder)).toBe(0);
  expect(readdirSync(folder)).toEqual([]);
});

test('they come one after another, and the last one again', () => {
  expect([1, 2, 3, 4, 5].map(() => showNextHint(folder, 3))).toEqual([1, 2, 3, 3, 3]);
  expect(hintsShown(folder)).toBe(3);
});

test('each folder has a count of its own', () => {
  const other = mkdtempSync(join(tmpdir(), 'bringup-hints-'));
  showNextHint(folder, 3);
  expect(hintsShown(other)).toBe(0);
  rmSync(other, { recursive: true });
});

test.each(['', 'text', 'NaN', '-5', '1.5', 'Infinity', '99'])(
  'a count that somebody wrote over gives a hint there is: %j',
  (text) => {
    writeFileSync(join(folder, '.bringup-hints'), text);
    expect([1, 2, 3]).toContain(showNextHint(folder, 3));
  },
);
