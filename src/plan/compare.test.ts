// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { comparePlans, replan } from './compare.ts';
import { dayNumber, isoDay, mondayOf } from './day.ts';
import type { Done, Worked } from './input.ts';
import { makePlan } from './make.ts';
import type { Plan, Step } from './plan.ts';
import { cases, doneThings, targets } from './worlds.ts';

const asDone = ({ kind, ref }: Step, on: string): Done =>
  kind === 'skill' ? { skill: ref, on } : { lab: ref, on };
const ids = ({ steps }: Plan): string[] => steps.map(({ id }) => id);

/** Plans, with a number to choose something of each. */
function always(
  holds: (
    plan: Plan,
    pick: number,
    again: (changes: Parameters<typeof replan>[3]) => ReturnType<typeof replan>,
  ) => void,
): void {
  fc.assert(
    fc.property(cases, fc.nat(), ({ world: { roadmap, labs }, request }, pick) => {
      const plan = makePlan(roadmap, labs, request);
      holds(plan, pick, (changes) => replan(roadmap, labs, plan, changes));
    }),
  );
}

describe('a replan', () => {
  test('without changes changes nothing', () => {
    always((plan, _, again) => {
      const { plan: same, change } = again({});
      expect(same).toEqual(plan);
      expect(change).toEqual({
        finish: { before: plan.finish, after: plan.finish, days: 0 },
        minutes: 0,
        added: [],
        dropped: [],
        done: [],
        moved: [],
        missed: [],
      });
    });
  });

  test('after steps were done has the others in the same order, none of them later', () => {
    always((plan, pick, again) => {
      const done = plan.steps.filter((_, at) => (pick >> (at % 30)) & 1);
      const gone = new Set<string>(done.map(({ id }) => id));
      const { plan: rest, change } = again({ done: done.map((step) => asDone(step, plan.input.today)) });
      expect(ids(rest)).toEqual(ids(plan).filter((id) => !gone.has(id)));
      expect(change.done.map(({ id }) => id)).toEqual(done.map(({ id }) => id));
      expect(change.moved.every(({ days }) => days < 0)).toBe(true);
      expect([...change.added, ...change.dropped]).toEqual([]);
    });
  });

  test('of somebody who kept to the plan moves nothing', () => {
    always((plan, pick, again) => {
      const last = plan.finish ?? plan.input.today;
      const first = dayNumber(plan.steps[0]?.from ?? last);
      // A Monday: no part of a step lies across it, so what was worked before it is known.
      const monday = mondayOf(first + (pick % (dayNumber(last) - first + 1)));
      const today = isoDay(Math.max(monday, dayNumber(plan.input.today)));
      if (dayNumber(today) !== monday) return;
      const past = plan.steps.filter(({ to }) => to < today);
      const underWay = plan.steps.filter(({ from, to }) => from < today && to >= today);
      const worked = underWay.map(({ kind, ref, worked: before, parts }): Worked => {
        const minutes = parts
          .filter(({ to }) => to < today)
          .reduce((sum, part) => sum + part.minutes, before);
        return kind === 'skill' ? { skill: ref, hours: minutes / 60 } : { lab: ref, hours: minutes / 60 };
      });
      const { plan: now, change } = again({
        today,
        done: past.map((step) => asDone(step, step.to)),
        worked: [...plan.input.worked, ...worked],
      });
      expect(change.moved).toEqual([]);
      expect(change.missed).toEqual([]);
      expect(now.steps.map(({ id, to, week }) => [id, to, week > 0])).toEqual(
        plan.steps.filter(({ to }) => to >= today).map(({ id, to }) => [id, to, true]),
      );
    });
  });

  test('of somebody who did nothing moves all to today or later, and says what was missed', () => {
    always((plan, pick, again) => {
      const today = isoDay(dayNumber(plan.input.today) + (pick % 200));
      const { plan: late, change } = again({ today });
      expect(ids(late)).toEqual(ids(plan));
      expect(change.missed.map(({ id }) => id)).toEqual(
        plan.steps.filter(({ to }) => to < today).map(({ id }) => id),
      );
      expect(change.moved.every(({ days }) => days > 0)).toBe(true);
      expect(late.steps.every(({ from }) => from >= today)).toBe(true);
    });
  });

  test('to another target keeps all that was done and turns no two steps around', () => {
    const withTarget = cases.chain(({ world, request }) =>
      fc
        .record({ target: targets(world), done: doneThings(world) })
        .map((change) => ({ world, request, change })),
    );
    fc.assert(
      fc.property(withTarget, ({ world: { roadmap, labs }, request, change }) => {
        const plan = makePlan(roadmap, labs, request);
        const { plan: other } = replan(roadmap, labs, plan, change);
        const kept = new Set(other.done.map(({ id }) => id));
        expect(plan.done.every(({ id }) => kept.has(id))).toBe(true);
        expect(ids(plan).filter((id) => ids(other).includes(id))).toEqual(
          ids(other).filter((id) => ids(plan).includes(id)),
        );
      }),
    );
  });

  test('with double the hours is a what-if: the same steps, sooner or on the same day', () => {
    always((plan, _, again) => {
      const { plan: faster, change } = again({ hours: plan.input.hours * 2 });
      expect(ids(faster)).toEqual(ids(plan));
      expect(change.finish.days).toBeLessThanOrEqual(0);
      expect(change.minutes).toBe(0);
    });
  });

  test('again from a stored plan gives the same plan', () => {
    always((plan, _, again) => {
      const { plan: once } = again({});
      expect(JSON.parse(JSON.stringify(once))).toEqual(JSON.parse(JSON.stringify(plan)));
      expect(comparePlans(JSON.parse(JSON.stringify(plan)) as Plan, once).moved).toEqual([]);
    });
  });
});
