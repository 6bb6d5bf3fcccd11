// SPDX-License-Identifier: Apache-2.0
import { assert, integer, property } from 'fast-check';
import { expect, test } from 'vitest';
import { layOut } from '../layout/lay-out.ts';
import { tally } from '../tally.ts';
import { bitField } from './bit-field.ts';
import { registerRow } from './bit-rows.ts';
import { bitText } from './bit-text.ts';

const seeds = integer({ min: 0, max: 0xffffffff });

test('a drawing shows every bit once, the highest on the left', () => {
  assert(
    property(seeds, (seed) => {
      for (const register of layOut(tally, seed).registers) {
        const { cells, width } = registerRow(register);
        let next: number = width;
        for (const { low, bits } of cells) {
          expect(low + bits).toBe(next);
          next = low;
        }
        expect(next).toBe(0);
        const { markup } = bitField([registerRow(register)], 'Bits');
        const numbers = [...markup.matchAll(/class="number" x="([\d.]+)"[^>]*>(\d+)</g)];
        const places = numbers.map(([, x, bit]) => [Number(x), Number(bit)] as const);
        // A bit's number stands above its middle.
        const cell = { 8: 48, 16: 36, 32: 24 }[width]!;
        for (const [x, bit] of places) expect(x).toBe((width - bit - 0.5) * cell);
        expect(places.map(([, bit]) => bit)).toEqual(
          cells.flatMap(({ low, bits }) => (bits === 1 ? [low] : [low + bits - 1, low])),
        );
      }
    }),
    { numRuns: 50 },
  );
});

test('reserved bits are hatched inside of their cell, and nothing else is', () => {
  const row = (low: number, bits: number, name?: string) => ({ low, bits, name, below: '' });
  const hatched = (cells: ReturnType<typeof row>[]) =>
    bitField([{ label: '', width: 8, cells }], 'Bits').markup.match(/class="reserved" d="([^"]*)"/)?.[1];
  expect(hatched([row(0, 8, 'ALL')])).toBeUndefined();
  const path = hatched([row(4, 4, 'HIGH'), row(0, 4)])!;
  for (const [, x, y] of path.matchAll(/[ML]([\d.]+) ([\d.]+)/g)) {
    expect(Number(x)).toBeGreaterThanOrEqual(4 * 48);
    expect(Number(x)).toBeLessThanOrEqual(8 * 48);
    expect(Number(y)).toBeGreaterThanOrEqual(18);
    expect(Number(y)).toBeLessThanOrEqual(18 + 38);
  }
});

test('a drawing in characters lines up', () => {
  const cells = [
    { name: 'LONG_NAME', low: 7, bits: 1, below: 'w1c' },
    { name: undefined, low: 4, bits: 3, below: '' },
    { name: 'LOW', low: 0, bits: 4, below: 'rw' },
  ];
  expect(`\n${bitText([{ label: '', width: 8, cells }])}\n`).toBe(`
      7       6:4   3:0
+-----------+-----+-----+
| LONG_NAME |  -  | LOW |
+-----------+-----+-----+
     w1c            rw
`);
});
