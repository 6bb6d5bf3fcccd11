// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { characterDevice, cpio, file, folder, link, program, type Entry } from './cpio.ts';

const entries: Entry[] = [
  folder('dev'),
  characterDevice('dev/console', 5, 1),
  program('init', Buffer.from('#!/bin/sh\n')),
  file('odd', Buffer.from([1, 2, 3, 0, 255])),
  file('empty', Buffer.alloc(0)),
  link('bin', 'usr/bin'),
  file('näme', Buffer.from('x')),
];

interface Member {
  at: number;
  dataAt: number;
  path: string;
  fields: number[];
  content: Buffer;
}

/** Reads "newc" as the kernel's buffer-format.rst describes it, one field after another. */
function read(archive: Buffer): Member[] {
  const members: Member[] = [];
  const aligned = (n: number): number => (n + 3) & ~3;
  for (let at = 0; ;) {
    expect(archive.toString('latin1', at, at + 6)).toBe('070701');
    const fields = Array.from({ length: 13 }, (_, i) =>
      parseInt(archive.toString('latin1', at + 6 + i * 8, at + 14 + i * 8), 16),
    );
    const [nameLength, size] = [fields[11]!, fields[6]!];
    expect(archive[at + 110 + nameLength - 1]).toBe(0);
    const path = archive.toString('utf8', at + 110, at + 110 + nameLength - 1);
    const dataAt = aligned(at + 110 + nameLength);
    members.push({ at, dataAt, path, fields, content: archive.subarray(dataAt, dataAt + size) });
    at = aligned(dataAt + size);
    if (path === 'TRAILER!!!') {
      expect(at, 'nothing follows the trailer').toBe(archive.length);
      return members;
    }
  }
}

test('what was put in comes out, in the order given', () => {
  const members = read(cpio(entries)).slice(0, -1);
  expect(members.map(({ path }) => path)).toEqual(entries.map(({ path }) => path));
  expect(members.map(({ fields }) => fields[1])).toEqual(entries.map(({ mode }) => mode));
  expect(members.map(({ content }) => content.toString('hex'))).toEqual(
    entries.map(({ content }) => (content ?? Buffer.alloc(0)).toString('hex')),
  );
});

test('each header and each content begins at a multiple of four', () => {
  for (const length of [0, 1, 2, 3, 4, 5]) {
    const name = 'n'.repeat(length + 1);
    for (const { at, dataAt } of read(
      cpio([file(name, Buffer.alloc(length)), file('after', Buffer.from('x'))]),
    )) {
      expect([at % 4, dataAt % 4]).toEqual([0, 0]);
    }
  }
});

test('a device node has its numbers, and nothing else has', () => {
  const [, node, init] = read(cpio(entries));
  expect(node!.fields[1]! & 0o170000).toBe(0o020000);
  expect(node!.fields.slice(9, 11)).toEqual([5, 1]);
  expect(init!.fields.slice(9, 11)).toEqual([0, 0]);
});

test('all belongs to root, and no two members are links of each other', () => {
  const members = read(cpio(entries)).slice(0, -1);
  for (const { fields } of members) expect(fields.slice(2, 5)).toEqual([0, 0, 1]);
  expect(new Set(members.map(({ fields }) => fields[0])).size).toBe(members.length);
});

test('an archive of nothing is a trailer', () => {
  expect(read(cpio([])).map(({ path }) => path)).toEqual(['TRAILER!!!']);
});

test('the same entries make the same bytes: a template is keyed by them', () => {
  expect(cpio(entries).equals(cpio(entries))).toBe(true);
});

const has = (tool: string): boolean => spawnSync(tool, ['--version']).error === undefined;

test.skipIf(!has('cpio'))("the host's cpio lists it", () => {
  const { stdout, status } = spawnSync('cpio', ['-it', '--quiet'], {
    input: cpio(entries),
    encoding: 'utf8',
  });
  expect(status).toBe(0);
  expect(stdout.trim().split('\n')).toHaveLength(entries.length);
});

test.skipIf(!has('bsdtar'))("the host's bsdtar lists it", () => {
  const { stdout, status } = spawnSync('bsdtar', ['-tf', '-'], { input: cpio(entries), encoding: 'utf8' });
  expect(status).toBe(0);
  expect(stdout.trim().split('\n')).toHaveLength(entries.length);
});
