// SPDX-License-Identifier: Apache-2.0
// Traces as people read them: nothing is lost by folding, values mean what the chip means by them, and no name or detail
// can do anything to a terminal.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import reckoner from '../../../labs/3-drivers/pci-mmio/device.ts';
import { registerNamed } from '../layout/find.ts';
import { insert } from '../layout/value.ts';
import { tally } from '../tally.ts';
import { Driven, traces } from './driven.ts';
import { linesOf } from './lines.ts';
import { select } from './select.ts';
import { around, textOf } from './text.ts';
import { clock, parseTime, span } from './time.ts';
import { traceOf, type Trace, type TraceEvent } from './trace.ts';

/** How many events a line of text says it stands for; 0 for the second line of a broken rule, and for what is left out. */
function events(line: string): number {
  if (!/^[ ▸] +\d+\.\d{3} (µs|ms) /.test(line)) return 0;
  return Number(/ × (\d+) over /.exec(line)?.[1] ?? 1);
}

describe.each([
  ['pci-mmio', reckoner],
  ['tally', tally],
])('of any chip of %s, whatever is done to it,', (_, description) => {
  test('every event is in the text once, and so is each broken rule', () => {
    fc.assert(
      fc.property(traces(description), ({ chip, trace }) => {
        const text = textOf(trace, chip);
        expect(text.reduce((sum, line) => sum + events(line), 0)).toBe(trace.events.length);
        const broken = trace.events.filter(({ kind }) => kind === 'violation');
        expect(text.filter((line) => line.includes('✗ '))).toHaveLength(broken.length);
        // Without the chip too.
        const bare = textOf(trace, undefined);
        expect(bare.reduce((sum, line) => sum + events(line), 0)).toBe(trace.events.length);
      }),
      { numRuns: 150 },
    );
  });

  test('what is around a broken rule has that rule marked, and only that', () => {
    fc.assert(
      fc.property(traces(description), ({ chip, trace }) => {
        trace.events.forEach((event, index) => {
          if (event.kind !== 'violation') return;
          const lines = around(trace, chip, index).split('\n');
          const marked = lines.filter((line) => line.startsWith('▸'));
          expect(marked).toHaveLength(1);
          expect(marked[0]).toContain('✗');
        });
      }),
      { numRuns: 40 },
    );
  });

  test('a part of the time has the lines of that time, and a register its accesses with all broken rules', () => {
    fc.assert(
      fc.property(traces(description), fc.nat(), fc.nat(), ({ chip, trace }, a, b) => {
        const last = trace.events.at(-1)?.at ?? 0;
        const [from, to] = [a % (last + 1), b % (last + 1)].sort((x, y) => x - y) as [number, number];
        for (const { at, until } of select(trace, { from, to })) expect(until >= from && at <= to).toBe(true);
        const { name } = chip.registers[a % chip.registers.length]!;
        const count = select(trace, { register: name.toLowerCase() }).reduce(
          (sum, line) => sum + line.count,
          0,
        );
        const wanted = trace.events.filter(
          (event) => event.kind === 'violation' || ('register' in event && event.register === name),
        );
        expect(count).toBe(wanted.length);
      }),
      { numRuns: 60 },
    );
  });
});

test('polling is one line, and what breaks it ends it', () => {
  const driven = new Driven(tally, 3);
  for (let turn = 0; turn < 214; turn++) driven.read('STATUS');
  driven.read('ID');
  driven.read('STATUS');
  const text = textOf(driven.trace, driven.chip);
  expect(text).toHaveLength(3);
  expect(text[0]).toContain('BUSY=0');
  expect(text[0]).toMatch(/ {2}× 214 over 213 µs$/);
});

test('fields are decoded: names of values, what is acknowledged, bits that are reserved', () => {
  const driven = new Driven(tally, 21);
  const field = (register: string, name: string) =>
    registerNamed(driven.chip, register)!.fields.find((one) => one.name === name)!;
  const add = field('COMMAND', 'OP').values!.find(({ name }) => name === 'add')!.code;
  driven.write('COMMAND', insert(field('COMMAND', 'TAG'), insert(field('COMMAND', 'OP'), 0, add), 9));
  driven.write('INT_STATUS', insert(field('INT_STATUS', 'FAULT'), 0, 1));
  driven.write('INT_STATUS', 0);
  driven.write('INT_MASK', 0xffffffff);
  driven.write('OPERAND', 0x01020304);
  const text = textOf(driven.trace, driven.chip);
  expect(text[0]).toContain('OP=add');
  expect(text[0]).toContain('TAG=9');
  expect(text[1]).toContain('acknowledges FAULT');
  expect(text[2]).toContain('acknowledges nothing');
  expect(text[3]).toMatch(/reserved bits 0x/);
  expect(text.at(-1)).toMatch(/← 0x(01020304$|04030201 {2}= 0x01020304, big endian$)/);
});

test('what was left out is said where it is missing, and no run reaches across', () => {
  const read = (at: number): TraceEvent => ({
    kind: 'read',
    at,
    offset: 0,
    bytes: 4,
    value: 1,
    register: 'ID',
  });
  const trace = traceOf(
    'X',
    1,
    Array.from({ length: 2600 }, (_, index) => read(index * 1000)),
  );
  const text = textOf(trace, undefined);
  expect(text).toHaveLength(3);
  expect(text[0]).toContain('× 500');
  expect(text[1]).toContain('600 events are left out here');
  expect(text[2]).toContain('× 1500');
});

test('names and details that mean harm do nothing to a terminal and make no lines', () => {
  const hostile = fc.string({
    unit: fc.constantFrom('\u001b', '[2J', '\n', '\r', '\u202e', '\u2028', 'x', '\0', '\u009b', '✗'),
  });
  const event = fc.oneof(
    fc.record({ kind: fc.constant('violation' as const), at: fc.nat(), rule: hostile, detail: hostile }),
    fc.record({ kind: fc.constant('fault' as const), at: fc.nat(), what: hostile }),
    fc.record({ kind: fc.constant('message' as const), at: fc.nat(), interrupt: hostile, vector: fc.nat() }),
    fc.record({
      kind: fc.constant('read' as const),
      at: fc.nat(),
      offset: fc.nat(),
      bytes: fc.constant(4),
      value: fc.nat(),
      register: hostile,
    }),
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 20 }), (events) => {
      const trace: Trace = { part: 'X', seed: 1, events, omitted: 0, head: events.length };
      const text = textOf(trace, new Driven(tally, 1).chip);
      const expected = linesOf(trace).reduce(
        (sum, line) => sum + (line.event.kind === 'violation' ? 2 : 1),
        0,
      );
      expect(text).toHaveLength(expected);
      expect(text.join('')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}]/u);
    }),
  );
});

test('times are read as they are written', () => {
  expect(['12.5ms', '350 us', '1s', '800ns', '2µs'].map(parseTime)).toEqual([12.5e6, 350e3, 1e9, 800, 2e3]);
  expect(['', '12', 'ms', '-1ms', '1e3ms', '1ms;'].map(parseTime)).toEqual(Array(6).fill(undefined));
  expect([0, 800, 1000, 12_345_678, 999_999, 61e9].map(span)).toEqual([
    '0 ns',
    '800 ns',
    '1 µs',
    '12.3 ms',
    '1000 µs',
    '61 s',
  ]);
  expect(clock(9e6)(1234)).toBe('   1.234 µs');
  expect(clock(12e6)(1234)).toBe(' 0.001 ms');
});
