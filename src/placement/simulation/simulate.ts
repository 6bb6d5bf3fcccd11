// SPDX-License-Identifier: Apache-2.0
import type { Roadmap } from '../../roadmap/read.ts';
import type { PlacementItem, Skill } from '../../roadmap/schema.ts';
import type { Bank } from '../asking.ts';
import type { Session } from '../form.ts';
import { numbers } from '../../shared/random.ts';
import { result } from '../result.ts';
import { answer, begin, next } from '../session.ts';
import { attempt, makeEngineer, needsFirst, type Engineer } from './engineer.ts';
import type { Kind } from './kinds.ts';
import { responseFor } from './respond.ts';
import type { World } from './world.ts';

/** How one made-up engineer was placed. */
export interface Placed {
  truth: number;
  entry: number;
  /** How likely the engine held its entry stage to be right. */
  exact: number;
  items: number;
  /** Skills that were credited, and how many of them they have. */
  credited: number;
  had: number;
  /** Minutes for these items, as the items say. */
  minutes: number;
}

/**
 * Places made-up engineers of a kind through the same doors as everybody. The same seed gives the same; it is part
 * of each session's seed, so that different engineers see different items.
 */
export function* simulate(
  roadmap: Roadmap,
  kind: Kind,
  world: World,
  count: number,
  seed: number,
): Generator<Placed> {
  const skills: Skill[] = needsFirst(roadmap);
  const items = new Map(roadmap.items.map((item) => [item.id, item]));
  for (let at = 0; at < count; at++) {
    const draw = numbers(seed + at, kind.name);
    const one = makeEngineer(skills, kind, world, draw);
    const session = take(roadmap, items, one, seed + at, draw);
    const { entry, confidence, credited } = result(roadmap, session);
    yield {
      truth: one.entry,
      entry,
      exact: confidence.exact,
      credited: credited.length,
      had: credited.filter(({ skill }) => one.skills.has(skill)).length,
      items: session.answers.length,
      minutes: session.answers.reduce((sum, { item }) => sum + items.get(item)!.minutes, 0),
    };
  }
}

function take(
  bank: Bank,
  items: ReadonlyMap<string, PlacementItem>,
  one: Engineer,
  seed: number,
  draw: () => number,
): Session {
  let session = begin(seed);
  for (let question = next(bank, session); question; question = next(bank, session)) {
    if (question.kind === 'experience') {
      session = answer(
        bank,
        session,
        'experience',
        one.experience ? { kind: 'experience', ...one.experience } : { kind: 'unknown' },
      );
      continue;
    }
    const item = items.get(question.id)!;
    const outcome = attempt(one, item, session.answers.length, draw);
    session = answer(bank, session, question.id, responseFor(item, question, outcome));
  }
  return session;
}
