// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { Failure } from './failure.ts';
import { digestOf, readSources, type Sources } from './workspace.ts';

const temp = mkdtempSync(join(tmpdir(), 'bringup-workspace-'));
afterAll(() => rmSync(temp, { recursive: true, force: true }));

let folder = '';
let count = 0;
beforeEach(() => {
  mkdirSync((folder = join(temp, String(++count))));
  put('echo.c');
});

const put = (name: string, content = 'int x;\n'): void => writeFileSync(join(folder, name), content);
const names = (): string[] => [...readSources(folder).keys()].sort();

/** The words of the refusal, which must be the learner's failure and not an accident of ours. */
function refusal(): string {
  try {
    readSources(folder);
  } catch (error) {
    expect(error).toBeInstanceOf(Failure);
    return (error as Failure).message;
  }
  throw new Error('the folder was read');
}

describe('what is read', () => {
  test('sources with their contents, also those in folders', () => {
    mkdirSync(join(folder, 'include'));
    put('Makefile', 'obj-m := echo.o\n');
    put('include/echo.h', '#pragma once\n');
    const sources = readSources(folder);
    expect([...sources.keys()].sort()).toEqual(['Makefile', 'echo.c', 'include/echo.h']);
    expect(sources.get('include/echo.h')!.toString()).toBe('#pragma once\n');
  });

  test('not what kbuild and editors leave', () => {
    const left = ['echo.ko', 'echo.o', 'echo.mod', 'echo.mod.c', 'modules.order', 'Module.symvers', 'lib.a'];
    const edited = [
      '.echo.c.swp',
      'echo.c~',
      'echo.c.orig',
      'echo.c.rej',
      '.echo.o.cmd',
      '.bringup.json',
      'brief.md',
    ];
    for (const name of [...left, ...edited]) put(name);
    mkdirSync(join(folder, '.git'));
    put('.git/config');
    expect(names()).toEqual(['echo.c']);
  });

  test('names that only look like those are', () => {
    const sources = ['Kbuild', 'order.c', 'mod.c', 'core.S', 'echo.h', 'trace.mod.h'];
    for (const name of sources) put(name);
    expect(names()).toEqual([...sources, 'echo.c'].sort());
  });

  test('four folders deep, and no deeper', () => {
    mkdirSync(join(folder, 'a/b/c/d/e'), { recursive: true });
    put('a/b/c/d/four.c');
    put('a/b/c/d/e/five.c');
    expect(names()).toEqual(['a/b/c/d/four.c', 'echo.c']);
  });
});

describe('a folder that is not to be trusted', () => {
  test('links are not followed: to files, to folders, to itself, to nothing', () => {
    symlinkSync('/etc/passwd', join(folder, 'passwd.c'));
    symlinkSync('/etc', join(folder, 'etc'));
    symlinkSync('.', join(folder, 'loop'));
    symlinkSync('nowhere', join(folder, 'nothing.c'));
    expect(names()).toEqual(['echo.c']);
  });

  test('a FIFO is not waited for', () => {
    expect(spawnSync('mkfifo', [join(folder, 'pipe.c')]).status).toBe(0);
    const start = Date.now();
    expect(names()).toEqual(['echo.c']);
    expect(Date.now() - start).toBeLessThan(1000);
  });

  test('a giant is refused by its name and size, without being read', () => {
    put('table.h', '');
    truncateSync(join(folder, 'table.h'), 2 ** 40); // sparse: takes no room
    expect(refusal()).toMatch(/table\.h has 1099511627776 bytes/);
  });

  test('a file of the largest size is read', () => {
    put('table.h', 'x'.repeat(1 << 20));
    expect(readSources(folder).get('table.h')).toHaveLength(1 << 20);
    put('table.h', 'x'.repeat((1 << 20) + 1));
    expect(refusal()).toContain('table.h');
  });

  test('too much together is refused', () => {
    for (let i = 0; i < 9; i++) put(`part${i}.c`, 'x'.repeat(1 << 20));
    expect(refusal()).toContain('8 MiB');
  });

  test('too many source files are refused, as many as may be are read', () => {
    for (let i = 1; i < 200; i++) put(`f${i}.c`, '');
    expect(names()).toHaveLength(200);
    put('one-more.c', '');
    expect(refusal()).toContain('200 source files');
  });

  test('too many entries are refused even if none is a source', () => {
    for (let i = 0; i < 2000; i++) symlinkSync('x', join(folder, `l${i}.o`));
    expect(refusal()).toContain('2000 entries');
  });

  test('a name that is not UTF-8 is refused', () => {
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/bad`), Buffer.from([0xff]), Buffer.from('.c')]), '');
    expect(refusal()).toContain('not UTF-8');
  });

  test('a folder that is gone is refused', () => {
    rmSync(folder, { recursive: true });
    expect(refusal()).toMatch(/the folder can not be read: ENOENT/);
  });
});

describe('digestOf', () => {
  const of = (files: Record<string, string>): Sources =>
    new Map(Object.entries(files).map(([name, text]) => [name, Buffer.from(text)]));
  const base = digestOf(of({ 'a.c': '1', 'b.c': '2' }));

  test('is the same for the same, in whatever order it was listed', () => {
    expect(digestOf(of({ 'b.c': '2', 'a.c': '1' }))).toBe(base);
  });

  test.each([
    ['content', { 'a.c': '1', 'b.c': '3' }],
    ['a name', { 'a.c': '1', 'c.c': '2' }],
    ['one more', { 'a.c': '1', 'b.c': '2', 'c.c': '' }],
    ['one less', { 'a.c': '1' }],
    ['contents swapped', { 'a.c': '2', 'b.c': '1' }],
    ['one file that spells two', { 'a.c': '1\0b.c\x002' }],
  ])('changes with %s', (_, files) => expect(digestOf(of(files as Record<string, string>))).not.toBe(base));

  test('looks only at what it is asked about', () => {
    const makefiles = (name: string): boolean => name === 'Makefile';
    const one = digestOf(of({ 'a.c': '1', Makefile: 'm' }), makefiles);
    expect(digestOf(of({ 'a.c': '2', Makefile: 'm' }), makefiles)).toBe(one);
    expect(digestOf(of({ 'a.c': '1', Makefile: 'n' }), makefiles)).not.toBe(one);
  });
});
