// SPDX-License-Identifier: Apache-2.0

/**
 * How made-up engineers come by their skills and answer. None of it is the engine's own model: skills are had or not,
 * one by one, and habits are a person's own. Chances by level are for easy, typical and hard items.
 */
export interface World {
  /** Of an item that they could do, to get it wrong. */
  slips: ByLevel;
  /** To do an item whose skill they do not have, by what they know beside it. */
  near: ByLevel;
  /** To say "I don't know" when they do not, and when they do. */
  admits: number;
  doubts: number;
  /** The part of the wrong answers that they rule out before they guess. */
  rulesOut: number;
  /** Added to the slips for each item after the tenth. */
  tires: number;
  /** How unlike the skills of one stage are, against a distance of 1.4 from foundation to advanced. */
  scatter: number;
  /** To have a skill without one that it needs. */
  without: number;
  /** What they say of a stage: their share of it and this, more or less by `vague`; null when they say nothing. */
  boasts: number | null;
  vague: number;
}

interface ByLevel {
  easy: number;
  typical: number;
  hard: number;
}

export const usual: World = {
  slips: { easy: 0.05, typical: 0.1, hard: 0.2 },
  near: { easy: 0.2, typical: 0.1, hard: 0.05 },
  admits: 0.45,
  doubts: 0.03,
  rulesOut: 0.3,
  tires: 0,
  scatter: 0.7,
  without: 0.3,
  boasts: 0,
  vague: 0.6,
};

const flat = (chance: number): ByLevel => ({ easy: chance, typical: chance, hard: chance });

/** Other worlds, to see what the accuracy hangs on. */
export const variations: readonly { name: string; world: Partial<World> }[] = [
  { name: 'nobody slips', world: { slips: flat(0.01), doubts: 0 } },
  { name: 'twice the slips', world: { slips: { easy: 0.1, typical: 0.2, hard: 0.4 }, doubts: 0.06 } },
  { name: 'no help from near knowledge', world: { near: flat(0) } },
  { name: 'twice the near knowledge', world: { near: { easy: 0.4, typical: 0.2, hard: 0.1 } } },
  { name: 'levels of items mean nothing', world: { slips: flat(0.11), near: flat(0.11) } },
  { name: 'blind guesses', world: { rulesOut: 0 } },
  { name: 'clever guesses', world: { rulesOut: 0.7 } },
  { name: 'nobody says "I don\'t know"', world: { admits: 0 } },
  { name: 'all say "I don\'t know"', world: { admits: 1 } },
  { name: 'skills of a stage more alike', world: { scatter: 0.35 } },
  { name: 'skills of a stage less alike', world: { scatter: 1.2 } },
  { name: 'skills without what they need', world: { without: 1 } },
  { name: 'none without what it needs', world: { without: 0 } },
  { name: 'nobody says a word of themselves', world: { boasts: null } },
  { name: 'all say they can do everything', world: { boasts: 2 } },
  {
    name: 'harder in every way',
    world: {
      slips: { easy: 0.05, typical: 0.12, hard: 0.22 },
      near: { easy: 0.25, typical: 0.12, hard: 0.04 },
      without: 0.4,
    },
  },
];
