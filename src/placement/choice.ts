// SPDX-License-Identifier: Apache-2.0
import type { PlacementItem } from '../roadmap/schema.ts';
import { medianEntry, outlookOf, startChances, type Belief, type Outlook } from './belief.ts';
import { stageCount } from './model.ts';
import { numbers } from '../shared/random.ts';

export interface Candidate {
  item: PlacementItem;
  /** How likely each outcome is at each level: the same array for items that are alike. */
  outcomes: readonly (readonly number[])[];
}

/** How much being far off counts beside being off. */
const FAR = 0.4;
/** How much knowing the whole profile counts beside knowing the entry stage. */
const PROFILE = 0.15;
/** An item that is expected to tell less than this (nats for each square root of a minute) is not worth asking. */
const WORTH = 0.02;
/** A stage that somebody says they have is asked about this often, unless it is plain before. */
const OFTEN = 4;
const UNLIKELY = 0.1;
const LIKELY = 0.8;
/** A stage that is tested again is asked about this often at least, however plain it looks. */
const AGAIN = 2;
/** How far chance may prefer an item over a better one, so that not everybody sees the same items. */
const VARIETY = 0.35;
/** Each item of a kind that was asked makes the next one of that kind less welcome. */
const SAME_KIND = 0.93;

/** What was asked so far, as far as it matters for what to ask next. */
export interface Asked {
  /** Kinds of the items that were asked. */
  kinds: readonly string[];
  /** The stage of each item that was asked and of each skill that was shown elsewhere. */
  stages: readonly number[];
  /** Stages that they say they have. */
  said: readonly number[];
  /** Stages that are tested again. */
  again: readonly number[];
}

/**
 * The item to ask next, or undefined when none is worth it: the one that is expected to lower the uncertainty most
 * for the time it takes (Lindley, "On a measure of the information provided by an experiment", 1956; for profiles,
 * Cheng, Psychometrika 74, 2009). However sure it looks, no stage up to the entry stage is passed over without an
 * item of its own; and a later one that they say they have is asked about until it is plain. Who wants to be tested
 * again is, however plain the outcome looks.
 */
export function choose(
  belief: Belief,
  candidates: readonly Candidate[],
  asked: Asked,
  seed: number,
): PlacementItem | undefined {
  const outlook = outlookOf(belief);
  const now = uncertainty(outlook);
  const entry = medianEntry(outlook);
  const times = (stage: number): number => asked.stages.filter((one) => one === stage).length;
  const again = candidates.filter(
    ({ item: { stage } }) => asked.again.includes(stage) && times(stage) < AGAIN,
  );
  const due = (stage: number): boolean => {
    if (again.length > 0) return true;
    if (stage <= entry) return times(stage) === 0;
    const chance = outlook.mastery[stage]!;
    const plain = times(stage) > 0 && (chance < UNLIKELY || chance > LIKELY);
    return asked.said.includes(stage) && times(stage) < OFTEN && !plain;
  };
  const gains = new Map<Candidate['outcomes'], number>();
  let best: PlacementItem | undefined;
  let bestScore = -Infinity;
  for (const { item, outcomes } of again.length > 0 ? again : candidates) {
    const gain = gains.get(outcomes) ?? now - expected(outlook, item.stage, outcomes);
    gains.set(outcomes, gain);
    const worth = gain / Math.sqrt(item.minutes);
    if (worth < WORTH && !due(item.stage)) continue;
    const seen = asked.kinds.filter((kind) => kind === item.kind).length;
    const score = worth * SAME_KIND ** seen * (1 - VARIETY * numbers(seed, item.id)());
    if (score > bestScore) [best, bestScore] = [item, score];
  }
  return best;
}

/** The uncertainty that will be left after an answer, on average. */
function expected(
  outlook: ReturnType<typeof outlookOf>,
  stage: number,
  outcomes: Candidate['outcomes'],
): number {
  return outcomes.reduce((total, likelihood) => {
    const after = outlook.given({ stage, likelihood });
    return total + after.probability * uncertainty(after);
  }, 0);
}

/** Entropy of the entry stage, how far off it is expected to be, and a part of the entropy of each stage by itself. */
function uncertainty(outlook: Outlook): number {
  const chances = startChances(outlook);
  const named = Math.min(medianEntry(outlook), stageCount - 1);
  const off = chances.reduce((total, chance, entry) => total + chance * Math.abs(entry - named), 0);
  const profile = outlook.mastery.reduce((total, chance) => total + entropy([chance, 1 - chance]), 0);
  return entropy(chances) + FAR * off + PROFILE * profile;
}

function entropy(chances: readonly number[]): number {
  return chances.reduce((total, chance) => (chance > 0 ? total - chance * Math.log(chance) : total), 0);
}
