// SPDX-License-Identifier: Apache-2.0
// What the author of a device decides, and the seed does not.
import { assert, integer, property } from 'fast-check';
import { expect, test } from 'vitest';
import { describe } from '../describe/describe.ts';
import { tally } from '../tally.ts';
import type { Chip } from './chip.ts';
import { layOut } from './lay-out.ts';

const seeds = integer({ min: 0, max: 0xffffffff });
const texts = {
  name: 'any',
  title: 'any',
  overview: [],
  features: [],
  revisions: { A: { code: 0, says: 'First.' } },
  history: [],
} as const;

test('one chip has one byte order, wherever the seed chooses it', () => {
  const seen = new Set<string>();
  assert(
    property(seeds, (seed) => {
      const chip = layOut(tally, seed);
      expect(find(chip, 'OPERAND').order).toBe(find(chip, 'RESULT').order);
      expect(find(chip, 'STATUS').order).toBe('little');
      seen.add(find(chip, 'OPERAND').order);
    }),
  );
  expect(seen.size).toBe(2);
});

test('interrupts share the vectors out, and pinned ones keep theirs', () => {
  const bit = { bits: 1, says: 'A cause.' } as const;
  const device = describe({
    ...texts,
    bus: { kind: 'pci', vendor: 0x1f80, device: 1, class: 0, vectors: 2 },
    registers: { CAUSE: { access: 'w1c', says: 'Causes.', fields: { A: bit, B: bit, C: bit } } },
    interrupts: {
      a: { says: 'A.', status: 'CAUSE.A' },
      b: { says: 'B.', status: 'CAUSE.B' },
      c: { says: 'C.', status: 'CAUSE.C', vector: 1 },
    },
  });
  assert(
    property(seeds, (seed) => {
      const { a, b, c } = layOut(device, seed).interrupts;
      expect([a!.vector, b!.vector].sort()).toEqual([0, 1]);
      expect(c!.vector).toBe(1);
    }),
  );
});

test('what is pinned stays', () => {
  const device = describe({
    ...texts,
    bus: { kind: 'pci', vendor: 0x1f80, device: 1, class: 0 },
    registers: {
      // One byte in each of the first 16 slots: what is not pinned must find the ones behind.
      ...Object.fromEntries(
        Array.from(
          { length: 16 },
          (_, at) => [`P${at}`, { access: 'rw', width: 8, at: 4 * at, says: 'Pinned.' }] as const,
        ),
      ),
      LOOSE: {
        access: 'rw',
        says: 'Loose.',
        fields: {
          TOP: { bits: 4, bit: 28, says: 'Top.' },
          KIND: { bits: 12, bit: 8, says: 'Kind.', values: { one: { says: 'One.', code: 1 }, any: 'Any.' } },
          REST: { bits: 8, says: 'All that is left on either side.' },
          LAST: { bits: 8, says: 'All that is left on either side.' },
        },
      },
    },
  });
  assert(
    property(seeds, (seed) => {
      const chip = layOut(device, seed);
      for (let at = 0; at < 16; at++) expect(find(chip, `P${at}`).offset).toBe(4 * at);
      const [top, ...rest] = find(chip, 'LOOSE').fields;
      expect(top).toMatchObject({ name: 'TOP', low: 28 });
      const kind = rest.find(({ name }) => name === 'KIND')!;
      expect(kind.low).toBe(8);
      expect(kind.values!.find(({ name }) => name === 'one')!.code).toBe(1);
      expect(new Set(kind.values!.map(({ code }) => code)).size).toBe(2);
    }),
  );
  expect(find(layOut(tally, 7), 'ID').offset).toBe(0);
});

test('fields that do not fit around those pinned are a mistake of the device', () => {
  const device = describe({
    ...texts,
    bus: { kind: 'i2c' },
    registers: {
      FULL: {
        access: 'rw',
        width: 8,
        says: 'Full.',
        fields: { MID: { bits: 2, bit: 3, says: 'Middle.' }, WIDE: { bits: 5, says: 'Wide.' } },
      },
    },
  });
  expect(() => layOut(device, 1)).toThrow('do not fit');
});

test('a slow bus has no more than 256 register numbers, a BAR what its author says', () => {
  const registers = Object.fromEntries(
    Array.from({ length: 100 }, (_, at) => [`R${at}`, { access: 'rw', width: 8, says: 'One.' }] as const),
  );
  const slow = describe({ ...texts, bus: { kind: 'spi' }, registers });
  expect(() => layOut(slow, 1)).toThrow('too many registers');
  const bus = { kind: 'pci', vendor: 1, device: 1, class: 0 } as const;
  expect(layOut(describe({ ...texts, bus: { ...bus, size: 65536 }, registers }), 1).bus).toMatchObject({
    size: 65536,
  });
  expect(() => layOut(describe({ ...texts, bus: { ...bus, size: 256 }, registers }), 1)).toThrow(
    'needs a BAR',
  );
});

function find(chip: Chip, name: string): Chip['registers'][number] {
  return chip.registers.find((register) => register.name === name)!;
}
