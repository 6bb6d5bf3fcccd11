// SPDX-License-Identifier: Apache-2.0
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { BringupError } from '../shared/errors.ts';
import { attempts, passed, record } from './history.ts';
import { blankVerdict } from './inconclusive.ts';
import { findLab } from './lab.ts';
import type { Verdict } from './verdict.ts';

const temp = mkdtempSync(join(tmpdir(), 'bringup-history-'));
afterAll(() => rmSync(temp, { recursive: true, force: true }));

let file = '';
let count = 0;
beforeEach(() => {
  const data = join(temp, String(++count));
  process.env['BRINGUP_DATA'] = data;
  file = join(data, 'attempts.jsonl');
});

const blank = blankVerdict(findLab('char-echo'), 7, new BringupError('E-KIT-MISSING', 'no kit'));

function verdict(outcome: Verdict['outcome'], more: Partial<Verdict> = {}): Verdict {
  return { ...blank, outcome, kernel: { id: 'core-6.12-abc', release: '6.12', flavor: 'core' }, ...more };
}

test('nobody has a history at first', () => {
  expect(attempts()).toEqual([]);
  expect(passed()).toEqual(new Set());
});

test('attempts are there in order, with all of their verdicts', () => {
  record('/home/me/echo', verdict('fail'));
  record('/home/me/echo', verdict('pass'));
  expect(attempts().map(({ outcome }) => outcome)).toEqual(['fail', 'pass']);
  expect(attempts()[1]).toEqual({
    lab: 'char-echo',
    folder: '/home/me/echo',
    at: blank.at,
    outcome: 'pass',
    provisional: false,
    kernel: 'core-6.12-abc',
    verdict: verdict('pass'),
  });
});

test('what could not be judged leaves no trace', () => {
  record('/f', blank);
  expect(attempts()).toEqual([]);
  expect(existsSync(file)).toBe(false);
});

test('passed is who passed for good: no fail, no provisional verdict', () => {
  record('/f', verdict('pass', { lab: 'good' }));
  record('/f', verdict('fail', { lab: 'bad' }));
  record('/f', verdict('pass', { lab: 'later', provisional: true }));
  expect(passed()).toEqual(new Set(['good']));
});

test('a pass stays one when a later attempt fails', () => {
  record('/f', verdict('pass'));
  record('/f', verdict('fail'));
  expect(passed()).toEqual(new Set(['char-echo']));
});

test('a line that a crash cut short is left out, wherever it is', () => {
  record('/f', verdict('pass', { lab: 'one' }));
  appendFileSync(file, '{"lab":"cut","outc\n');
  record('/f', verdict('pass', { lab: 'two' }));
  expect(passed()).toEqual(new Set(['one', 'two']));
});

test('what is recorded after a crash is not lost with the line it cut', () => {
  record('/f', verdict('pass', { lab: 'one' }));
  record('/f', verdict('pass', { lab: 'cut' }));
  truncateSync(file, readFileSync(file).length - 40);
  record('/f', verdict('pass', { lab: 'two' }));
  expect(passed()).toEqual(new Set(['one', 'two']));
});

test('each attempt is one line, whatever it says', () => {
  const finding = {
    kind: 'oops',
    name: 'oops',
    title: 't',
    detail: 'd',
    places: [],
    report: 'a\nb\r\n\u2028c',
  } as const;
  record('/f', verdict('fail', { findings: [{ ...finding, places: [] }] }));
  record('/f', verdict('pass'));
  expect(readFileSync(file, 'utf8').split('\n').filter(Boolean)).toHaveLength(2);
  expect(attempts()[0]!.verdict.findings[0]!.report).toBe('a\nb\r\n\u2028c');
});

test('an empty file is an empty history', () => {
  record('/f', verdict('pass'));
  writeFileSync(file, '');
  expect(attempts()).toEqual([]);
});
