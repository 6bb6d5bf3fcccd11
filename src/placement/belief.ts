// SPDX-License-Identifier: Apache-2.0
import { enough, hasWhenRight, levelsAt, normalized, positions, stageCount, type Traits } from './model.ts';

/** Something seen of an engineer: how likely it was for somebody at each level of a stage. */
export interface Observation {
  stage: number;
  likelihood: readonly number[];
}

/** What is believed of an engineer: a weight for each position, and given it, for each level of each stage. */
export interface Belief {
  weights: number[];
  levels: number[][][];
}

/** What follows from a belief for the stages. */
export interface Outlook {
  /** How likely each entry stage is, the first that is not had; the last place stands for "all are had". */
  entries: number[];
  /** How likely each stage is to be had. */
  mastery: number[];
}

const prior: Belief = {
  weights: normalized(positions.map(() => 1)),
  levels: positions.map((position) =>
    Array.from({ length: stageCount }, (_, stage) => levelsAt(position, stage)),
  ),
};

/** The exact posterior; the order of what was seen does not matter. */
export function believe(seen: readonly Observation[]): Belief {
  return seen.reduce(({ weights, levels }: Belief, { stage, likelihood }) => {
    const joint = levels.map((stages) => stages[stage]!.map((weight, level) => weight * likelihood[level]!));
    return {
      weights: normalized(joint.map((row, at) => weights[at]! * row.reduce((total, one) => total + one, 0))),
      levels: levels.map((stages, at) => stages.with(stage, normalized(joint[at]!))),
    };
  }, prior);
}

/** The outlook of a belief, and what it would become. */
export function outlookOf(belief: Belief): Outlook & {
  /** How likely something is to be seen, and the outlook when it is: what believing it would give, for less. */
  given: (one: Observation) => Outlook & { probability: number };
} {
  const had = belief.levels.map((stages) => stages.map((levels) => from(levels, enough)));
  const given = ({ stage, likelihood }: Observation): Outlook & { probability: number } => {
    const entries = new Array<number>(stageCount + 1).fill(0);
    const mastery = new Array<number>(stageCount).fill(0);
    let probability = 0;
    for (let at = 0; at < had.length; at++) {
      const levels = belief.levels[at]![stage]!;
      const all = from(levels, 0, likelihood);
      const share = from(levels, enough, likelihood) / all;
      const weight = belief.weights[at]! * all;
      probability += weight;
      let before = weight;
      for (let one = 0; one < stageCount; one++) {
        const chance = one === stage ? share : had[at]![one]!;
        mastery[one]! += weight * chance;
        entries[one]! += before * (1 - chance);
        before *= chance;
      }
      entries[stageCount]! += before;
    }
    const part = (value: number): number => value / probability;
    return { probability, entries: entries.map(part), mastery: mastery.map(part) };
  };
  const { entries, mastery } = given({ stage: 0, likelihood: [1, 1, 1, 1, 1] });
  return { entries, mastery, given };
}

/**
 * The entry stage to name: the median, which a better answer never lowers (the most likely one could jump back).
 * 7 stands for "all are had".
 */
export function medianEntry({ entries }: Outlook): number {
  let below = 0;
  return entries.findIndex((chance) => (below += chance) >= 0.5);
}

/** How likely each stage is the one to start at: whoever has all, and whoever lacks the last, start at the last. */
export function startChances({ entries }: Outlook): number[] {
  const last = stageCount - 1;
  return [...entries.slice(0, last), entries[last]! + entries[stageCount]!];
}

/** How likely somebody has the skill of an item that they got right, when the belief knows of the answer. */
export function hasSkillFrom({ weights, levels }: Belief, traits: Traits): number {
  return levels.reduce((total, stages, at) => {
    const chance = stages[traits.stage]!.reduce(
      (sum, weight, level) => sum + weight * hasWhenRight(traits, level),
      0,
    );
    return total + weights[at]! * chance;
  }, 0);
}

/** The weight of the levels from one on. */
function from(levels: readonly number[], first: number, likelihood?: readonly number[]): number {
  let sum = 0;
  for (let level = first; level < levels.length; level++)
    sum += levels[level]! * (likelihood ? likelihood[level]! : 1);
  return sum;
}
