// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { readRoadmap } from '../roadmap/read.ts';
import { levelsAt, likelihoodOfCredit, likelihoods, positions, stageCount, traitsOf } from './model.ts';

// What the model promises, whatever its figures: a better answer never makes a lower level likelier.

const { items, skills } = readRoadmap().roadmap;
const traits = items.map((item) =>
  traitsOf(
    item,
    skills.find(({ id }) => id === item.skill),
  ),
);

/** Whether the odds of one against the other never fall from level to level. */
function oddsRise(better: readonly number[], worse: readonly number[]): boolean {
  const odds = better.map((chance, level) => chance / worse[level]!);
  return odds.every((value, level) => level === 0 || value >= odds[level - 1]! * (1 - 1e-12));
}

test('right, "I don\'t know" and wrong are all there can be', () => {
  for (const one of traits) {
    const { right, unknown, wrong } = likelihoods(one);
    right.forEach((chance, level) => {
      expect(chance + unknown[level]! + wrong[level]!).toBeCloseTo(1);
      expect(Math.min(chance, unknown[level]!, wrong[level]!)).toBeGreaterThan(0);
    });
  }
});

test('the higher the level, the likelier right than "I don\'t know", and that than wrong', () => {
  for (const one of traits) {
    const { right, unknown, wrong } = likelihoods(one);
    expect(oddsRise(right, unknown)).toBe(true);
    expect(oddsRise(unknown, wrong)).toBe(true);
  }
});

test('a skill shown elsewhere speaks for higher levels', () => {
  expect(
    oddsRise(
      likelihoodOfCredit,
      likelihoodOfCredit.map(() => 1),
    ),
  ).toBe(true);
});

test('the higher the position, the likelier high levels of every stage', () => {
  for (let stage = 0; stage < stageCount; stage++)
    for (let at = 1; at < positions.length; at++)
      expect(oddsRise(levelsAt(positions[at]!, stage), levelsAt(positions[at - 1]!, stage))).toBe(true);
});
