// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { repository } from '../shared/paths.ts';
import { flavorIds } from '../kernel/flavor.ts';
import { allLabs, findLab, loadCheck } from './lab.ts';
import { readSources } from './workspace.ts';

const labs = allLabs();
const ids = labs.map(({ id }) => id);

test('every folder that looks like a lab is one that loads', () => {
  const root = join(repository, 'labs');
  const groups = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const folders = groups.flatMap(({ name }) =>
    readdirSync(join(root, name)).map((id) => join(root, name, id)),
  );
  expect(labs.map(({ folder }) => folder).sort()).toEqual(folders.sort());
  expect(labs.length).toBeGreaterThan(0);
});

test('no two labs have the same id', () => expect(new Set(ids).size).toBe(ids.length));

test('they come by stage', () => {
  const stages = labs.map(({ stage }) => stage);
  expect(stages).toEqual([...stages].sort((a, b) => a - b));
});

test('every need is a lab, of no later stage, and none needs itself in the end', () => {
  const left = new Map(labs.map((lab) => [lab.id, lab]));
  for (const lab of labs) {
    for (const need of lab.needs) {
      expect(ids, `${lab.id} needs ${need}`).toContain(need);
      expect(findLab(need).stage, `${lab.id} needs ${need}`).toBeLessThanOrEqual(lab.stage);
    }
  }
  for (;;) {
    const ready = [...left.values()].filter(({ needs }) => needs.every((need) => !left.has(need)));
    if (ready.length === 0) break;
    for (const { id } of ready) left.delete(id);
  }
  expect([...left.keys()], 'labs in a cycle').toEqual([]);
});

test('a name that is no lab is E-LAB-UNKNOWN, with the names that are', () => {
  for (const name of ['nope', '', '../labs', 'Char-Echo', '__proto__']) {
    expect(() => findLab(name)).toThrowError(expect.objectContaining({ code: 'E-LAB-UNKNOWN' }) as Error);
  }
  expect(() => findLab('nope')).toThrow(ids[0]!);
});

describe.each(labs.map((lab) => [lab.id, lab] as const))('%s', (id, lab) => {
  test('lies in the group of its stage, under its id, on a kernel there is', () => {
    const [group, name] = relative(join(repository, 'labs'), lab.folder).split('/');
    expect(group!.startsWith(`${lab.stage}-`)).toBe(true);
    expect(name).toBe(id);
    expect(flavorIds()).toContain(lab.flavor);
  });

  test('has three different hints, and says what to read in the kernel’s documentation', () => {
    expect(lab.hints).toHaveLength(3);
    expect(new Set(lab.hints).size).toBe(3);
    for (const hint of lab.hints) expect(hint.trim().length).toBeGreaterThan(20);
    for (const path of lab.read)
      expect(path).toMatch(/^Documentation\/([a-z0-9_-]+\/)*[\w.-]+\.(rst|txt|yaml)$/i);
    expect(new Set(lab.read).size).toBe(lab.read.length);
  });

  test('there is a check, and it names every requirement', async () => {
    expect(typeof (await loadCheck(lab)).steady).toBe('function');
    const text = readFileSync(join(lab.folder, 'check.ts'), 'utf8');
    for (const requirement of lab.requirements) expect(text).toContain(`'${requirement.id}'`);
  });

  const variants = readdirSync(join(lab.folder, 'variants')).map((name) => `variants/${name}`);
  test.each(['starter', 'solution', ...variants])('%s builds the module of its name from sources', (part) => {
    const sources = readSources(join(lab.folder, part));
    expect(sources.get('Makefile')?.toString()).toMatch(new RegExp(`^obj-m .*\\b${lab.module}\\.o`, 'm'));
    expect([...sources.keys()].some((name) => name.endsWith('.c'))).toBe(true);
  });

  test('the starter is not the solution, and has the same files', () => {
    const [starter, solution] = ['starter', 'solution'].map((part) => readSources(join(lab.folder, part)));
    expect([...starter!.keys()].sort()).toEqual([...solution!.keys()].sort());
    expect([...starter!].some(([name, content]) => !content.equals(solution!.get(name)!))).toBe(true);
  });

  test('every file says its license in its first line', () => {
    const files = readdirSync(lab.folder, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    expect(files.length).toBeGreaterThan(5);
    for (const { parentPath, name } of files) {
      const path = join(parentPath, name);
      const first = readFileSync(path, 'utf8').split('\n')[0];
      // A header that programs include as well has the kernel's note about system calls.
      const license =
        /SPDX-License-Identifier: (Apache-2\.0|GPL-2\.0-only( WITH Linux-syscall-note)?)( -->|\s*\*\/)?$/;
      expect(first, path).toMatch(license);
      const kernelCode = /\.(c|h|patch)$/.test(name) || basename(path) === 'Makefile';
      expect(first, path).toContain(kernelCode ? 'GPL-2.0-only' : 'Apache-2.0');
    }
    expect(existsSync(join(lab.folder, 'brief.md'))).toBe(true);
  });
});
