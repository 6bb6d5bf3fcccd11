// SPDX-License-Identifier: Apache-2.0
// Every sample: which reports are in it, and at what they point. Protects against reports that are
// missed, counted twice, misnamed or blamed on the wrong code.
import { expect, test } from 'vitest';
import { blame, blameKernel, findReports, frameName, parseLog, type Report } from './index.ts';
import { real } from './samples/real.ts';
import { composed } from './samples/composed.ts';
import { sample, sampleNames } from './samples/samples.ts';

const modules = 'canaries ctr echo edudrv hello queue refs ring rmod spin'.split(' ');

/** 'kind: title | detail @ frame to show', without what changes when a sample is written anew. */
function summary(report: Report): string {
  const frame = blame(report, modules) ?? blameKernel(report);
  const fn = frame?.fn.replace(/\.(?:cold|constprop|isra)\b.*$/, '') ?? '';
  const place = frame ? frameName({ ...frame, fn, offset: 0 }) : 'nowhere';
  return `${report.kind}: ${report.title} | ${report.detail.replace(/:\d+$/, '')} @ ${place}`;
}

test('every sample is in one of the tables', () => {
  const names = [...Object.keys(real), ...Object.keys(composed)].map((name) => `${name}.log`);
  expect([...sampleNames].sort()).toEqual(names.sort());
});

test.each(Object.entries({ ...real, ...composed }))('%s', (name, reports) => {
  const found = findReports(parseLog(sample(`${name}.log`)));
  expect(found.map(summary)).toEqual(typeof reports === 'string' ? [reports] : reports);
  expect(found.filter(({ truncated }) => truncated)).toEqual([]);
});

test('the end of a report is found, not the end of the log', () => {
  const messages = parseLog(`${sample('kasan-use-after-free.log')}[   99.0][   T34] something else\n`);
  const [report] = findReports(messages);
  expect(messages[report?.first ?? 0]?.text).toMatch(/^BUG: KASAN: slab-use-after-free/);
  expect(messages[report?.last ?? 0]?.text).toBe('Disabling lock debugging due to kernel taint');
});
