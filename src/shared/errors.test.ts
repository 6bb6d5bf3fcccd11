// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { catalog, type ErrorCode } from './error-catalog.ts';
import { asBringupError, BringupError, exit, isErrno } from './errors.ts';

function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('it threw nothing');
}

const enoent = thrownBy(() => readFileSync('/nonexistent'));

test('advice is that of the catalog unless the place knows better', () => {
  expect(new BringupError('E-KIT-MISSING', 'm').next).toBe(catalog['E-KIT-MISSING'].next);
  expect(new BringupError('E-KIT-MISSING', 'm', { next: 'Do this.' }).next).toBe('Do this.');
});

test('a wrong call is told from what is ours by the exit status', () => {
  for (const code of Object.keys(catalog) as ErrorCode[]) {
    const usage = 'usage' in catalog[code];
    expect(new BringupError(code, 'm').exitStatus, code).toBe(usage ? exit.usage : exit.ours);
  }
  expect(new BringupError('E-LAB-UNKNOWN', 'm').exitStatus).toBe(64);
  expect(new BringupError('E-MACHINE-LOST', 'm').exitStatus).toBe(2);
});

test('JSON has code, message and what to do, and nothing else', () => {
  const json: unknown = JSON.parse(JSON.stringify(new BringupError('E-BUSY', 'm', { cause: enoent })));
  expect(json).toEqual({ code: 'E-BUSY', message: 'm', next: catalog['E-BUSY'].next });
});

test('a BringupError stays the one it is', () => {
  const error = new BringupError('E-BUSY', 'm');
  expect(asBringupError(error)).toBe(error);
});

test('a full disk is named as what it is', () => {
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  expect(asBringupError(full)).toMatchObject({ code: 'E-HOST-DISK', cause: full });
});

test.each([
  [enoent, 'ENOENT'],
  [new TypeError('x is not a function'), 'x is not a function'],
  ['a string', 'a string'],
  [undefined, 'undefined'],
])('anything else thrown is ours and keeps its cause and words', (thrown, words) => {
  const error = asBringupError(thrown);
  expect(error.code).toBe('E-INTERNAL');
  expect(error.message).toContain(words);
  expect(error.exitStatus).toBe(exit.ours);
  if (thrown !== undefined) expect(error.cause).toBe(thrown);
});

test('isErrno knows errors of system calls, and which one', () => {
  expect(isErrno(enoent)).toBe(true);
  expect(isErrno(enoent, 'ENOENT')).toBe(true);
  expect(isErrno(enoent, 'EACCES')).toBe(false);
  expect(isErrno(new Error('ENOENT'))).toBe(false);
  expect(isErrno({ code: 'ENOENT' })).toBe(false);
});
