// SPDX-License-Identifier: Apache-2.0
import type { PlacementItem, Skill } from '../roadmap/schema.ts';

/**
 * The statistical model of an engineer and of an answer. All its figures stand in this file.
 *
 * One number cannot describe an engineer: somebody may write drivers and have no tooling, or know how patches
 * travel and not what an interrupt is. So there is a level for each stage, the share of its skills that they have,
 * and one general position on the way that makes neighbouring stages likely to be alike. Given the position, the
 * stages are independent. This is a higher-order item response model (de la Torre and Song, "Simultaneous
 * estimation of overall and domain abilities", Applied Psychological Measurement 33, 2009) on a grid, so that the
 * posterior is exact and needs no sampling; with two levels for each stage it would be the higher-order diagnosis
 * model of de la Torre and Douglas (Psychometrika 69, 2004).
 *
 * An answer is explained as in the DINA model (Junker and Sijtsma, Applied Psychological Measurement 25, 2001):
 * somebody who has what an item asks for may slip, somebody who has not may guess. "I don't know" is an answer of
 * its own, between right and wrong.
 *
 * Both parts are chosen so that the posterior is monotone. Levels given the position form an exponential family,
 * and the odds of a better answer grow with the level; so the joint distribution is totally positive of order 2
 * (Karlin and Rinott, Journal of Multivariate Analysis 10, 1980), and a better answer to any item makes every
 * stage at least as likely as before to be had. Whoever changes this file must keep that; a test looks at it.
 */

export const stageCount = 7;

/** The share of a stage's skills that somebody at a level has. */
const shares = [0.05, 0.2, 0.42, 0.7, 0.92] as const;

/** From this level on, somebody has the stage: more than half of its skills, to working level. */
export const enough = 3;

/** General positions: at 2.5, stages 0 and 1 are likely had, and stage 2 is about as likely had as not. */
export const positions = Array.from({ length: 17 }, (_, at) => -0.5 + at / 2);

const STEEP = 1.1;
const WIDE = 0.9;
/** Who has worked in a field has most of it, and who has not, little: halves are rarer. */
const BASE = [1, 1, 0.5, 0.8, 1.2] as const;

/** How likely each level of a stage is for somebody at a position. */
export function levelsAt(position: number, stage: number): number[] {
  // The bend keeps the odds bounded: however far somebody is, one stage may be missing, or be had.
  const pull = STEEP * Math.tanh((position - stage - 0.5) / WIDE);
  return normalized(BASE.map((base, level) => base * Math.exp(pull * (level - 2))));
}

/** What an answer came to. */
export type Outcome = 'right' | 'unknown' | 'wrong';

/** All that the model knows of an item. */
export interface Traits {
  stage: number;
  /** Added to the logit of the share: above 0 for skills of a stage that more people have. */
  ease: number;
  /** Chance that what somebody knows beside the skill suffices for the item. */
  near: number;
  /** Chance that somebody who does not know gets it right when they guess. */
  guess: number;
  /** Chance that somebody who knows does not get it right. */
  slip: number;
}

const EASE = { easy: 0.8, typical: 0, hard: -0.8 } as const;
const NEAR = { easy: 0.2, typical: 0.08, hard: 0.02 } as const;
const SLIP = { easy: 0.1, typical: 0.16, hard: 0.25 } as const;
/** Whoever has part of a stage has its foundation sooner than what is advanced. */
const DEPTH = { foundation: 1, working: 0.4, advanced: -0.6, expert: -1.5 } as const;

export function traitsOf(item: PlacementItem, skill: Skill | undefined): Traits {
  return {
    stage: item.stage,
    ease: EASE[item.level] + (skill ? DEPTH[skill.depth] : 0),
    near: NEAR[item.level],
    guess: guessOf(item),
    slip: SLIP[item.level],
  };
}

/** Blind chance by the kind of item, and more where anybody can rule part of it out. */
function guessOf(item: PlacementItem): number {
  switch (item.kind) {
    case 'choose':
      return 1 / item.answers.length;
    case 'line':
      // Braces and blank lines are nobody's guess, and half of the others are not suspicious.
      return 2 / item.shown.text.split('\n').filter((line) => /\w/.test(line)).length;
    case 'order':
      return Math.max(0.04, 1 / factorial(item.steps.length));
    case 'short':
      // Some ask for one of a family of names, which can be guessed.
      return 0.05;
  }
}

/** Who does not know says so this often; the others guess. */
const ADMITS = 0.5;
/** How much less "I don't know" speaks against somebody than a wrong answer; below 1 it would speak more. */
const HONESTY = 2;

/** How likely each outcome of an item is for somebody at each level of its stage. */
export function likelihoods(traits: Traits): Record<Outcome, number[]> {
  const { near, guess, slip } = traits;
  const wrongGuess = (1 - ADMITS) * (1 - guess);
  // Of those who know and do not get it right, the part that says "I don't know".
  const doubt = (slip * HONESTY * ADMITS) / (HONESTY * ADMITS + wrongGuess);
  const mix = (knows: number, knowsNot: number): number[] =>
    shares.map((_, level) => {
      const has = hasSkill(traits, level);
      const known = has + (1 - has) * near;
      return known * knows + (1 - known) * knowsNot;
    });
  return {
    right: mix(1 - slip, (1 - ADMITS) * guess),
    unknown: mix(doubt, ADMITS),
    wrong: mix(slip - doubt, wrongGuess),
  };
}

/** How likely somebody at a level has the skill of an item they got right. */
export function hasWhenRight(traits: Traits, level: number): number {
  return (hasSkill(traits, level) * (1 - traits.slip)) / likelihoods(traits).right[level]!;
}

function hasSkill({ ease }: Traits, level: number): number {
  const share = shares[level]!;
  return 1 / (1 + Math.exp(-Math.log(share / (1 - share)) - ease));
}

/**
 * A skill shown elsewhere, by a lab, a mentor or a record: who has it can show it, who has not hardly ever.
 * That more was not shown says nothing.
 */
export const likelihoodOfCredit = shares.map((share) => share + (1 - share) * 0.03);

/**
 * What people say of themselves, which is a weak witness: it agrees with what they can do at about r = 0.3
 * (Mabe and West, Journal of Applied Psychology 67, 1982; Zell and Krizan, Perspectives on Psychological Science
 * 9, 2014), and somewhat better when it is about something definite. So it counts for less than one item.
 */
export function likelihoodOfSaying(said: boolean): number[] {
  return [0.28, 0.36, 0.45, 0.62, 0.72].map((chance) => (said ? chance : 1 - chance));
}

/** Having named a subsystem that they have worked in, or none. */
export function likelihoodOfNaming(named: boolean): number[] {
  return [0.4, 0.5, 0.7, 0.93, 0.96].map((chance) => (named ? chance : 1 - chance));
}

export function normalized(weights: readonly number[]): number[] {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

function factorial(n: number): number {
  return n < 2 ? 1 : n * factorial(n - 1);
}
