// SPDX-License-Identifier: Apache-2.0
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { makeLabFolder, openLabFolder } from './folder.ts';
import { repository } from '../shared/paths.ts';
import { findLab, loadChip } from './lab.ts';
import { digestOf, readSources } from './workspace.ts';

const temp = mkdtempSync(join(tmpdir(), 'bringup-folder-'));
afterAll(() => rmSync(temp, { recursive: true, force: true }));
const lab = findLab('char-echo');
let count = 0;
let path = '';
beforeEach(() => (path = join(temp, `lab-${++count}`)));

const refused = (code: string): Error => expect.objectContaining({ code }) as Error;

test('a new folder has the starter and the brief, and nothing of the solution', async () => {
  await makeLabFolder(lab, path);
  const starter = readdirSync(join(lab.folder, 'starter'));
  expect(readdirSync(path).sort()).toEqual([...starter, 'brief.md', '.bringup.json'].sort());
  expect(digestOf(readSources(path))).toBe(digestOf(readSources(join(lab.folder, 'starter'))));
  expect(readFileSync(join(path, 'brief.md'))).toEqual(readFileSync(join(lab.folder, 'brief.md')));
});

test('a lab about a chip adds the data sheet of the chip of this folder, which is no source', async () => {
  const own = join(temp, 'of-a-chip');
  cpSync(join(lab.folder, 'starter'), join(own, 'starter'), { recursive: true });
  cpSync(join(lab.folder, 'brief.md'), join(own, 'brief.md'));
  const device = join(repository, 'labs/3-drivers/pci-mmio/device.ts');
  writeFileSync(join(own, 'device.ts'), `export { default } from ${JSON.stringify(device)};\n`);
  const about = { ...lab, folder: own, silicon: 'device.ts' };
  const { seed } = await makeLabFolder(about, path);
  const { part } = await loadChip(about, seed);
  expect(readFileSync(join(path, 'datasheet.md'), 'utf8')).toMatch(new RegExp(`^# ${part}: `));
  expect(readFileSync(join(path, 'datasheet.html'), 'utf8')).toContain(`<h1>${part}: `);
  expect([...readSources(path).keys()]).toEqual([...readSources(join(own, 'starter')).keys()]);
});

test("a starter that includes the chip's numbers gets them, those of the chip of this folder", async () => {
  const chip = findLab('pci-mmio');
  const copy = join(path, 'lab');
  cpSync(chip.folder, copy, { recursive: true });
  cpSync(join(copy, 'solution'), join(copy, 'starter'), { recursive: true });
  const made = join(path, 'made');
  const { seed } = await makeLabFolder({ ...chip, folder: copy }, made);
  const { bus } = await loadChip(chip, seed);
  const device = bus.kind === 'pci' ? bus.device.toString(16) : '';
  expect(readFileSync(join(made, 'chip.h'), 'utf8')).toContain(`#define RECKONER_DEVICE 0x${device}\n`);
  expect([...readSources(made).keys()].sort()).toEqual(['Makefile', 'chip.h', 'reckoner.c']);
});

test('it is found again with its lab and seed, also from a folder in it', async () => {
  const made = await makeLabFolder(lab, path);
  mkdirSync(join(path, 'a/b'), { recursive: true });
  for (const from of [path, `${path}/`, join(path, 'a/b')]) {
    expect(openLabFolder(from)).toMatchObject({ path, seed: made.seed, lab: { id: 'char-echo' } });
  }
});

test('seeds are 32 bits, and each folder has its own', async () => {
  const made = await Promise.all(
    Array.from({ length: 8 }, (_, i) => makeLabFolder(lab, join(path, String(i)))),
  );
  const seeds = made.map(({ seed }) => seed);
  expect(new Set(seeds).size).toBeGreaterThan(6);
  for (const seed of seeds) expect(seed >>> 0).toBe(seed);
});

test.each([
  ['a folder with work in it', (): void => void mkdirSync(path)],
  ['a file', (): void => writeFileSync(path, 'mine')],
  ['a link to nowhere', (): void => symlinkSync('nowhere', path)],
])('what is there is not touched: %s', async (_, put) => {
  put();
  await expect(makeLabFolder(lab, path)).rejects.toThrowError(refused('E-LAB-EXISTS'));
  expect(existsSync(join(path, '.bringup.json'))).toBe(false);
});

test('a folder that bringup did not make is E-LAB-FOLDER', () => {
  mkdirSync(path);
  expect(() => openLabFolder(path)).toThrowError(refused('E-LAB-FOLDER'));
  expect(() => openLabFolder(join(path, 'not/there'))).toThrowError(refused('E-LAB-FOLDER'));
});

test.each([
  'no JSON',
  '',
  'null',
  '{}',
  '{"lab":"char-echo","seed":-1,"since":"x"}',
  '{"lab":"char-echo","seed":4294967296,"since":"x"}',
  '{"lab":"char-echo","seed":1.5,"since":"x"}',
  '{"lab":5,"seed":1,"since":"x"}',
  '{"lab":"char-echo","seed":1,"since":"x","more":1}',
])('a marker that bringup did not write is E-LAB-FOLDER: %s', async (text) => {
  await makeLabFolder(lab, path);
  writeFileSync(join(path, '.bringup.json'), text);
  expect(() => openLabFolder(path)).toThrowError(refused('E-LAB-FOLDER'));
});

test('a marker that names a lab there is none of is E-LAB-UNKNOWN, not a path', async () => {
  await makeLabFolder(lab, path);
  writeFileSync(join(path, '.bringup.json'), '{"lab":"../../etc","seed":1,"since":"x"}');
  expect(() => openLabFolder(path)).toThrowError(refused('E-LAB-UNKNOWN'));
});
