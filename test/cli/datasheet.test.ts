// SPDX-License-Identifier: Apache-2.0
// The data sheet on the command line: whose chip it is of, in which form, and where it goes.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { repository } from '../../src/shared/paths.ts';

const temp = mkdtempSync(join(tmpdir(), 'bringup-datasheet-'));
const folder = join(temp, 'pci-mmio');
afterAll(() => rmSync(temp, { recursive: true, force: true }));

interface Run {
  status: number | null;
  out: string;
  err: string;
}

function bringup(args: string[], cwd = temp): Run {
  const env = {
    ...process.env,
    BRINGUP_DATA: join(temp, 'data'),
    PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
  };
  const result = spawnSync(join(repository, 'bringup'), args, { cwd, env, encoding: 'latin1' });
  return { status: result.status, out: result.stdout, err: result.stderr };
}

let seed: number;
beforeAll(() => {
  mkdirSync(join(temp, 'elsewhere'));
  const { out } = bringup(['get', 'pci-mmio', '--json']);
  seed = (JSON.parse(out) as { seed: number }).seed;
});

test('get puts the data sheet of the new chip into the folder', () => {
  const text = readFileSync(join(folder, 'datasheet.md'), 'latin1');
  expect(text).toMatch(/^# [A-Z]+-[0-9A-F]{4}: /);
  expect(readFileSync(join(folder, 'datasheet.html'), 'latin1')).toMatch(/^<!doctype html>/);
  expect(bringup(['datasheet', 'pci-mmio', '--seed', String(seed)], join(temp, 'elsewhere')).out).toBe(text);
});

test.each([
  ['in the folder', [], folder],
  ['with the folder', ['pci-mmio/'], temp],
  ['with the lab, in the folder', ['pci-mmio'], folder],
  ['with the lab, beside the folder', ['pci-mmio'], temp],
])('%s it is the one of that folder', (_, args, cwd) => {
  const { status, out } = bringup(['datasheet', ...args], cwd);
  expect(out).toBe(readFileSync(join(folder, 'datasheet.md'), 'latin1'));
  expect(status).toBe(0);
});

test.each([
  ['sheet.md', 'markdown', /^# /],
  ['sheet.html', 'html', /^<!doctype html>/],
  ['sheet.pdf', 'pdf', /^%PDF-1\.\d[^]*%%EOF\s*$/],
])('--output %s writes %s', (name, format, begins) => {
  const { out } = bringup(['datasheet', '--output', name, '--json'], folder);
  expect(JSON.parse(out)).toMatchObject({ lab: 'pci-mmio', seed, format, path: join(folder, name) });
  expect(begins.test(readFileSync(join(folder, name), 'latin1'))).toBe(true);
});

test('--format counts more than the name of the file, and a pipe gets any of them', () => {
  bringup(['datasheet', '--output', 'sheet.txt', '--format', 'html'], folder);
  expect(readFileSync(join(folder, 'sheet.txt'), 'latin1')).toMatch(/^<!doctype html>/);
  const { status, out } = bringup(['datasheet', '--format', 'pdf'], folder);
  expect(status).toBe(0);
  expect(out.startsWith('%PDF-1.')).toBe(true);
});

test.each([
  [
    'a lab of which there is no folder here',
    ['pci-mmio'],
    /^E-USAGE: .*a chip of its own[^]*bringup get pci-mmio/,
  ],
  ['a lab about no chip', ['char-echo'], /^E-USAGE: char-echo is about no chip/],
  ['an unknown lab', ['no-such-lab'], /^E-LAB-UNKNOWN: /],
  ['no lab, outside of folders', [], /^E-LAB-FOLDER: /],
  ['a seed that is none', ['pci-mmio', '--seed', '4294967296'], /^E-USAGE: --seed /],
  ['a format that is none', ['pci-mmio', '--seed', '1', '--format', 'doc'], /^E-USAGE: --format /],
  [
    'a file that can not be',
    ['pci-mmio', '--seed', '1', '--output', '/nonexistent/a.md'],
    /^E-USAGE: .*ENOENT/,
  ],
])('%s is refused with 64', (_, args, says) => {
  const { status, out, err } = bringup(['datasheet', ...args], join(temp, 'elsewhere'));
  expect(err).toMatch(says);
  expect(status).toBe(64);
  expect(out).toBe('');
});

test('a PDF is not mixed into JSON', () => {
  const { status, out } = bringup(['datasheet', '--format', 'pdf', '--json'], folder);
  expect(status).toBe(64);
  expect(JSON.parse(out)).toMatchObject({ error: { code: 'E-USAGE' } });
});
