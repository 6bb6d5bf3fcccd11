// SPDX-License-Identifier: Apache-2.0
// On a slow bus a register is a row of bytes: without their order and meaning nobody can drive the chip.
import { expect, test } from 'vitest';
import { describe } from '../describe/describe.ts';
import { layOut } from '../layout/lay-out.ts';
import { toMarkdown } from './markdown.ts';
import { sheetOf } from './sheet-of.ts';

const sheet = (kind: 'i2c' | 'spi' | 'gpio'): string =>
  toMarkdown(
    sheetOf(
      layOut(
        describe({
          name: 'sensor',
          title: 'sensor',
          overview: ['Measures.'],
          features: ['Small'],
          bus: kind === 'i2c' ? { kind, address: 0x4a } : { kind },
          registers: {
            RESULT: { access: 'ro', width: 16, order: 'big', says: 'The result.' },
            STATUS: {
              access: 'w1c',
              width: 8,
              says: 'Causes.',
              fields: { READY: { bits: 1, says: 'There is a result.' } },
            },
          },
          interrupts: { ready: { says: 'There is a result.', status: 'STATUS.READY' } },
          revisions: { A: { code: 1, says: 'First.' } },
          history: [],
        }),
        1,
      ),
    ),
  ).replaceAll(/ +/g, ' ');

test('I2C: the address, what a transfer looks like, and the order of its bytes', () => {
  const text = sheet('i2c');
  expect(text).toContain('| Address | `0x4A` (7 bits) |');
  expect(text).toContain('one byte with the number of the register, repeated start condition');
  expect(text).toContain('belong to the register with the next number');
  expect(text).toContain('(the low byte travels first), where a register does not say otherwise');
  expect(text).toContain('Big endian: the byte that travels first holds bits 15:8.');
});

test('SPI: the mode, and the first byte of a transfer', () => {
  const text = sheet('spi');
  expect(text).toContain('SPI, peripheral, mode 0');
  expect(text).toContain('bit 7 is 1 to read and 0 to write, bits 6:0 are the number of the register');
});

test('lines: a register is a line', () => {
  const text = sheet('gpio');
  expect(text).toContain('The number of a register is the number of a line.');
  expect(text).not.toContain('Byte order');
});

test('the interrupt line is low while a cause lasts', () => {
  const text = sheet('i2c');
  expect(text).toContain('| Interrupt line | Open drain, active low, level |');
  expect(text).toContain('holds the interrupt line low as long as a status bit is 1');
  expect(text).toContain('| Interrupt | Status | Let through while | Cause |');
});
