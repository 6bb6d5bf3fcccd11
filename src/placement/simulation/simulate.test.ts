// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { readRoadmap } from '../../roadmap/read.ts';
import { kinds } from './kinds.ts';
import { simulate } from './simulate.ts';
import { usual } from './world.ts';

// The simulation itself, in small; `bringup bench placement` runs it in full.

const { roadmap } = readRoadmap();
const some = (count: number): { truth: number; entry: number; items: number }[] =>
  kinds.flatMap((kind) => [...simulate(roadmap, kind, usual, count, 1)]);

test('the same seed gives the same engineers and the same placements', () => {
  expect(some(2)).toEqual(some(2));
});

test('most are placed at their stage or next to it, and nobody sees more than 20 items', () => {
  const placed = some(8);
  const near = placed.filter(({ truth, entry }) => Math.abs(truth - entry) <= 1).length / placed.length;
  expect(near).toBeGreaterThan(0.88);
  expect(Math.max(...placed.map(({ items }) => items))).toBeLessThanOrEqual(20);
});

test('engineers of every entry stage are among them', () => {
  expect(new Set(some(8).map(({ truth }) => truth)).size).toBe(7);
});
