// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { labIds, readRoadmap } from '../roadmap/read.ts';
import type { Session } from './form.ts';
import { result, type Result } from './result.ts';
import { review } from './review.ts';
import { answer, begin, next, startAt, withCredits } from './session.ts';
import { responseFor } from './simulation/respond.ts';

// What a placement comes to for people one can picture, on the real items and the real roadmap.

const { roadmap } = readRoadmap();
const skillsOf = (stage: number): string[] =>
  roadmap.skills.filter((skill) => skill.stage === stage).map(({ id }) => id);
const upTo = (stage: number): string[] => Array.from({ length: stage }, (_, at) => skillsOf(at)).flat();

interface Somebody {
  has: readonly string[];
  stages?: number[];
  subsystems?: string[];
}

/** Somebody who answers what they can and says "I don't know" to the rest. */
function place({ has, stages = [], subsystems = [] }: Somebody, seed: number): Session {
  let session = begin(seed);
  for (let question = next(roadmap, session); question; question = next(roadmap, session)) {
    if (question.kind === 'experience') {
      session = answer(roadmap, session, 'experience', { kind: 'experience', stages, subsystems });
      continue;
    }
    const { id } = question;
    const item = roadmap.items.find((one) => one.id === id)!;
    const outcome = has.includes(item.skill) ? 'right' : 'unknown';
    session = answer(roadmap, session, id, responseFor(item, question, outcome));
  }
  return session;
}

const seeds = Array.from({ length: 25 }, (_, seed) => seed);
const entriesOf = (somebody: Somebody): number[] =>
  seeds.map((seed) => result(roadmap, place(somebody, seed)).entry);
const shareOf = (entries: readonly number[], ...wanted: number[]): number =>
  entries.filter((entry) => wanted.includes(entry)).length / entries.length;

describe("the page's own example", () => {
  // Whoever has written platform and character drivers and knows the device model begins around stage 2 or 3.
  const foundations = skillsOf(0);
  const deviceModel = skillsOf(1).filter(
    (id) => !['acpi-enumeration', 'dt-bindings', 'own-bus'].includes(id),
  );
  const drivers = ['mmio', 'interrupt-handling', 'serial-drivers', 'hwmon-iio-rtc'];
  const working = roadmap.skills
    .filter(({ stage, depth }) => stage === 2 && (depth === 'foundation' || depth === 'working'))
    .map(({ id }) => id);
  const some = [
    'kernel-data-structures',
    'locking',
    'memory-allocation',
    'kernel-time',
    'interrupt-contexts',
  ];

  test.each<[string, string[], number[]]>([
    ['with little of the internals', some, [0, 1]],
    ['with the internals that drivers use every day', working, [0, 1]],
    [
      'with those and some advanced ones',
      [...working, 'object-lifetime', 'lockdep-reasoning', 'vfs'],
      [0, 1, 2],
    ],
    ['who says nothing of themselves', working, []],
  ])('somebody who writes platform and char drivers, %s, starts at stage 2 or 3', (_, core, stages) => {
    const has = [...foundations, ...deviceModel, ...core, ...drivers];
    expect(shareOf(entriesOf({ has, stages }), 2, 3)).toBe(1);
  });
});

describe('others one can picture', () => {
  test('a newcomer starts at the beginning', () => {
    expect(shareOf(entriesOf({ has: [] }), 0)).toBe(1);
  });

  test.each([1, 2, 3, 4])('whoever has all before stage %i starts there', (stage) => {
    expect(shareOf(entriesOf({ has: upTo(stage) }), stage)).toBeGreaterThan(0.95);
  });

  test('whoever has it all has nothing left to credit, and one subsystem is enough of these', () => {
    const has = roadmap.skills.filter(({ stage }) => stage !== 4).map(({ id }) => id);
    const subsystems = ['networking-subsystem', 'xdp-and-bpf-networking', 'bpf-programs'];
    const session = place({ has: [...has, ...subsystems], stages: [0, 1, 2, 3, 4, 5, 6], subsystems }, 1);
    expect(result(roadmap, session)).toMatchObject({ entry: 6, complete: true });
  });

  test('whoever knows how patches travel and not what an interrupt is starts early, and keeps that', () => {
    const has = [...upTo(2), ...skillsOf(6)];
    const placed = seeds.map((seed) => result(roadmap, place({ has, stages: [0, 1, 6] }, seed)));
    expect(
      shareOf(
        placed.map(({ entry }) => entry),
        2,
      ),
    ).toBeGreaterThan(0.9);
    const kept = placed.filter(({ stages }) => stages[6]!.standing === 'credited').length;
    expect(kept / placed.length).toBeGreaterThan(0.5);
  });

  test('a missing earlier stage is found, whatever was learned after it', () => {
    const has = [...skillsOf(0), ...skillsOf(2), ...skillsOf(3)];
    expect(shareOf(entriesOf({ has, stages: [0, 2, 3] }), 1)).toBeGreaterThan(0.85);
  });
});

describe('a result', () => {
  const has = [...upTo(2), 'locking', 'printk-and-dynamic-debug'].filter((id) => id !== 'device-model');
  const session = place({ has, stages: [0, 1] }, 11);
  const placed = result(roadmap, session);

  test('says of each stage how it came out and why', () => {
    expect(placed.stages.map(({ standing }) => standing).slice(0, 3)).toEqual([
      'credited',
      'credited',
      'entry',
    ]);
    for (const { why, standing } of placed.stages)
      expect(why).toMatch(
        { credited: /^Credited: /, entry: /^Start here/, open: /^Not (asked|credited)/ }[standing],
      );
  });

  test('credits what was answered and what comes with a credited stage, but no expert skill', () => {
    const by = new Map(placed.credited.map((one) => [one.skill, one.by]));
    for (const { skill, outcome, traits } of session.answers) {
      if (traits.stage < placed.entry) expect(by.get(skill)).toBe(outcome === 'right' ? 'answer' : undefined);
    }
    expect(by.get('kernel-licensing')).toBe('stage');
    const depth = new Map(roadmap.skills.map((skill) => [skill.id, skill.depth]));
    for (const [skill, how] of by) if (how === 'stage') expect(depth.get(skill)).not.toBe('expert');
  });

  test('lists what was missed in credited stages as gaps, with the item', () => {
    const missed = session.answers.filter(
      ({ outcome, traits }) => outcome !== 'right' && traits.stage < placed.entry,
    );
    expect(placed.gaps.map(({ item }) => item)).toEqual(
      expect.arrayContaining(missed.map(({ item }) => item)) as string[],
    );
    expect(new Set(placed.gaps.map(({ skill }) => skill)).size).toBe(placed.gaps.length);
  });

  test('names labs of the catalog and a mentor, each with a surer result', () => {
    const labs = new Set([...labIds(), ...roadmap.planned.map(({ id }) => id)]);
    const named: Result['raises'] = seeds.flatMap((seed) => result(roadmap, place({ has }, seed)).raises);
    expect(named.some(({ kind }) => kind === 'lab') && named.some(({ kind }) => kind === 'mentor')).toBe(
      true,
    );
    for (const one of named) if (one.kind === 'lab') expect(labs.has(one.lab)).toBe(true);
    for (const { exact } of placed.raises) expect(exact).toBeGreaterThan(placed.confidence.exact);
  });

  test('is surer after what it names was done', () => {
    for (const seed of seeds) {
      const before = place({ has }, seed);
      const { raises, confidence } = result(roadmap, before);
      for (const { skill, exact } of raises) {
        const after = withCredits(roadmap, before, [{ skill, source: 'lab', ref: 'named' }]);
        expect(exact).toBeGreaterThan(confidence.exact);
        expect(result(roadmap, after).confidence.exact).toBeCloseTo(exact);
      }
    }
  });

  test('credits what a lab, a mentor or a record shows, and takes it off the gaps', () => {
    const [gap] = placed.gaps;
    const skill = gap?.skill ?? 'device-model';
    const after = result(roadmap, withCredits(roadmap, session, [{ skill, source: 'mentor', ref: 'Ana' }]));
    expect(after.credited).toContainEqual(expect.objectContaining({ skill, by: 'mentor' }));
    expect(after.gaps.map((one) => one.skill)).not.toContain(skill);
  });

  test('exists before anything was answered, and credits nothing then', () => {
    expect(result(roadmap, begin(1))).toMatchObject({
      entry: 0,
      start: 0,
      credited: [],
      gaps: [],
      skipped: [],
    });
  });
});

describe('skipping by hand', () => {
  test('starts where they say, and shows what is skipped as not proven', () => {
    const skipped = result(roadmap, startAt(begin(1), 3));
    expect(skipped).toMatchObject({ entry: 0, start: 3, credited: [] });
    expect(skipped.skipped.map(({ skill }) => skill)).toEqual(upTo(3));
  });

  test('leaves out what was shown, and skips nothing when it goes back', () => {
    const session = place({ has: upTo(2), stages: [0, 1] }, 3);
    const forward = result(roadmap, startAt(session, 4));
    const proven = new Set(forward.credited.map(({ skill }) => skill));
    expect(forward.skipped.some(({ skill }) => proven.has(skill))).toBe(false);
    expect(forward.skipped.map(({ stage }) => stage)).toContain(3);
    expect(result(roadmap, startAt(session, 0))).toMatchObject({ start: 0, skipped: [] });
  });

  test('can be taken back', () => {
    const session = place({ has: upTo(1) }, 3);
    expect(startAt(startAt(session, 5), undefined)).toEqual(session);
  });
});

test('a review tells of each answer what is right and why', () => {
  const session = place({ has: upTo(3), stages: [0, 1, 2] }, 5);
  const reviewed = review(roadmap, session);
  expect(reviewed.length).toBe(session.answers.length);
  for (const { item, outcome, notes, explains, right } of reviewed) {
    expect(explains.length).toBeGreaterThan(20);
    if (item.kind === 'choose') {
      expect(item.answers).toContain(right);
      expect(notes.map(({ says }) => says)).toEqual(item.answers);
      expect(notes.find(({ chosen }) => chosen)?.right).toBe(outcome === 'right' ? true : undefined);
    }
  }
});
