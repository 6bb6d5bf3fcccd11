// SPDX-License-Identifier: Apache-2.0
import { array, assert, constantFrom, integer, property } from 'fast-check';
import { expect, test } from 'vitest';
import type { FormatSpec } from '../describe/formats.ts';
import { numbers } from '../../shared/random.ts';
import { decode, encode } from './codec.ts';
import { layOutFormat } from './formats.ts';

const seeds = integer({ min: 0, max: 0xffffffff });
const sizes = array(constantFrom(1, 2, 3, 4, 7, 8, 12, 16, 24, 31, 32, 64), { minLength: 1, maxLength: 12 });

const orderOf = (seed: number): 'little' | 'big' => (seed % 2 === 0 ? 'little' : 'big');

function formatOf(widths: readonly number[]): FormatSpec {
  return {
    says: 'Anything.',
    fields: Object.fromEntries(widths.map((bits, at) => [`F${at}`, { bits, says: 'A field.' }])),
  };
}

test('fields of a structure never overlap, are aligned, and lie inside it', () => {
  assert(
    property(sizes, seeds, (widths, seed) => {
      const format = layOutFormat('any', formatOf(widths), orderOf(seed), (name) => numbers(seed, name));
      const taken = new Set<number>();
      expect(format.fields).toHaveLength(widths.length);
      for (const { offset, low, bits } of format.fields) {
        expect(offset % (bits === 64 ? 8 : 4)).toBe(0);
        for (let bit = 8 * offset + low; bit < 8 * offset + low + bits; bit++) {
          expect(taken.has(bit)).toBe(false);
          taken.add(bit);
          expect(bit).toBeLessThan(8 * format.size);
        }
      }
    }),
  );
});

test('what is encoded decodes to the same values, in either byte order', () => {
  assert(
    property(sizes, seeds, (widths, seed) => {
      const format = layOutFormat('any', formatOf(widths), orderOf(seed), (name) => numbers(seed, name));
      const next = numbers(seed, 'values');
      const values = Object.fromEntries(
        format.fields.map(({ name, bits }): [string, number | bigint] => {
          const value = Math.floor(next() * 2 ** Math.min(bits, 32));
          return [name, bits === 64 ? BigInt(value) << 32n : value];
        }),
      );
      expect(decode(format, encode(format, values))).toEqual(values);
    }),
  );
});

test('byte order is that of each word, and codes are those of the chip', () => {
  const format = layOutFormat(
    'one',
    {
      says: 'One word.',
      order: 'big',
      fields: { KIND: { bits: 32, says: 'Kind.', values: { first: { says: 'First.', code: 0x01020304 } } } },
    },
    'little',
    (name) => numbers(1, name),
  );
  expect([...encode(format, { KIND: 'first' })]).toEqual([1, 2, 3, 4]);
  expect(decode(format, Uint8Array.of(1, 2, 3, 4))).toEqual({ KIND: 'first' });
  expect(decode(format, Uint8Array.of(4, 3, 2, 1))).toEqual({ KIND: undefined });
});

test('a structure that is too small for its fields is a mistake of the device', () => {
  const small = { ...formatOf([64, 32]), size: 8 };
  expect(() => layOutFormat('small', small, 'little', (name) => numbers(1, name))).toThrow('needs 12 bytes');
});
