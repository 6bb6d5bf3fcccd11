// SPDX-License-Identifier: Apache-2.0
// The drawing of a trace: everything in its order, idle time cut, nothing that a page would take for markup.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import reckoner from '../../../labs/3-drivers/pci-mmio/device.ts';
import { axisOf } from './axis.ts';
import { traces } from './driven.ts';
import { linesOf } from './lines.ts';
import { timeline } from './timeline.ts';
import type { Trace, TraceEvent } from './trace.ts';
import { windowOn } from './window.ts';

const times = fc.array(fc.nat({ max: 1e9 }), { minLength: 1, maxLength: 200 });

test('on the axis, order is kept and nothing leaves it; gaps that are cut have their real length', () => {
  fc.assert(
    fc.property(times, (list) => {
      const { x, breaks } = axisOf(list, 100, 1000);
      const sorted = [...list].sort((a, b) => a - b);
      const places = sorted.map(x);
      expect(places.every((place, at) => at === 0 || place >= places[at - 1]!)).toBe(true);
      expect(places[0]).toBe(100);
      expect(places.at(-1)).toBeLessThanOrEqual(1000.001);
      const gaps = sorted.slice(1).map((at, index) => at - sorted[index]!);
      for (const { nanoseconds } of breaks) expect(gaps).toContain(nanoseconds);
    }),
  );
  // Two bursts a second apart: what happens within a burst can still be told apart.
  const { x, breaks } = axisOf([0, 1000, 2000, 1e9, 1e9 + 1000], 0, 900);
  expect(breaks).toHaveLength(1);
  expect(x(1000)).toBeGreaterThan(200);
});

test('there is a track for each register of the window, and a mark with its number for each broken rule', () => {
  fc.assert(
    fc.property(traces(reckoner), ({ chip, trace }) => {
      const lines = linesOf(trace);
      const { markup } = timeline(lines, chip, (index) => index);
      const names = new Set(trace.events.flatMap((event) => ('register' in event && event.register) || []));
      for (const name of names) expect(markup).toContain(`>${name}</text>`);
      trace.events.forEach(({ kind }, index) => {
        if (kind === 'violation') expect(markup).toContain(`>✗${index}</text>`);
      });
      expect(markup).not.toMatch(/NaN|Infinity|undefined|style=/);
    }),
    { numRuns: 60 },
  );
});

test('names and details are no markup', () => {
  const hostile = `"><script>alert('1')</script>&amp;\u0000`;
  const events: TraceEvent[] = [
    { kind: 'read', at: 0, offset: 4, bytes: 4, value: 1, register: hostile },
    { kind: 'message', at: 5, interrupt: hostile, vector: 0 },
    { kind: 'fault', at: 10, what: hostile },
    { kind: 'violation', at: 15, rule: hostile, detail: hostile },
  ];
  const trace: Trace = { part: hostile, seed: 1, events, omitted: 0, head: 4 };
  const { markup } = timeline(linesOf(trace), undefined, () => 1);
  expect(markup).not.toContain('<script');
  // eslint-disable-next-line no-control-regex
  expect(markup).not.toMatch(/\x00/);
});

test('a window has the lines of its stretch, each step stays among them, and in and out lead everywhere', () => {
  fc.assert(
    fc.property(
      traces(reckoner),
      fc.array(fc.constantFrom('inwards', 'outwards', 'earlier', 'later', 'broken', 'all')),
      ({ trace }, steps) => {
        const lines = linesOf(trace);
        fc.pre(lines.length > 0);
        let window = windowOn(lines);
        expect(window.lines.length).toBeGreaterThan(0);
        for (const step of steps) {
          const next = window[step as 'all'];
          if (!next) continue;
          window = windowOn(lines, next);
          expect(window.lines.length).toBeGreaterThan(0);
          for (const { at, until } of window.lines) expect(until >= next.from && at <= next.to).toBe(true);
        }
        for (let turn = 0; window.outwards && turn < 20; turn++) window = windowOn(lines, window.outwards);
        expect(window.lines).toHaveLength(lines.length);
      },
    ),
    { numRuns: 100 },
  );
});

test('of a long trace the first broken rule is shown at the beginning', () => {
  const read = (at: number): TraceEvent => ({
    kind: 'read',
    at,
    offset: 0,
    bytes: 4,
    value: at,
    register: 'ID',
  });
  const events = Array.from({ length: 500 }, (_, at) => read(at * 1000));
  events.splice(300, 0, { kind: 'violation', at: 299_500, rule: 'powered', detail: '' });
  const window = windowOn(linesOf({ part: 'X', seed: 1, events, omitted: 0, head: 500 }));
  expect(window.lines.some(({ event }) => event.kind === 'violation')).toBe(true);
  expect(window.lines.length).toBeLessThan(60);
});
