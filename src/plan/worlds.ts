// SPDX-License-Identifier: Apache-2.0
// For tests: the real roadmap and drawn ones, with requests that could be made of them.
import fc from 'fast-check';
import { labIds, readRoadmap, type Roadmap } from '../roadmap/read.ts';
import { depths, type Depth } from '../roadmap/schema.ts';
import { isoDay, dayNumber, weekdays } from './day.ts';
import type { Done, PlanRequest, Target } from './input.ts';
import type { PlanLab } from './plan.ts';

/** A roadmap with the labs that are there. */
export class World {
  readonly roadmap: Roadmap;
  readonly labs: PlanLab[];

  constructor(roadmap: Roadmap, labs: PlanLab[]) {
    this.roadmap = roadmap;
    this.labs = labs;
  }

  /** What fast-check prints of it when a property fails. */
  [fc.toStringMethod](): string {
    if (this.roadmap.skills.some(({ id }) => id === 'kernel-architecture')) return 'the real roadmap';
    const skills = this.roadmap.skills.map(({ id, stage, hours, depth: how, needs }) =>
      [id, `stage ${stage}`, how, hours, ...needs].join(' '),
    );
    const goal = this.roadmap.specializations.map((one) => [one.skills, one.labs]);
    return JSON.stringify({ skills, goal, labs: this.labs });
  }
}

/** The days that requests play in. */
const epoch = '2026-11-24';

const depth = fc.constantFrom<Depth>(...depths);

/**
 * The real roadmap. Of its labs those that are planned are taken as there too, with drawn facts: plans have
 * to hold when they come.
 */
const real: World = (() => {
  const { roadmap } = readRoadmap();
  const ids = [...labIds(), ...roadmap.planned.map(({ id }) => id)];
  const labs = ids.map((id, at): PlanLab => {
    const proved = roadmap.skills.filter(({ proofs }) => proofs.some((p) => 'lab' in p && p.lab === id));
    const skill = proved[0] ?? roadmap.skills[at % roadmap.skills.length]!;
    const stage = roadmap.planned.find((lab) => lab.id === id)?.stage ?? skill.stage;
    const skills = (proved.length > 0 ? proved : [skill]).map((one) => ({ id: one.id, depth: one.depth }));
    const needs = at > 0 && at % 3 === 0 ? [ids[at - 1]!] : [];
    return { id, title: `Lab ${id}`, stage, minutes: 20 + ((at * 7) % 100), skills, needs };
  });
  return new World({ ...roadmap, planned: [] }, labs);
})();

/** Roadmaps whose skills need earlier ones only, of whatever stage. */
const drawn: fc.Arbitrary<World> = fc
  .record({
    skills: fc.array(
      fc.record({
        stage: fc.integer({ min: 0, max: 6 }),
        hours: fc.integer({ min: 1, max: 120 }),
        depth,
        needs: fc.array(fc.nat(), { maxLength: 4 }),
      }),
      { minLength: 1, maxLength: 40 },
    ),
    labs: fc.array(
      fc.record({
        stage: fc.integer({ min: 0, max: 6 }),
        minutes: fc.integer({ min: 10, max: 240 }),
        skills: fc.array(fc.tuple(fc.nat(), depth), { minLength: 1, maxLength: 4 }),
        proves: fc.array(fc.nat(), { maxLength: 3 }),
        needs: fc.array(fc.nat(), { maxLength: 2 }),
      }),
      { maxLength: 10 },
    ),
    goal: fc.array(fc.nat(), { minLength: 1, maxLength: 6 }),
    goalLabs: fc.array(fc.nat(), { maxLength: 3 }),
    shuffle: fc.infiniteStream(fc.nat()),
  })
  .map(({ skills, labs, goal, goalLabs, shuffle }): World => {
    const pick = (numbers: number[], count: number, name: string): string[] =>
      count === 0 ? [] : [...new Set(numbers.map((number) => `${name}${number % count}`))];
    const ids = skills.map((_, at) => `s${at}`);
    const { roadmap } = real;
    const target = { id: 'goal', title: 'Goal', skills: pick(goal, skills.length, 's') };
    const ranked = ids
      .map((id) => ({ id, key: shuffle.next().value as number }))
      .sort((a, b) => a.key - b.key);
    return new World(
      {
        ...roadmap,
        skills: skills.map((skill, at) => ({
          ...roadmap.skills[0]!,
          ...skill,
          id: `s${at}`,
          title: `Skill ${at}`,
          needs: pick(skill.needs, at, 's'),
          proofs: labs.flatMap((lab, index) =>
            pick(lab.proves, skills.length, 's').includes(`s${at}`) ? [{ lab: `l${index}` }] : [],
          ),
        })),
        specializations: [
          { ...roadmap.specializations[0]!, ...target, labs: pick(goalLabs, labs.length, 'l') },
        ],
        domains: [],
        ledger: { ...roadmap.ledger, skills: ranked.map(({ id }) => id) },
      },
      labs.map(({ stage, minutes, skills: taken, needs }, at) => ({
        id: `l${at}`,
        title: `Lab ${at}`,
        stage,
        minutes,
        skills: taken.map(([number, to]) => ({ id: `s${number % skills.length}`, depth: to })),
        needs: pick(needs, at, 'l'),
      })),
    );
  });

const worlds: fc.Arbitrary<World> = fc.oneof(fc.constant(real), drawn);

const day = (least: number, most: number): fc.Arbitrary<string> =>
  fc.integer({ min: least, max: most }).map((number) => isoDay(dayNumber(epoch) + number));

function subset(ids: readonly string[], most = 12): fc.Arbitrary<string[]> {
  return fc.subarray([...ids], { maxLength: Math.min(most, ids.length) });
}

export function targets({ roadmap }: World): fc.Arbitrary<Target> {
  const ids = roadmap.skills.map(({ id }) => id);
  return fc.oneof(
    fc.constantFrom(...roadmap.specializations.map(({ id }): Target => ({ kind: 'specialization', id }))),
    fc.integer({ min: 0, max: 6 }).map((number): Target => ({ kind: 'stage', number })),
    fc
      .subarray(ids, { minLength: 1, maxLength: Math.min(8, ids.length) })
      .map((skills): Target => ({ kind: 'job', title: 'A job', skills })),
    ...(roadmap.domains.length > 0
      ? [fc.constantFrom(...roadmap.domains.map(({ id }): Target => ({ kind: 'domain', id })))]
      : []),
  );
}

/** Things done: skills, labs, and a skill that the roadmap has no more. */
export function doneThings({ roadmap, labs }: World): fc.Arbitrary<Done[]> {
  return fc
    .record({
      skills: subset(roadmap.skills.map(({ id }) => id)),
      labs: subset(labs.map(({ id }) => id)),
      gone: fc.boolean(),
      on: day(-60, 0),
    })
    .map(({ skills, labs: passed, gone, on }): Done[] => [
      ...skills.map((skill) => ({ skill, on })),
      ...passed.map((lab) => ({ lab, on })),
      ...(gone ? [{ skill: 'a-skill-that-is-gone', on }] : []),
    ]);
}

/** Requests that can be met, with double their hours too: no day is asked to hold more than 16. */
function requests(world: World): fc.Arbitrary<PlanRequest & { hours: number }> {
  const ids = world.roadmap.skills.map(({ id }) => id);
  const range = fc
    .tuple(fc.integer({ min: -20, max: 800 }), fc.integer({ min: 0, max: 40 }))
    .map(([from, length]) => ({
      from: isoDay(dayNumber(epoch) + from),
      to: isoDay(dayNumber(epoch) + from + length),
    }));
  return fc.record({
    target: targets(world),
    hours: fc.oneof(
      fc.integer({ min: 8, max: 32 }).map((n) => n / 4),
      fc.double({ min: 2, max: 8, noNaN: true }),
    ),
    start: day(-40, 40),
    today: fc.constant(epoch),
    entry: fc.integer({ min: 0, max: 6 }),
    off: fc.record({
      weekdays: fc.subarray([...weekdays], { maxLength: 6 }),
      ranges: fc.array(range, { maxLength: 5 }),
    }),
    credits: fc.array(
      fc.record({
        skill: fc.constantFrom(...ids),
        source: fc.constantFrom('placement' as const, 'lab' as const, 'mentor' as const, 'record' as const),
      }),
      { maxLength: 6 },
    ),
    gaps: subset(ids, 5),
    done: doneThings(world),
    worked: fc.array(
      fc.record({ skill: fc.constantFrom(...ids), hours: fc.double({ min: 0, max: 60, noNaN: true }) }),
      { maxLength: 4 },
    ),
  });
}

/** A world with a request of it. */
export const cases = worlds.chain((world) => requests(world).map((request) => ({ world, request })));
