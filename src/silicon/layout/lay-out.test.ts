// SPDX-License-Identifier: Apache-2.0
// A chip that breaks one of these could not be driven, could be driven by another seed's driver, or would be another
// one on the grading host than on the learner's.
import { assert, constantFrom, dictionary, integer, property, record } from 'fast-check';
import { expect, test } from 'vitest';
import { describe } from '../describe/describe.ts';
import { tally } from '../tally.ts';
import type { Chip } from './chip.ts';
import { layOut } from './lay-out.ts';
import { accessMasks, extract, mask } from './value.ts';

const seeds = integer({ min: 0, max: 0xffffffff });
const names = integer({ min: 0, max: 999 }).map((number) => `R${number}`);

/** Devices of random registers, whose fields fill them up to the last bit or not. */
const devices = record({
  kind: constantFrom('pci' as const, 'i2c' as const),
  registers: dictionary(
    names,
    record({
      width: constantFrom(8 as const, 16 as const, 32 as const),
      fields: dictionary(names, integer({ min: 1, max: 12 }), { maxKeys: 12 }),
    }),
    { minKeys: 1, maxKeys: 40 },
  ),
}).map(({ kind, registers }) =>
  describe({
    ...texts,
    bus: kind === 'i2c' ? { kind, address: 0x20 } : { kind, vendor: 0x1f80, device: 1, class: 0 },
    registers: Object.fromEntries(
      Object.entries(registers).map(([name, { width: wide, fields }]) => {
        const width = kind === 'i2c' && wide === 32 ? 16 : wide;
        let left: number = width;
        const fitting = Object.entries(fields).filter(([, bits]) => bits <= left && (left -= bits) >= 0);
        const described = fitting.map(([field, bits]) => [field, { bits, says: 'Bits.' }] as const);
        const whole = { access: 'rw', width, says: 'Bits.' } as const;
        return [
          name,
          described.length ? { ...whole, fields: Object.fromEntries(described) } : whole,
        ] as const;
      }),
    ),
  }),
);
const texts = {
  name: 'any',
  title: 'any',
  overview: [],
  features: [],
  revisions: { A: { code: 0, says: 'First.' } },
  history: [],
} as const;

const size = (chip: Chip): number => (chip.bus.kind === 'pci' ? chip.bus.size : 256);
const bytes = (chip: Chip, width: number): number => (chip.bus.kind === 'pci' ? width / 8 : 1);

test('no two registers share a byte; each is aligned and inside the BAR', () => {
  assert(
    property(devices, seeds, (device, seed) => {
      const chip = layOut(device, seed);
      let end = 0;
      expect(chip.registers).toHaveLength(Object.keys(device.registers).length);
      for (const { offset, width } of chip.registers) {
        expect(offset).toBeGreaterThanOrEqual(end);
        expect(offset % bytes(chip, width)).toBe(0);
        end = offset + bytes(chip, width);
      }
      expect(end).toBeLessThanOrEqual(size(chip));
    }),
  );
});

test('every bit of a register is in one field or reserved', () => {
  assert(
    property(devices, seeds, (device, seed) => {
      for (const register of layOut(device, seed).registers) {
        const described = device.registers[register.name]!.fields ?? {};
        expect(register.fields.map(({ bits }) => bits).sort()).toEqual(
          Object.values(described)
            .map(({ bits }) => bits)
            .sort(),
        );
        const taken = register.fields.reduce((sum, field) => sum + mask(field), 0);
        const either = register.fields.reduce((all, field) => (all | mask(field)) >>> 0, 0);
        expect(taken).toBe(either); // a sum is larger than the union as soon as a bit is in two
        expect(taken).toBeLessThan(2 ** register.width);
        expect(Object.values(accessMasks(register)).reduce((a, b) => a + b)).toBe(2 ** register.width - 1);
      }
    }),
  );
});

test('a seed makes one chip, and reset values are those of the fields', () => {
  assert(
    property(seeds, (seed) => {
      const chip = layOut(tally, seed);
      expect(layOut(tally, seed)).toEqual(chip);
      for (const { fields, reset } of chip.registers) {
        for (const field of fields) expect(extract(field, reset)).toBe(field.reset);
      }
      const limit = find(chip, 'STATE').fields.find(({ name }) => name === 'LIMIT')!;
      expect(limit.reset).toBe(chip.parameters['chain']);
    }),
  );
});

test('the chip of a seed stays what it is from one version and host to the next', () => {
  const chip = layOut(tally, 1);
  expect(chip.registers.map(({ name, offset }) => [name, offset])).toMatchInlineSnapshot(`
    [
      [
        "ID",
        0,
      ],
      [
        "DOORBELL",
        10,
      ],
      [
        "COMMAND",
        16,
      ],
      [
        "RESULT",
        20,
      ],
      [
        "INT_MASK",
        28,
      ],
      [
        "INT_STATUS",
        40,
      ],
      [
        "STATUS",
        56,
      ],
      [
        "OPERAND",
        80,
      ],
      [
        "FAULTS",
        112,
      ],
      [
        "CONTROL",
        136,
      ],
      [
        "STATE",
        172,
      ],
      [
        "RESERVED0",
        240,
      ],
    ]
  `);
});

test('two seeds differ in most offsets, field positions and encodings', () => {
  assert(
    property(seeds, seeds, (one, other) => {
      if (one === other) return;
      const [a, b] = [places(layOut(tally, one)), places(layOut(tally, other))];
      const same = [...a].filter(([what, place]) => b.get(what) === place).length;
      expect(same / a.size).toBeLessThan(0.5);
    }),
    { numRuns: 1000 },
  );
});

test('a register that is added leaves the places of most others', () => {
  const fewer = { ...tally, registers: Object.fromEntries(Object.entries(tally.registers).slice(0, -1)) };
  assert(
    property(seeds, (seed) => {
      const [a, b] = [places(layOut(tally, seed)), places(layOut(fewer, seed))];
      const moved = [...b].filter(([what, place]) => a.get(what) !== place).length;
      expect(moved).toBeLessThanOrEqual(2);
    }),
  );
});

function find(chip: Chip, name: string): Chip['registers'][number] {
  return chip.registers.find((register) => register.name === name)!;
}

/** All that the seed places, but what the author pinned. */
function places(chip: Chip): Map<string, number> {
  const all = new Map<string, number>();
  for (const { name, offset, fields } of chip.registers) {
    if (name !== 'ID') all.set(name, offset);
    for (const field of fields) {
      all.set(`${name}.${field.name}`, field.low);
      for (const value of field.values ?? []) all.set(`${name}.${field.name}=${value.name}`, value.code);
    }
  }
  return all;
}
