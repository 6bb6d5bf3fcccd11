// SPDX-License-Identifier: Apache-2.0
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { findReports, parseLog, render } from './index.ts';
import { sample, sampleNames } from './samples/samples.ts';

const renderSample = (name: string, options: Partial<Parameters<typeof render>[1]> = {}) =>
  render(findReports(parseLog(sample(name))), { color: false, ...options });

test('KASAN: tells who accessed, freed and allocated, with the lines of the source', () => {
  const text = renderSample('kasan-use-after-free.log', {
    modules: ['canaries'],
    locate: ({ fn }) =>
      fn === 'write_after_free'
        ? { file: 'memory.c', line: 51, text: '\tWRITE_ONCE(parcel->weight, 1);' }
        : undefined,
  });
  expect(
    text
      .replaceAll(/\+0x[0-9a-f]+/g, '')
      .split('\n')
      .slice(0, 12),
  ).toEqual([
    '1  KASAN  slab-use-after-free',
    '   write of 8 bytes',
    '   in task task-1, pid 34',
    '',
    '   accessed   memory.c:51  write_after_free [canaries]',
    '          51 |     WRITE_ONCE(parcel->weight, 1);',
    '   freed      memory.c:51  write_after_free [canaries]',
    '          51 |     WRITE_ONCE(parcel->weight, 1);',
    '   allocated  memory.c:51  write_after_free [canaries]',
    '          51 |     WRITE_ONCE(parcel->weight, 1);',
    '   The address is 16 bytes into a freed 64-byte object of kmalloc-64.',
    '',
  ]);
});

test('lockdep: tells where the locks were taken, each place once', () => {
  const text = renderSample('lockdep-circular.log', { modules: ['canaries'] });
  expect(text).toMatch(/entry_lock taken before at\n {14}take_in_both_orders\+0x\w+ \[canaries\]/);
  const places = text.match(/take_in_both_orders\+0x\w+/g);
  expect(new Set(places).size).toBe(places?.length);
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

test('a line that the kernel itself names is preferred to one looked up', () => {
  const wrong = { file: 'wrong.c', line: 1 };
  expect(renderSample('ubsan-bool.log', { locate: () => wrong })).toMatch(/ {3}where +\/lab\/checks\.c:\d+ /);
  expect(renderSample('leak-at-unload.log', { locate: () => wrong })).toMatch(
    /allocated +\/lab\/objects\.c:\d+ /,
  );
});

test('places are named in words', () => {
  const labels = (name: string) =>
    [...renderSample(name, { modules: ['canaries'] }).matchAll(/^ {3}(\S.*)\n {14}\S+ \[canaries\]/gm)].map(
      ([, label]) => label,
    );
  expect(renderSample('dma-pending.log', { modules: ['canaries'] })).toMatch(/ {3}Mapped at +canary_probe/);
  expect(labels('kasan-stack.log')).toEqual(['in the frame of']);
  expect(labels('lockdep-irq-order.log')).toContain('which became HARDIRQ-irq-safe at');
  expect(renderSample('oops-jump-to-data.log', { modules: ['canaries'] })).toMatch(/ {3}where +call_data/);
});
