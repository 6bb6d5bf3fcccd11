// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { errorsDocument, errorsFile } from '../../scripts/errors-doc.ts';
import { catalog, entryOf, type ErrorCode } from './error-catalog.ts';

const codes = Object.keys(catalog) as ErrorCode[];

test.each(codes)('%s says what it means and what to do next', (code) => {
  const { means, next } = entryOf(code);
  expect(code).toMatch(/^E(-[A-Z]+)+$/);
  expect(means).toMatch(/^[\p{L}].*\.$/u);
  expect(next).toMatch(/^[\p{L}`].*\.$/u);
});

test('no two codes mean the same', () => {
  const meanings = codes.map((code) => entryOf(code).means);
  expect(new Set(meanings).size).toBe(meanings.length);
});

test('docs/errors.md is what the catalog says (npm run docs)', () => {
  expect(readFileSync(errorsFile, 'utf8')).toBe(errorsDocument());
});
