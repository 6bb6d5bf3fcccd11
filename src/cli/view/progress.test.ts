// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { format, progressView, sayTime } from './progress.ts';

test.each([
  [0, '0 s'],
  [34.4, '34 s'],
  [89.4, '89 s'],
  [90, '2 min'],
  [240, '4 min'],
  [3569, '59 min'],
  [3600, '1 h 0 min'],
  [4200, '1 h 10 min'],
])('%d seconds are said as %s', (seconds, said) => expect(sayTime(seconds)).toBe(said));

test.each([3571, 7199])('no time is said that nobody would say: %d', (seconds) => {
  expect(sayTime(seconds)).not.toMatch(/\b60 min/);
});

const compiling = {
  task: 'kernel',
  subject: 'core 6.12.117',
  phase: 'compiling',
  done: 704,
  total: 1417,
  unit: 'steps',
};

test('a line has what, which, what is done, how far and how long', () => {
  expect(format(compiling, 704 / 1417, 240, 200)).toBe(
    'kernel  core 6.12.117           compiling   ██████████░░░░░░░░░░  704/1417 steps   4 min left',
  );
});

test('without an estimate there is none, without a count no bar', () => {
  expect(format(compiling, 0.5, undefined, 1)).not.toContain('left');
  const { task, subject, phase } = compiling;
  expect(format({ task, subject, phase }, undefined, undefined, 1)).toBe(
    'kernel  core 6.12.117           compiling',
  );
});

test('the bar is empty at the beginning, full at the end, and always as long', () => {
  for (const share of [0, 0.01, 0.33, 0.999, 1]) {
    const bar = /[█░]+/.exec(format(compiling, share, undefined, 1))![0];
    expect(bar).toHaveLength(20);
    expect(bar.replaceAll('░', '').length).toBe(Math.round(share * 20));
  }
});

test('the end says how long it took', () => {
  expect(format({ ...compiling, finished: true }, 1, undefined, 600)).toMatch(/█{20} {2}done {3}10 min$/);
});

/** What is written for a series of progress reports. */
function written(isTTY: boolean, reports: Parameters<ReturnType<typeof progressView>['on']>[0][]): string {
  let output = '';
  const stream = { isTTY, columns: 60, write: (text: string) => (output += text) };
  const view = progressView(stream as unknown as NodeJS.WriteStream);
  for (const report of reports) view.on(report);
  view.end();
  return output;
}

const steps = Array.from({ length: 101 }, (_, i) => ({ ...compiling, done: i, total: 100 }));

test('in a log there is a line for each tenth, without a control character', () => {
  const output = written(false, steps);
  expect(output.trim().split('\n')).toHaveLength(11);
  expect(output).not.toMatch(/[\r\x1b]/); // eslint-disable-line no-control-regex
});

test('on a terminal it is one line that is drawn again, no wider than the terminal', () => {
  const output = written(true, [...steps, { ...compiling, finished: true }]);
  expect(output.match(/\n/g)).toHaveLength(1);
  for (const line of output.split('\r\x1b[K')) expect(line.trimEnd().length).toBeLessThan(60);
});

test('end closes a line that is open, and no other', () => {
  expect(written(true, steps.slice(0, 2))).toMatch(/\n$/);
  expect(written(true, [])).toBe('');
});
