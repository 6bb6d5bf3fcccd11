// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dayNumber, mondayOf, weekdayOf, weekdays } from './day.ts';
import type { PlanRequest } from './input.ts';
import { makePlan } from './make.ts';
import type { Plan, Step } from './plan.ts';
import { cases, type World } from './worlds.ts';

const planOf = ({ roadmap, labs }: World, request: PlanRequest): Plan => makePlan(roadmap, labs, request);

/** Checks a property of plans on the real roadmap and on drawn ones. */
function always(holds: (plan: Plan, world: World) => void): void {
  fc.assert(fc.property(cases, ({ world, request }) => holds(planOf(world, request), world)));
}

describe('a plan', () => {
  test('has every step after all that it needs', () => {
    always((plan, { roadmap, labs }) => {
      const had = new Set([
        ...plan.credited.map(({ skill }) => `skill:${skill}`),
        ...plan.done.map(({ id }): string => id),
      ]);
      let last = '';
      for (const step of plan.steps) {
        const needs =
          step.kind === 'skill'
            ? roadmap.skills.find(({ id }) => id === step.ref)!.needs.map((id) => `skill:${id}`)
            : planned(plan, labs.find(({ id }) => id === step.ref)!.needs);
        for (const need of needs) if (!had.has(need)) throw new Error(`${step.id} comes before ${need}`);
        expect(step.from >= last).toBe(true);
        last = step.to;
        had.add(step.id);
      }
    });
  });

  test('has a lab after the skills it exercises, as far as they are of its stage or an earlier one', () => {
    always((plan, { roadmap, labs }) => {
      const place = new Map(plan.steps.map(({ id }, at) => [id, at]));
      for (const step of plan.steps.filter(({ kind }) => kind === 'lab'))
        for (const { id } of labs.find((lab) => lab.id === step.ref)!.skills) {
          const early = roadmap.skills.find((skill) => skill.id === id)!.stage <= step.stage;
          expect(!early || (place.get(`skill:${id}`) ?? -1) < place.get(step.id)!).toBe(true);
        }
    });
  });

  test('has all that the target asks for: as a step, done, or credited', () => {
    always((plan) => {
      const there = new Set([
        ...plan.steps.filter(({ kind }) => kind === 'skill').map(({ ref }) => ref),
        ...plan.credited.map(({ skill }) => skill),
        ...plan.done.map(({ id }) => id.replace('skill:', '')),
      ]);
      expect(plan.target.skills.filter((skill) => !there.has(skill))).toEqual([]);
    });
  });

  test('is never in the past, and begins no sooner than asked', () => {
    always(({ input, steps }) => {
      for (const { from } of steps) expect(from >= input.today && from >= input.start).toBe(true);
    });
  });

  test('keeps what was done, and plans none of it again', () => {
    always(({ input, done, steps }) => {
      const kept = new Map(done.map(({ id, on }) => [id, on]));
      for (const one of input.done)
        expect(kept.get('skill' in one ? `skill:${one.skill}` : `lab:${one.lab}`)! <= one.on).toBe(true);
      expect(steps.filter(({ id }) => kept.has(id))).toEqual([]);
    });
  });

  test('puts no more into a week than its hours, and no more into a day than 16', () => {
    always(({ input, steps }) => {
      const weeks = new Map<number, number>();
      for (const { from, minutes } of steps.flatMap(({ parts }) => parts)) {
        const week = mondayOf(dayNumber(from));
        weeks.set(week, (weeks.get(week) ?? 0) + minutes);
      }
      for (const minutes of weeks.values()) expect(minutes).toBeLessThanOrEqual(input.hours * 60);
    });
  });

  test('leaves days off free', () => {
    always(({ input, steps }) => {
      for (const { from, to } of steps.flatMap(({ parts }) => parts))
        for (let day = dayNumber(from); day <= dayNumber(to); day++) {
          expect(input.off.weekdays).not.toContain(weekdays[weekdayOf(day)]);
          expect(input.off.ranges.some((r) => dayNumber(r.from) <= day && day <= dayNumber(r.to))).toBe(
            false,
          );
        }
    });
  });

  test('has parts that are the whole step, in order, each within a week', () => {
    always(({ input, steps, minutes }) => {
      const first = mondayOf(dayNumber(input.start));
      for (const step of steps) {
        expect(step.parts.reduce((sum, part) => sum + part.minutes, 0)).toBe(step.minutes);
        expect([step.parts[0]!.from, step.parts.at(-1)!.to]).toEqual([step.from, step.to]);
        for (const { from, to, week } of step.parts) {
          expect(mondayOf(dayNumber(from))).toBe(mondayOf(dayNumber(to)));
          expect(week).toBe((mondayOf(dayNumber(from)) - first) / 7 + 1);
        }
      }
      expect(steps.reduce((sum, step) => sum + step.minutes, 0)).toBe(minutes);
    });
  });

  test('says of every step why it is there', () => {
    always(({ steps }) => {
      for (const { why, says, after } of steps) {
        expect(why.length).toBeGreaterThan(0);
        expect(says).toMatch(/^[A-Z].*\.$/);
        expect(after.every((id) => steps.some((step) => step.id === id))).toBe(true);
      }
    });
  });

  test('reaches its stages on the day of their last step', () => {
    always(({ milestones, steps, finish }) => {
      for (const { stage, on, reached } of milestones)
        expect(steps.findLast((step) => step.stage === stage)?.to).toBe(reached ? undefined : on);
      const known = new Set(milestones.map(({ stage }) => stage));
      expect(steps.every(({ stage }) => known.has(stage))).toBe(true);
      expect(finish).toBe(steps.at(-1)?.to ?? null);
    });
  });

  test('is the same whenever it is made', () => {
    fc.assert(
      fc.property(cases, ({ world, request }) => {
        expect(planOf(world, structuredClone(request))).toEqual(planOf(world, request));
      }),
    );
  });

  test('never ends later with more hours, nor any step of it', () => {
    fc.assert(
      fc.property(cases, fc.double({ min: 1, max: 2, noNaN: true }), ({ world, request }, factor) => {
        const slow = planOf(world, request);
        const fast = planOf(world, { ...request, hours: request.hours * factor });
        expect(fast.steps.map(({ id }) => id)).toEqual(slow.steps.map(({ id }) => id));
        expect(fast.steps.every(({ to }, at) => to <= slow.steps[at]!.to)).toBe(true);
      }),
    );
  });

  test('never ends sooner with more days off', () => {
    fc.assert(
      fc.property(cases, fc.nat(300), fc.nat(60), ({ world, request }, from, length) => {
        const plan = planOf(world, request);
        const day = (number: number): string =>
          new Date(Date.parse(`${request.today}T00:00:00Z`) + number * 864e5).toISOString().slice(0, 10);
        const ranges = [...plan.input.off.ranges, { from: day(from), to: day(from + length) }];
        const later = planOf(world, { ...request, off: { ...plan.input.off, ranges } });
        expect(later.steps.every(({ to }, at) => to >= plan.steps[at]!.to)).toBe(true);
      }),
    );
  });

  test('never ends later with a credit, and turns no two steps around', () => {
    fc.assert(
      fc.property(cases, fc.nat(), ({ world, request }, pick) => {
        const plan = planOf(world, request);
        const skills = plan.steps.filter(({ kind }) => kind === 'skill');
        if (skills.length === 0) return;
        const skill = skills[pick % skills.length]!.ref;
        const less = planOf(world, {
          ...request,
          credits: [...(request.credits ?? []), { skill, source: 'mentor' }],
        });
        expect(less.steps.some(({ ref, kind }) => kind === 'skill' && ref === skill)).toBe(false);
        expect(order(plan, less)).toEqual(order(less, plan));
        const old = new Map(plan.steps.map(({ id, to }) => [id, to]));
        const sooner = (step: Step): boolean => !old.has(step.id) || step.to <= old.get(step.id)!;
        // A lab may come in with the credit; what stands before it is sooner or as it was.
        const fresh = less.steps.findIndex(({ id }) => !old.has(id));
        expect(less.steps.slice(0, fresh < 0 ? undefined : fresh).every(sooner)).toBe(true);
      }),
    );
  });
});

/** Steps of a plan that another has too, in order. */
function order(plan: Plan, other: Plan): string[] {
  return plan.steps.filter(({ id }) => other.steps.some((step) => step.id === id)).map(({ id }) => id);
}

/** Labs that a plan has. Others are credited with their skills. */
function planned({ steps }: Plan, labs: readonly string[]): string[] {
  return labs.map((lab) => `lab:${lab}`).filter((id) => steps.some((step) => step.id === id));
}
