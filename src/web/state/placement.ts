// SPDX-License-Identifier: Apache-2.0
import { randomInt } from 'node:crypto';
import { session as sessionForm, type Response, type Session } from '../../placement/form.ts';
import { result } from '../../placement/result.ts';
import type { Question } from '../../placement/question.ts';
import { answer, begin, next, retest, startAt, withCredits } from '../../placement/session.ts';
import { replaceCredits } from '../../store/credits.ts';
import { beginPlacement, openPlacement, placements, savePlacement } from '../../store/placement.ts';
import type { Placement } from '../../store/placement.ts';
import { site } from '../site/site.ts';
import { earnedByLabs } from './earned.ts';
import type { Mine } from './mine.ts';

/** How far somebody is: a placement under way with its number of answers, and when the last one ended. */
export interface Standing {
  open?: number;
  done?: string;
}

/** What is asked now, and what says that a form belongs to it. */
export interface Asked {
  placement: string;
  question: Question;
  /** Which item it is, from 1; 0 for the opening. */
  number: number;
}

export async function standing(mine: Mine): Promise<Standing> {
  const all = await placements(mine.db, mine.person);
  const open = all.find(({ endedAt }) => !endedAt);
  const done = all.find(finished);
  return {
    ...(open && { open: sessionOf(open).answers.length }),
    ...(done && { done: done.endedAt!.toISOString().slice(0, 10) }),
  };
}

/** Begins a placement, or goes on with the one that is open. */
export async function beginOne(mine: Mine): Promise<void> {
  await beginPlacement(mine.db, mine.person, await credited(mine, begin(randomInt(2 ** 31))));
}

/** Gives up what is open and begins anew. */
export async function beginAgain(mine: Mine): Promise<void> {
  await giveUp(mine);
  await beginOne(mine);
}

/** Asks about some stages of the last placement again, with other items. */
export async function beginRetest(mine: Mine, stages: readonly number[]): Promise<void> {
  const last = await lastDone(mine);
  if (!last) return beginOne(mine);
  await giveUp(mine);
  const again = retest(last.session, stages, randomInt(2 ** 31));
  await beginPlacement(mine.db, mine.person, await credited(mine, again));
}

/** What is asked now, or undefined when no placement is open. */
export async function asked(mine: Mine): Promise<Asked | undefined> {
  const open = await openPlacement(mine.db, mine.person);
  if (!open) return undefined;
  const session = sessionOf(open);
  const question = next(site().roadmap, session);
  if (question)
    return {
      placement: open.id,
      question,
      number: question.kind === 'experience' ? 0 : session.answers.length + 1,
    };
  await end(mine, open, session);
  return undefined;
}

/**
 * Takes an answer. `stale` when the form is not of what is asked now, so nothing was stored. Throws
 * E-PLACEMENT-ANSWER for what is no answer.
 */
export async function respond(
  mine: Mine,
  form: { placement: string; asked: string },
  response: Response,
): Promise<'next' | 'done' | 'stale'> {
  const { roadmap } = site();
  const open = await openPlacement(mine.db, mine.person);
  if (!open || open.id !== form.placement) return 'stale';
  const before = sessionOf(open);
  const question = next(roadmap, before);
  if (!question || form.asked !== ('id' in question ? question.id : question.kind)) return 'stale';
  const session = answer(roadmap, before, form.asked, response);
  const given = session.answers.length > before.answers.length ? session.answers.at(-1) : undefined;
  const saved = await savePlacement(mine.db, mine.person, {
    id: open.id,
    version: open.version,
    state: session,
    ...(given && { answer: { item: given.item, response, outcome: given.outcome } }),
  });
  if (!saved) return 'stale';
  if (!session.done) return 'next';
  await end(mine, saved, session);
  return 'done';
}

/** The last placement that was finished, with what labs have shown since. */
export async function lastDone(mine: Mine): Promise<{ placement: Placement; session: Session } | undefined> {
  const done = (await placements(mine.db, mine.person)).find(finished);
  return done && { placement: done, session: await credited(mine, sessionOf(done)) };
}

/**
 * Chooses by hand where to start, also before any placement; undefined goes back to what was found. Gives false when
 * nothing was.
 */
export async function claim(mine: Mine, stage: number | undefined): Promise<boolean> {
  const last = await lastDone(mine);
  if (last) {
    await end(mine, last.placement, startAt(last.session, stage));
    return true;
  }
  if (stage === undefined) return false;
  await giveUp(mine);
  const unasked = await credited(mine, startAt(begin(randomInt(2 ** 31)), stage));
  await end(mine, await beginPlacement(mine.db, mine.person, unasked), unasked);
  return true;
}

/** Stores the result and the credits that follow from it. */
async function end(mine: Mine, { id, version }: Placement, session: Session): Promise<void> {
  const found = result(site().roadmap, session);
  const saved = await savePlacement(mine.db, mine.person, {
    id,
    version,
    state: { ...session, done: true },
    result: { entry: found.entry, start: found.start, confidence: found.confidence },
    ended: true,
  });
  if (!saved) return;
  const own = found.credited.filter(({ by }) => by === 'answer' || by === 'stage');
  const credits = own.map(({ skill, by }) => ({ skill, evidence: { placement: id, by } }));
  await replaceCredits(mine.db, mine.person, 'placement', credits);
  const hand = found.skipped.map(({ skill }) => ({ skill, evidence: { stage: found.start } }));
  await replaceCredits(mine.db, mine.person, 'hand', hand);
}

async function giveUp({ db, person }: Mine): Promise<void> {
  const open = await openPlacement(db, person);
  if (!open) return;
  const { id, version, state } = open;
  await savePlacement(db, person, { id, version, state, ended: true });
}

const finished = ({ endedAt, result: found }: Placement): boolean => endedAt !== null && found !== null;

function sessionOf({ state }: Placement): Session {
  return sessionForm.parse(state);
}

async function credited(mine: Mine, session: Session): Promise<Session> {
  const shown = await earnedByLabs(mine);
  return withCredits(
    site().roadmap,
    session,
    shown.map(({ skill, lab }) => ({ skill, source: 'lab' as const, ref: lab })),
  );
}
