// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { flavorIds, loadFlavor } from './flavor.ts';

const data = mkdtempSync(join(tmpdir(), 'bringup-flavor-'));
process.env['BRINGUP_DATA'] = data;
afterEach(() => rmSync(join(data, 'kernels'), { recursive: true, force: true }));
afterAll(() => rmSync(data, { recursive: true, force: true }));

/** A flavor of the learner's own. */
function own(id: string, yaml: string): void {
  mkdirSync(join(data, 'kernels', id), { recursive: true });
  writeFileSync(join(data, 'kernels', id, 'flavor.yaml'), yaml);
}

test('the repository has a flavor whose verdicts count and one for the time until it is built', () => {
  expect(flavorIds()).toEqual(expect.arrayContaining(['core', 'quick']));
  expect(loadFlavor('core').provisionalFor).toBeUndefined();
  expect(loadFlavor('quick').provisionalFor).toBe('core');
});

test.each(flavorIds())('flavor %s loads', (id) => {
  const flavor = loadFlavor(id);
  expect(flavor).toMatchObject({ id, arch: 'x86_64' });
  expect(flavor.folder.endsWith(`/${id}`)).toBe(true);
  expect(flavor.memory).toBeGreaterThanOrEqual(64 << 20);
});

test('only a flavor with detectors may judge for good', () => {
  for (const id of flavorIds().map(loadFlavor)) {
    if (id.provisionalFor === undefined) expect(id.detectors.length).toBeGreaterThan(0);
  }
});

test.each([
  'nope',
  '',
  '.',
  '..',
  '../../etc',
  '../kernels/core',
  'core/',
  '/etc',
  'Core',
  'core\n',
  'core\0',
  '__proto__',
  'a'.repeat(5000),
])('an unknown or hostile name is refused: %j', (id) => {
  expect(() => loadFlavor(id)).toThrowError(expect.objectContaining({ code: 'E-KERNEL-UNKNOWN' }) as Error);
});

test('a name that leads out of the folder is refused even if a flavor is there', () => {
  own('mine', 'title: t');
  mkdirSync(join(data, 'elsewhere'));
  writeFileSync(join(data, 'elsewhere', 'flavor.yaml'), 'title: x\narch: x86_64\nmemory: 256M\ntree: /\n');
  expect(() => loadFlavor('../elsewhere')).toThrowError(
    expect.objectContaining({ code: 'E-KERNEL-UNKNOWN' }) as Error,
  );
});

test("a learner's own tree is a flavor, after those of the repository", () => {
  own('mine', 'title: mine\narch: x86_64\nmemory: 256M\ntree: /home/me/linux\n');
  expect(flavorIds().at(-1)).toBe('mine');
  expect(loadFlavor('mine')).toMatchObject({
    id: 'mine',
    tree: '/home/me/linux',
    memory: 256 << 20,
    sentinels: {},
  });
});

test("a flavor can not be put in front of the repository's", () => {
  own('core', 'title: evil\narch: x86_64\nmemory: 256M\ntree: /home/me/linux\n');
  expect(loadFlavor('core').title).not.toBe('evil');
});

test.each([
  ['a key nobody knows', 'title: t\narch: x86_64\nmemory: 256M\ntree: /x\nfetch: http\n'],
  ['no architecture', 'title: t\nmemory: 256M\ntree: /x\n'],
  ['memory without a unit', 'title: t\narch: x86_64\nmemory: 256\ntree: /x\n'],
  ['neither source nor tree', 'title: t\narch: x86_64\nmemory: 256M\n'],
  ['nothing', ''],
  ['no YAML', 'title: [unclosed\n'],
])('a wrong file is E-INPUT and named: %s', (_, yaml) => {
  own('mine', yaml);
  expect(() => loadFlavor('mine')).toThrowError(
    expect.objectContaining({
      code: 'E-INPUT',
      message: expect.stringContaining(join(data, 'kernels/mine/flavor.yaml')) as string,
    }) as Error,
  );
});
