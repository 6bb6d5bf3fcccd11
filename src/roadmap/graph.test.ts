// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { closure, cycleIn, type Needs } from './graph.ts';

/** Graphs whose nodes need only earlier ones, in a shuffled order. */
const acyclic = fc
  .array(fc.array(fc.nat(), { maxLength: 4 }), { minLength: 1, maxLength: 30 })
  .chain((drawn) => {
    const nodes = drawn.map((needs, at): [string, string[]] => [
      `n${at}`,
      at === 0 ? [] : needs.map((need) => `n${need % at}`),
    ]);
    return fc.shuffledSubarray(nodes, { minLength: nodes.length }).map((all): Needs => new Map(all));
  });

describe('cycleIn', () => {
  test('finds none where every node needs earlier ones only', () => {
    fc.assert(fc.property(acyclic, (needs) => cycleIn(needs) === undefined));
  });

  test('finds one, and a real one, when a node needs one that needs it', () => {
    fc.assert(
      fc.property(acyclic, fc.nat(), fc.nat(), (graph, a, b) => {
        const ids = [...graph.keys()];
        const start = ids[a % ids.length]!;
        const below = [...closure(graph, [start])];
        const end = below[b % below.length]!;
        const needs = new Map(graph).set(end, [...graph.get(end)!, start]);
        const cycle = cycleIn(needs)!;
        expect(cycle.length).toBeGreaterThan(1);
        expect(cycle.at(-1)).toBe(cycle[0]);
        for (const [at, id] of cycle.slice(0, -1).entries()) expect(needs.get(id)).toContain(cycle[at + 1]);
      }),
    );
  });

  test('passes over ids that are not there', () => {
    expect(cycleIn(new Map([['a', ['gone']]]))).toBeUndefined();
  });
});

describe('closure', () => {
  test('holds what was asked for and all that anything in it needs, and nothing else', () => {
    fc.assert(
      fc.property(acyclic, fc.array(fc.nat(), { maxLength: 4 }), (needs, picks) => {
        const ids = [...needs.keys()];
        const asked = picks.map((pick) => ids[pick % ids.length]!);
        const all = closure(needs, asked);
        for (const id of asked) expect(all.has(id)).toBe(true);
        for (const id of all) for (const need of needs.get(id)!) expect(all.has(need)).toBe(true);
        const wanted = new Set([...asked, ...[...all].flatMap((id) => needs.get(id)!)]);
        expect([...all].every((id) => wanted.has(id))).toBe(true);
      }),
    );
  });

  test('of nothing is nothing', () => {
    expect(closure(new Map([['a', []]]), [])).toEqual(new Set());
  });
});
