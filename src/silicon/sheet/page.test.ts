// SPDX-License-Identifier: Apache-2.0
// The page is opened from a learner's folder: it can rely on nothing beside it, and must not run anything.
import { expect, test } from 'vitest';
import { layOut } from '../layout/lay-out.ts';
import { tally } from '../tally.ts';
import { toHtml } from './html.ts';
import { toPage } from './page.ts';
import { sheetOf } from './sheet-of.ts';

const sheet = sheetOf(layOut(tally, 5));
const page = toPage(sheet);

test('it is a whole page with the data sheet in it', () => {
  expect(page).toMatch(/^<!doctype html>\n<html lang="en">/);
  expect(page).toContain(`<title>${sheet.title}</title>`);
  expect(page).toContain(toHtml(sheet));
});

test('it asks for nothing and runs nothing', () => {
  expect(page.match(/<script|<link|<img|<iframe|@import|url\(| on[a-z]+=| src=/g)).toBeNull();
  const targets = [...page.matchAll(/ href="([^"]*)"/g)].map(([, target]) => target!);
  expect(targets.length).toBeGreaterThan(10);
  expect(targets.filter((target) => !target.startsWith('#'))).toEqual([]);
});

test('it has a look of its own, for light, dark and paper', () => {
  const style = /<style>([^]*)<\/style>/.exec(page)![1]!;
  expect(style).toContain('color-scheme: light dark');
  expect(style).toContain('@media print');
  expect(style).toContain('.sheet table');
});
