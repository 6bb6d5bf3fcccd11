// SPDX-License-Identifier: Apache-2.0
import { closure } from '../roadmap/graph.ts';
import type { Roadmap } from '../roadmap/read.ts';
import type { PlacementItem } from '../roadmap/schema.ts';
import { believe, type Belief } from './belief.ts';
import { choose, type Candidate } from './choice.ts';
import type { Session } from './form.ts';
import {
  likelihoodOfCredit,
  likelihoodOfNaming,
  likelihoodOfSaying,
  likelihoods,
  stageCount,
  traitsOf,
} from './model.ts';

/** What placement needs of the roadmap. */
export type Bank = Pick<Roadmap, 'stages' | 'skills' | 'items'>;

/** Nobody is asked more items than this. */
const mostItems = 20;

/** The stage of which nobody needs every skill: they are asked where they have worked, and only about that. */
export const subsystemStage = 4;

/** What a session makes one believe. */
export function beliefOf({ before, answers, credits, experience }: Session): Belief {
  return believe([
    ...[...before, ...answers].map(({ traits, outcome }) => ({
      stage: traits.stage,
      likelihood: likelihoods(traits)[outcome],
    })),
    ...credits.map(({ stage }) => ({ stage, likelihood: likelihoodOfCredit })),
    ...(experience
      ? [
          { stage: subsystemStage, likelihood: likelihoodOfNaming(experience.subsystems.length > 0) },
          ...Array.from({ length: stageCount }, (_, stage) => ({
            stage,
            likelihood: likelihoodOfSaying(experience.stages.includes(stage)),
          })),
        ]
      : []),
  ]);
}

/** A session is asked for its next item again and again, and never changes. */
const chosen = new WeakMap<Session, { bank: Bank; item: PlacementItem | undefined }>();

/** The item that a session asks next, or undefined when it is done. */
export function nextItem(bank: Bank, session: Session): PlacementItem | undefined {
  const known = chosen.get(session);
  if (known?.bank === bank) return known.item;
  const { answers, before, credits, experience, only = [], seed, done } = session;
  const asked = {
    kinds: answers.map(({ kind }) => kind),
    stages: [
      ...[...answers, ...before].map(({ traits }) => traits.stage),
      ...credits.map(({ stage }) => stage).filter((stage) => !only.includes(stage)),
    ],
    again: only,
    said: experience?.stages ?? [],
  };
  const item =
    done || answers.length >= mostItems
      ? undefined
      : choose(beliefOf(session), candidates(bank, session), asked, seed);
  chosen.set(session, { bank, item });
  return item;
}

function candidates(bank: Bank, session: Session): Candidate[] {
  const { answers, before, credits, seen, only } = session;
  const shown = new Set([...seen, ...answers.map(({ item }) => item)]);
  const settled = new Set([...answers, ...before, ...credits].map(({ skill }) => skill));
  const worked = workedIn(bank, session);
  return prepared(bank).filter(({ item: { id, skill, stage } }) => {
    if (shown.has(id) || settled.has(skill)) return false;
    if (only && !only.includes(stage)) return false;
    return stage !== subsystemStage || worked.has(skill);
  });
}

/** The items of a bank as candidates: what of them does not depend on the session. */
const banks = new WeakMap<Bank, Candidate[]>();

function prepared(bank: Bank): Candidate[] {
  const known = banks.get(bank);
  if (known) return known;
  const skills = new Map(bank.skills.map((skill) => [skill.id, skill]));
  const alike = new Map<string, Candidate['outcomes']>();
  const all = bank.items.map((item) => {
    const traits = traitsOf(item, skills.get(item.skill));
    const key = Object.values(traits).join();
    const outcomes = alike.get(key) ?? Object.values(likelihoods(traits));
    alike.set(key, outcomes);
    return { item, outcomes };
  });
  banks.set(bank, all);
  return all;
}

/** The skills of the subsystems that they say they have worked in, with all that these need. */
export function workedIn(bank: Bank, { experience }: Session): Set<string> {
  return closure(new Map(bank.skills.map(({ id, needs }) => [id, needs])), experience?.subsystems ?? []);
}
