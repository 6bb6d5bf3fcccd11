// SPDX-License-Identifier: Apache-2.0
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { findReports, parseLog, render } from './index.ts';
import { sample, sampleNames } from './samples/samples.ts';

const renderSample = (name: string, options: Partial<Parameters<typeof render>[1]> = {}) =>
  render(findReports(parseLog(sample(name))), { color: false, ...options });

test('KASAN: tells who accessed, freed and allocated, with the lines of the source', () => {
  const text = renderSample('kasan-use-after-free.log', {
    modules: ['echo'],
    locate: ({ fn, offset }) =>
      fn === 'echo_release'
        ? { file: 'echo.c', line: offset === 0x4c ? 87 : 85, text: '\tst->open--;' }
        : undefined,
  });
  expect(text.split('\n').slice(0, 11)).toEqual([
    '1  KASAN  slab-use-after-free',
    '   write of 8 bytes',
    '   in task cat, pid 81',
    '',
    '   accessed   echo.c:87  echo_release+0x4c [echo]',
    '          87 |     st->open--;',
    '   freed      echo.c:85  echo_release+0x41 [echo]',
    '          85 |     st->open--;',
    '   allocated  echo_open+0x3a [echo]',
    '   The address is 8 bytes into a freed 64-byte object of kmalloc-64.',
    '',
  ]);
});

test('lockdep: tells where the locks were taken, each place once', () => {
  const text = renderSample('lockdep-circular.log', { modules: ['two'] });
  expect(text).toContain('&dev->lock#2 taken before at\n              two_write+0x4b [two]');
  expect(text.match(/two_read\+0x3f/g)).toHaveLength(1);
});

test.each(sampleNames)('%s: fits 80 columns, without addresses', (name) => {
  const text = renderSample(name);
  for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(100);
  const prose = text.split('\n').filter((line) => line.includes(' ') && !/[\w/]{40}/.test(line));
  for (const line of prose) expect(line.length, line).toBeLessThanOrEqual(80);
  expect(text).not.toMatch(/\bffff8880[0-9a-f]{8}\b/);
});

test('the same report many times is told once', () => {
  const text = sample('refcount-underflow.log');
  const rendered = render(findReports(parseLog(text + text + text)), { color: false });
  expect(rendered).toContain('seen 3 times');
  expect(rendered.match(/^\d {2}refcount/gm)).toHaveLength(1);
});

test('an explanation that was given already is referred to', () => {
  const rendered = renderSample('kmemleak-debugfs.log');
  expect(rendered).toContain('What it means and what causes it: see 1.');
});

test('color only when asked, and never the only carrier of meaning', () => {
  const colored = renderSample('kcsan.log', { color: true });
  expect(renderSample('kcsan.log')).not.toContain('\u001b');
  expect(colored).toContain('\u001b');
  expect(stripVTControlCharacters(colored)).toBe(renderSample('kcsan.log'));
});

test('no reports, no text', () => {
  expect(renderSample('clean-boot.log')).toBe('');
});
