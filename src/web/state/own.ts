// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { BringupError } from '../../shared/errors.ts';
import { planOf } from '../../store/plans.ts';
import { isUsed } from '../../store/used.ts';
import type { Mark } from '../site/filter.ts';
import { withMine, type Mine } from './mine.ts';
import { evidenceOf, progressOf, type StageProgress } from './progress.ts';

/** What reading pages show of the person. */
export interface Own {
  /** Skill id → what says that they have it, for people. */
  has: ReadonlyMap<string, string[]>;
  /** Skills that their plan has ahead of them; undefined when there is no plan. */
  planned?: ReadonlySet<string>;
  progress: StageProgress[];
}

/** Neither is there when nothing was stored yet; `trouble` when what was stored is out of reach just now. */
export interface OwnPart<T> {
  own?: T;
  trouble?: { code: string; says: string; next?: string | undefined };
}

/**
 * What a reading page needs of the person, drawn by `work`. Pages are read without it: where nothing was stored no
 * database is started, and one that can not be used is told of and hides nothing else.
 */
export async function ownPart<T>(work: (mine: Mine) => Promise<T>): Promise<OwnPart<T>> {
  try {
    if (!isUsed()) return {};
    return { own: await Promise.race([withMine(work), late()]) };
  } catch (thrown) {
    if (!(thrown instanceof BringupError)) throw thrown;
    const { code, message, next } = thrown;
    return { trouble: { code, says: message, next } };
  }
}

/** Milliseconds that a reader is kept waiting for what is only beside the page. */
const patience = 3000;

async function late(): Promise<never> {
  await sleep(patience, undefined, { ref: false });
  throw new BringupError('E-DB-REACH', `the database did not answer within ${patience / 1000} s`);
}

/** The marks that a filter of skills knows. */
export function marksOf({ has, planned }: Own, skill: string): Mark[] {
  const held: Mark = has.has(skill) ? 'have' : 'missing';
  return planned?.has(skill) ? [held, 'planned'] : [held];
}

/** What somebody has shown so far, and what their plan has ahead. */
export async function ownSkills(mine: Mine): Promise<Own> {
  const has = await evidenceOf(mine);
  const plan = await planOf(mine.db, mine.person);
  const ahead = plan && stepsOf(plan.plan).filter((skill) => !has.has(skill));
  return { has, ...(ahead && { planned: new Set(ahead) }), progress: progressOf(has) };
}

/** Of a stored plan (src/plan/plan.ts), what is needed here; one of another form has no steps. */
const steps = z.object({ steps: z.array(z.object({ kind: z.string(), ref: z.string() })) });

function stepsOf(plan: unknown): string[] {
  const { data } = steps.safeParse(plan);
  return (data?.steps ?? []).filter(({ kind }) => kind === 'skill').map(({ ref }) => ref);
}
