// SPDX-License-Identifier: Apache-2.0
// The dump is read by a reader that takes nothing but what IEEE Std 1364-2005, 18.2 allows.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import reckoner from '../../../labs/3-drivers/pci-mmio/device.ts';
import { extract } from '../layout/value.ts';
import { tally } from '../tally.ts';
import { isAccess, meant, registerOf } from './decode.ts';
import { Driven, traces } from './driven.ts';
import { traceOf, type Trace, type TraceEvent } from './trace.ts';
import { vcdOf } from './vcd.ts';

interface Replayed {
  /** `scope.name` → last value, in binary digits or x. */
  values: Map<string, string>;
  /** `scope.name` → how often the event happened, or a value became 1. */
  counts: Map<string, number>;
  offs: number;
}

/** Reads a dump strictly; throws where it is none. */
function replay(text: string): Replayed {
  const [declarations, body] = text.split('$enddefinitions $end\n') as [string, string];
  const signals = new Map<string, { path: string; bits: number; event: boolean }>();
  const scopes: string[] = [];
  const paths = new Set<string>();
  for (const line of declarations.trimEnd().split('\n')) {
    const [, scope] = /^\$scope module ([A-Za-z_][A-Za-z0-9_$]*) \$end$/.exec(line) ?? [];
    const [, type, size, code, name, msb] =
      /^\$var (reg|event) (\d+) ([!-~]+) ([A-Za-z_][A-Za-z0-9_$]*)(?: \[(\d+):0\])? \$end$/.exec(line) ?? [];
    if (scope !== undefined) {
      scopes.push(scope);
      if (paths.has(scopes.join('/'))) throw new Error(`two scopes ${scopes.join('/')}`);
      paths.add(scopes.join('/'));
    } else if (line === '$upscope $end') {
      if (scopes.pop() === undefined) throw new Error('no scope to leave');
    } else if (code !== undefined) {
      const bits = Number(size);
      if (bits > 1 && Number(msb) !== bits - 1) throw new Error(line);
      const path = [...scopes.slice(1), name].join('.');
      if (signals.has(code) || paths.has(path)) throw new Error(`twice: ${line}`);
      paths.add(path);
      signals.set(code, { path, bits, event: type === 'event' });
    } else if (!/^\$(version [^$]+|comment [^$]+|timescale 1 ns) \$end$/.test(line)) throw new Error(line);
  }
  if (scopes.length > 0) throw new Error('a scope is left open');
  const values = new Map<string, string>();
  const counts = new Map<string, number>();
  let time = -1;
  let block = '';
  let offs = 0;
  for (const line of body.trimEnd().split('\n')) {
    if (line.startsWith('#')) {
      const next = Number(line.slice(1));
      if (!/^#\d+$/.test(line) || next <= time) throw new Error(`time goes back: ${line}`);
      time = next;
      continue;
    }
    if (['$dumpvars', '$dumpoff', '$dumpon'].includes(line) && block === '') {
      block = line;
      if (line === '$dumpoff') offs++;
      continue;
    }
    if (line === '$end' && block !== '') {
      block = '';
      continue;
    }
    const [, bit, scalar, vector, of] = /^(?:([01x])([!-~]+)|b([01x]+) ([!-~]+))$/.exec(line) ?? [];
    const signal = signals.get(scalar ?? of ?? '');
    const value = bit ?? vector;
    if (!signal || value === undefined) throw new Error(line);
    if (signal.bits === 1 ? bit === undefined : value.length > signal.bits) throw new Error(line);
    if (value === '1' && block === '') counts.set(signal.path, (counts.get(signal.path) ?? 0) + 1);
    if (!signal.event) values.set(signal.path, value);
    else if (block !== '') throw new Error(`an event is dumped: ${line}`);
  }
  return { values, counts, offs };
}

test.each([
  ['pci-mmio', reckoner],
  ['tally', tally],
])('the values of a trace of %s, replayed, are those of the last accesses', (_, description) => {
  fc.assert(
    fc.property(traces(description), ({ chip, trace }) => {
      const { values, counts } = replay(vcdOf(trace, chip));
      const last = new Map<string, string>();
      const accesses = new Map<string, number>();
      for (const event of trace.events) {
        if (event.kind === 'reset') last.clear();
        const register = registerOf(chip, event);
        if (!register || !isAccess(event)) continue;
        const value = meant(register, event.value);
        last.set(`${register.name}.${register.name}`, value.toString(2));
        for (const field of register.fields)
          last.set(`${register.name}.${field.name}`, extract(field, value).toString(2));
        const strobe = `${register.name}.${event.kind}`;
        accesses.set(strobe, (accesses.get(strobe) ?? 0) + 1);
      }
      for (const { name, fields } of chip.registers) {
        for (const path of [name, ...fields.map((field) => field.name)])
          expect(values.get(`${name}.${path}`)).toBe(last.get(`${name}.${path}`) ?? 'x');
        for (const kind of ['read', 'write'])
          expect(counts.get(`${name}.${kind}`)).toBe(accesses.get(`${name}.${kind}`));
      }
      const broken = trace.events.filter(({ kind }) => kind === 'violation').length;
      const told = [...counts].filter(([path]) => path.startsWith('broken_rules.'));
      expect(told.reduce((sum, [, count]) => sum + count, 0)).toBe(broken);
      // Without the chip it is a dump too.
      expect(() => replay(vcdOf(trace, undefined))).not.toThrow();
    }),
    { numRuns: 150 },
  );
});

test('an interrupt is a pulse for each message, and DMA has its address and length', () => {
  const message = (at: number): TraceEvent => ({ kind: 'message', at, interrupt: 'done', vector: 0 });
  const events: TraceEvent[] = [
    message(5),
    { kind: 'dma-write', at: 5, address: '0xfffffffffffff000', bytes: 64, fault: 'unmapped' },
    message(5),
    { kind: 'message', at: 900, interrupt: 'done', vector: 0, lost: true },
  ];
  const { values, counts } = replay(vcdOf(traceOf('X-1', 1, events), undefined));
  expect([counts.get('interrupts.done'), values.get('interrupts.done')]).toEqual([3, '0']);
  expect([counts.get('interrupts.done_lost'), counts.get('dma.refused')]).toEqual([1, 1]);
  expect([values.get('dma.address'), values.get('dma.length')]).toEqual([
    `${'1'.repeat(52)}${'0'.repeat(12)}`,
    '1000000',
  ]);
});

test('where events are left out the dump is off, and what was before is not known', () => {
  const driven = new Driven(tally, 9);
  driven.write('COMMAND', 0);
  for (let turn = 0; turn < 3000; turn++) driven.read('STATUS');
  const { values, offs } = replay(vcdOf(driven.trace, driven.chip));
  expect([offs, values.get('COMMAND.COMMAND'), values.get('STATUS.STATUS')]).toEqual([1, 'x', '0']);
});

test('names of any kind become names of signals', () => {
  const names = fc.array(fc.string({ maxLength: 12 }), { maxLength: 12 });
  fc.assert(
    fc.property(fc.string(), names, (part, list) => {
      const events = list.flatMap((name): TraceEvent[] => [
        { kind: 'violation', at: 1, rule: name, detail: name },
        { kind: 'message', at: 1, interrupt: name, vector: 0 },
        { kind: 'read', at: 1, offset: 4, bytes: 2, value: 3, register: name },
        { kind: 'fault', at: 2, what: `$end ${name}` },
      ]);
      const trace: Trace = { part, seed: 1, events, omitted: 0, head: events.length };
      expect(() => replay(vcdOf(trace, undefined))).not.toThrow();
    }),
  );
});
