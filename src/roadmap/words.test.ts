// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { phraseKey, words } from './words.ts';

const texts = (text: string): string[] => words(text).map((word) => word.text);

test.each([
  ['io_uring, C++ and C#.', ['io_uring', 'C++', 'and', 'C#']],
  ['C++17/Rust', ['C++17', 'Rust']],
  ['Linux 6.12. Then 7', ['Linux', '6.12', 'Then', '7']],
  ['kühl—naïve', ['kühl', 'naïve']],
  ['--- ... ', []],
])('%j has its words', (text, expected) => {
  expect(texts(text)).toEqual(expected);
});

test.each([
  ['device tree', true],
  ['device-tree', true],
  ['device‑tree', true],
  ['PCI/PCIe', true],
  ['lore.kernel', true],
  ['device\n   tree', true],
  ['device\r\ntree', true],
  ['device, tree', false],
  ['device. Tree', false],
  ['device\n\ntree', false],
  ['device\n- tree', false],
  [`device${' '.repeat(60)}tree`, false],
])('the second word of %j belongs to the first: %s', (text, joined) => {
  expect(words(text)[1]!.joined).toBe(joined);
});

test('places are those of the text, in order and without overlap', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      const found = words(text);
      return found.every(
        ({ text: word, from, to }, at) =>
          from >= (found[at - 1]?.to ?? 0) && text.slice(from, to) === word && word.length > 0,
      );
    }),
  );
});

test('a phrase is looked up without case and without what only looks different', () => {
  expect(phraseKey('I²C / SPI')).toEqual(['i2c', 'spi']);
  expect(phraseKey('I2C/SPI')).toEqual(['i2c', 'spi']);
});
