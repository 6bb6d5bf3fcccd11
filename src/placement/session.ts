// SPDX-License-Identifier: Apache-2.0
import { BringupError } from '../shared/errors.ts';
import { nextItem, subsystemStage, type Bank } from './asking.ts';
import type { Credit, Response, Session } from './form.ts';
import { grade } from './grade.ts';
import { traitsOf } from './model.ts';
import { itemShown, shownOrder, type Question } from './question.ts';

/** A new session. The same seed (an integer) and the same answers give the same items. */
export function begin(seed: number): Session {
  return { version: 1, seed, seen: [], before: [], answers: [], credits: [], done: false };
}

/**
 * What to ask next, or undefined when the session is done: first for experience, then items. It depends on bank and
 * session alone.
 */
export function next(bank: Bank, session: Session): Question | undefined {
  if (session.experience === undefined && !session.done)
    return {
      kind: 'experience',
      stages: bank.stages.map(({ number, title, outcome }) => ({ number, title, outcome })),
      subsystems: subsystems(bank).map(({ id, title }) => ({ id, title })),
    };
  const item = nextItem(bank, session);
  return item && itemShown(item, session.seed);
}

/**
 * The session after an answer to what `next` gave; `asked` is the item's id, or `experience`.
 * Throws E-PLACEMENT-ANSWER when something else is asked, or when the response is none to it.
 */
export function answer(bank: Bank, session: Session, asked: string, response: Response): Session {
  const question = next(bank, session);
  if (!question) throw refused('this placement is done');
  if (asked !== ('id' in question ? question.id : question.kind))
    throw refused(`${asked} is not what is asked now`);
  return question.kind === 'experience'
    ? answerOpening(bank, session, response)
    : answerItem(bank, session, response);
}

function answerOpening(bank: Bank, session: Session, response: Response): Session {
  if (response.kind === 'unknown') return settled(bank, { ...session, experience: null });
  if (response.kind !== 'experience') throw refused('what is asked is experience');
  const stages = [...new Set(response.stages)];
  const named = [...new Set(response.subsystems)];
  const known = new Set(subsystems(bank).map(({ id }) => id));
  const stranger = named.find((id) => !known.has(id));
  if (stranger) throw refused(`${stranger} is no subsystem of the roadmap`);
  return settled(bank, { ...session, experience: { stages, subsystems: named } });
}

function answerItem(bank: Bank, session: Session, response: Response): Session {
  const item = nextItem(bank, session)!;
  const { id, skill, kind } = item;
  const outcome = grade(item, shownOrder(item, session.seed), response);
  if (!outcome) throw refused(`this is no answer to an item of the kind ${kind}`);
  const traits = traitsOf(
    item,
    bank.skills.find((one) => one.id === skill),
  );
  const answers = [...session.answers, { item: id, skill, kind, traits, response, outcome }];
  return settled(bank, { ...session, answers });
}

/**
 * The session with what was shown elsewhere, in place of what it had of that: labs passed, a mentor's word, a
 * record. Skills that the roadmap does not have are passed over, and each counts once.
 */
export function withCredits(
  bank: Bank,
  session: Session,
  credits: readonly Omit<Credit, 'stage'>[],
): Session {
  const once = new Map<string, Credit>();
  for (const credit of credits) {
    const skill = bank.skills.find(({ id }) => id === credit.skill);
    if (skill && !once.has(skill.id)) once.set(skill.id, { ...credit, stage: skill.stage });
  }
  return { ...session, credits: [...once.values()] };
}

/** The session of somebody who chooses to start at a stage, whatever they have shown; undefined takes it back. */
export function startAt(session: Session, stage: number | undefined): Session {
  if (stage !== undefined) return { ...session, claim: stage };
  const measured = { ...session };
  delete measured.claim;
  return measured;
}

/**
 * A new session about some stages of an earlier one, such as those that were skipped by hand: with other items, and
 * what was answered about the other stages still counts. Where they have worked is asked again when subsystems are
 * tested and none was named.
 */
export function retest(earlier: Session, stages: readonly number[], seed: number): Session {
  const answers = [...earlier.before, ...earlier.answers];
  const { experience } = earlier;
  const nowhere = stages.includes(subsystemStage) && (experience?.subsystems ?? []).length === 0;
  return {
    ...begin(seed),
    only: [...stages],
    seen: [...new Set([...earlier.seen, ...answers.map(({ item }) => item)])],
    before: answers.filter(({ traits }) => !stages.includes(traits.stage)),
    credits: earlier.credits,
    ...(experience !== undefined && !nowhere && { experience }),
    ...(earlier.claim !== undefined && { claim: earlier.claim }),
  };
}

function settled(bank: Bank, session: Session): Session {
  return nextItem(bank, session) ? session : { ...session, done: true };
}

function subsystems({ skills }: Bank): Bank['skills'] {
  return skills.filter(({ stage }) => stage === subsystemStage);
}

function refused(why: string): BringupError {
  return new BringupError('E-PLACEMENT-ANSWER', why);
}
