// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readRoadmap } from '../roadmap/read.ts';
import { BringupError } from '../shared/errors.ts';
import { session as form, type Response, type Session } from './form.ts';
import type { Outcome } from './model.ts';
import type { Question } from './question.ts';
import { entryOf } from './result.ts';
import { answer, begin, next, retest, startAt, withCredits } from './session.ts';
import { responseFor } from './simulation/respond.ts';

// Sessions over the real items, answered in every way there is.

const runs = 40;
const mostItems = 20;

const { roadmap } = readRoadmap();
const itemOf = (id: string): (typeof roadmap.items)[number] => roadmap.items.find((item) => item.id === id)!;

const outcomes = fc.array(fc.constantFrom<Outcome>('right', 'unknown', 'wrong'), {
  minLength: mostItems,
  maxLength: mostItems,
});
const subsystems = roadmap.skills.filter(({ stage }) => stage === 4).map(({ id }) => id);
const experience = fc.option(
  fc.record({
    kind: fc.constant('experience' as const),
    stages: fc.subarray([0, 1, 2, 3, 4, 5, 6]),
    subsystems: fc.subarray(subsystems, { maxLength: 4 }),
  }),
  { nil: { kind: 'unknown' as const } },
);
const people = fc.record({ seed: fc.integer(), experience, outcomes });
type Person = typeof people extends fc.Arbitrary<infer T> ? T : never;

function respond(question: Question, { experience, outcomes }: Person, at: number): Response {
  if (question.kind === 'experience') return experience;
  return responseFor(itemOf(question.id), question, outcomes[at]!);
}

/** Every session on the way, from the new one to the one that is done. */
function* sessions(person: Person): Generator<Session> {
  let session = begin(person.seed);
  yield session;
  for (let question = next(roadmap, session); question; question = next(roadmap, session)) {
    const asked = 'id' in question ? question.id : question.kind;
    session = answer(roadmap, session, asked, respond(question, person, session.answers.length));
    yield session;
  }
}

const last = (person: Person): Session => [...sessions(person)].at(-1)!;
const withOutcome = (session: Session, at: number, outcome: Outcome): Session => ({
  ...session,
  answers: session.answers.with(at, { ...session.answers[at]!, outcome }),
});

describe('a session', () => {
  test('ends, with at most 20 items and none of them twice', () => {
    fc.assert(
      fc.property(people, (person) => {
        const { answers, done } = last(person);
        expect(done).toBe(true);
        expect(answers.length).toBeLessThanOrEqual(mostItems);
        expect(new Set(answers.map(({ item }) => item)).size).toBe(answers.length);
      }),
      { numRuns: runs },
    );
  });

  test('grades what was meant, however answers and steps were shuffled', () => {
    fc.assert(
      fc.property(people, (person) => {
        const { answers } = last(person);
        expect(answers.map(({ outcome }) => outcome)).toEqual(person.outcomes.slice(0, answers.length));
      }),
      { numRuns: runs },
    );
  });

  test('goes on from JSON at any moment as if nothing had been', () => {
    fc.assert(
      fc.property(people, (person) => {
        for (const session of sessions(person)) {
          const again = form.parse(JSON.parse(JSON.stringify(session)));
          expect(again).toEqual(session);
          expect(next(roadmap, again)).toEqual(next(roadmap, session));
        }
      }),
      { numRuns: runs / 2 },
    );
  });

  test('is the same for the same seed and answers, and asks others other items', () => {
    fc.assert(
      fc.property(people, (person) => {
        expect(last(person)).toEqual(last(structuredClone(person)));
      }),
      { numRuns: runs / 2 },
    );
    const first = new Set(
      Array.from({ length: 40 }, (_, seed) => {
        const session = answer(roadmap, begin(seed), 'experience', { kind: 'unknown' });
        return JSON.stringify(next(roadmap, session));
      }),
    );
    expect(first.size).toBeGreaterThan(8);
  });

  test('never shows what is right: neither in what it shows, nor by where that stands', () => {
    const places = new Set<number>();
    fc.assert(
      fc.property(people, (person) => {
        for (const session of sessions(person)) {
          const question = next(roadmap, session);
          if (!question || question.kind === 'experience') continue;
          expect(Object.keys(question)).not.toEqual(expect.arrayContaining(['right', 'accepts', 'near']));
          const item = itemOf(question.id);
          if (question.kind === 'order' && item.kind === 'order')
            expect(question.steps).not.toEqual(item.steps);
          if (question.kind === 'choose' && item.kind === 'choose')
            places.add(question.answers.indexOf(item.answers[item.right]!.says));
        }
      }),
      { numRuns: runs },
    );
    expect(places.size).toBeGreaterThanOrEqual(4);
  });

  test('asks about subsystems only where somebody has worked', () => {
    fc.assert(
      fc.property(people, (person) => {
        const about = last(person).answers.filter(({ traits }) => traits.stage === 4);
        if (person.experience.kind === 'unknown' || person.experience.subsystems.length === 0)
          expect(about).toEqual([]);
      }),
      { numRuns: runs },
    );
  });

  test('mixes kinds of items', () => {
    fc.assert(
      fc.property(people, (person) => {
        const { answers } = last(person);
        if (answers.length >= 10) expect(new Set(answers.map(({ kind }) => kind)).size).toBeGreaterThan(2);
      }),
      { numRuns: runs },
    );
  });
});

describe('the entry stage', () => {
  test('is never lowered by a right answer', () => {
    fc.assert(
      fc.property(people, (person) => {
        const all = [...sessions(person)];
        all.forEach((session, at) => {
          if (
            session.answers.at(-1)?.outcome === 'right' &&
            session.answers.length > all[at - 1]!.answers.length
          )
            expect(entryOf(session).entry).toBeGreaterThanOrEqual(entryOf(all[at - 1]!).entry);
        });
      }),
      { numRuns: runs },
    );
  });

  test('is with a right answer never lower than with "I don\'t know", and so never than with a wrong one', () => {
    fc.assert(
      fc.property(people, (person) => {
        const session = last(person);
        session.answers.forEach((_, at) => {
          const [right, unknown, wrong] = (['right', 'unknown', 'wrong'] as const).map(
            (outcome) => entryOf(withOutcome(session, at, outcome)).entry,
          );
          expect(right).toBeGreaterThanOrEqual(unknown!);
          expect(unknown).toBeGreaterThanOrEqual(wrong!);
        });
      }),
      { numRuns: runs },
    );
  });

  test('is never lowered by a skill shown elsewhere', () => {
    fc.assert(
      fc.property(people, fc.constantFrom(...roadmap.skills), (person, { id }) => {
        const session = last(person);
        const credited = withCredits(roadmap, session, [{ skill: id, source: 'lab', ref: 'some-lab' }]);
        expect(entryOf(credited).entry).toBeGreaterThanOrEqual(entryOf(session).entry);
      }),
      { numRuns: runs },
    );
  });

  test('does not depend on the order of the answers', () => {
    fc.assert(
      fc.property(people, (person) => {
        const session = last(person);
        const { entry, confidence } = entryOf({ ...session, answers: session.answers.toReversed() });
        expect(entry).toBe(entryOf(session).entry);
        expect(confidence.exact).toBeCloseTo(entryOf(session).confidence.exact);
      }),
      { numRuns: runs },
    );
  });

  test('is the first stage for whoever shows nothing, whatever they say', () => {
    const stages = [0, 1, 2, 3, 4, 5, 6];
    const boast = { kind: 'experience' as const, stages, subsystems: ['drm-graphics'] };
    for (const outcome of ['wrong', 'unknown'] as const)
      for (let seed = 0; seed < 20; seed++)
        expect(
          entryOf(last({ seed, experience: boast, outcomes: Array<Outcome>(20).fill(outcome) })).entry,
        ).toBe(0);
  });
});

describe('answers that do not fit', () => {
  const opened = answer(roadmap, begin(7), 'experience', { kind: 'unknown' });
  const question = next(roadmap, opened)!;
  const asked = 'id' in question ? question.id : '';

  test.each<[string, Session, string, Response]>([
    ['to an item that is not asked', opened, 'wrong-label-of-nobody', { kind: 'unknown' }],
    ['to an item before the opening', begin(7), asked, { kind: 'unknown' }],
    ['of another kind', opened, asked, { kind: 'experience', stages: [], subsystems: [] }],
    [
      'with a subsystem that is none',
      begin(7),
      'experience',
      { kind: 'experience', stages: [], subsystems: ['locking'] },
    ],
    ['to a session that is done', { ...opened, done: true }, asked, { kind: 'unknown' }],
  ])('%s are refused', (_, session, to, response) => {
    expect(() => answer(roadmap, session, to, response)).toThrow(BringupError);
  });

  test('the same form sent twice is refused the second time', () => {
    const after = answer(roadmap, opened, asked, { kind: 'unknown' });
    expect(() => answer(roadmap, after, asked, { kind: 'unknown' })).toThrow(/not what is asked now/);
  });
});

describe('testing again', () => {
  test('asks other items, about these stages only, and keeps what was shown of the others', () => {
    fc.assert(
      fc.property(people, fc.subarray([0, 1, 2, 3, 5, 6], { minLength: 1 }), (person, stages) => {
        const earlier = startAt(last(person), 3);
        let session = retest(earlier, stages, person.seed + 1);
        expect(session.before.every(({ traits }) => !stages.includes(traits.stage))).toBe(true);
        for (let at = 0; ; at++) {
          const question = next(roadmap, session);
          if (!question) break;
          const to = 'id' in question ? question.id : question.kind;
          session = answer(roadmap, session, to, respond(question, person, at));
        }
        const seen = new Set(earlier.answers.map(({ item }) => item));
        for (const { item, traits } of session.answers) {
          expect(seen.has(item)).toBe(false);
          expect(stages).toContain(traits.stage);
        }
        for (const stage of stages) {
          const about = session.answers.filter(({ traits }) => traits.stage === stage).length;
          const left = roadmap.items.filter((item) => item.stage === stage && !seen.has(item.id)).length;
          expect(about).toBeGreaterThanOrEqual(Math.min(2, left));
        }
        expect(session.claim).toBe(3);
      }),
      { numRuns: runs },
    );
  });
});

test('testing the subsystems again asks first where somebody has worked, when that is not known', () => {
  const nowhere = answer(roadmap, begin(7), 'experience', { kind: 'unknown' });
  expect(next(roadmap, retest(nowhere, [4], 8))?.kind).toBe('experience');
  expect(next(roadmap, retest(nowhere, [3], 8))?.kind).not.toBe('experience');
});

test('of credits each skill counts once, and what the roadmap does not have not at all', () => {
  const credited = withCredits(roadmap, begin(1), [
    { skill: 'kasan', source: 'lab', ref: 'kasan-hunt' },
    { skill: 'kasan', source: 'mentor', ref: 'Ana' },
    { skill: 'not-a-skill', source: 'record' },
  ]);
  expect(credited.credits).toEqual([{ skill: 'kasan', stage: 5, source: 'lab', ref: 'kasan-hunt' }]);
  expect(withCredits(roadmap, credited, []).credits).toEqual([]);
});
