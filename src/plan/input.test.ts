// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { readRoadmap } from '../roadmap/read.ts';
import { creditsFromLabs } from './credits.ts';
import { parseDaysOff, parsePlanInput } from './input.ts';
import { makePlan } from './make.ts';
import type { Plan, PlanLab } from './plan.ts';
import { parseTarget } from './target.ts';

const { roadmap } = readRoadmap();
const request = {
  target: { kind: 'stage', number: 0 },
  hours: 6,
  start: '2026-12-01',
  today: '2026-11-24',
} as const;
const planOf = (more: object, content = roadmap): Plan => makePlan(content, [], { ...request, ...more });
const refused = (message: RegExp): unknown =>
  expect.objectContaining({ code: 'E-PLAN', message: expect.stringMatching(message) as string });

describe('a request', () => {
  test('may leave out all that has a default', () => {
    expect(parsePlanInput(request)).toMatchObject({
      entry: 0,
      off: { weekdays: [], ranges: [] },
      done: [],
      gaps: [],
    });
  });

  test.each<[string, object, RegExp]>([
    ['a day that is none', { start: '2026-02-30' }, /2026-12-01/],
    ['a day in another form', { today: '1 Dec 2026' }, /2026-12-01/],
    ['no hours', { hours: 0 }, /hours/],
    ['hours that are no number', { hours: NaN }, /hours/],
    [
      'a week without a day',
      { off: { weekdays: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] } },
      /one day/,
    ],
    ['days of more than 16 hours', { hours: 40, off: parseDaysOff('mon,tue,wed,thu,fri') }, /16 hours a day/],
    [
      'a range that runs backwards',
      { off: { ranges: [{ from: '2026-12-24', to: '2026-12-01' }] } },
      /before it begins/,
    ],
    ['a field that is misspelt', { hour: 6 }, /hour/],
    ['a stage that is not there', { target: { kind: 'stage', number: 9 } }, /target/],
    ['a target that is not there', { target: { kind: 'domain', id: 'cooking' } }, /"cooking" is no target/],
    [
      'a job that asks for a skill that is not there',
      { target: { kind: 'job', skills: ['cooking'] } },
      /no skill cooking/,
    ],
    ['more than a century', { hours: 0.25, target: { kind: 'stage', number: 4 } }, /100 years/],
  ])('with %s is refused, and says why', (_, more, message) => {
    expect(() => planOf(more)).toThrowError(refused(message));
  });
});

describe('days off', () => {
  test('are weekdays, days and ranges', () => {
    expect(parseDaysOff(' sat, SUN,2026-12-24..2027-01-02,2027-05-01,,sat')).toEqual({
      weekdays: ['sat', 'sun'],
      ranges: [
        { from: '2026-12-24', to: '2027-01-02' },
        { from: '2027-05-01', to: '2027-05-01' },
      ],
    });
  });

  test.each(['saturday', '2026-13-01', '2026-12-24..', '2026-12-24..2026-12-01'])('are not %s', (text) => {
    expect(() => parseDaysOff(text)).toThrowError(refused(/neither a weekday/));
  });
});

test.each([
  ['ebpf', { kind: 'specialization', id: 'ebpf' }],
  ['Automotive', { kind: 'domain', id: 'automotive' }],
  ['stage-3', { kind: 'stage', number: 3 }],
  ['Stage 3', { kind: 'stage', number: 3 }],
  ['3', { kind: 'stage', number: 3 }],
])('%s is a target', (name, target) => {
  expect(parseTarget(roadmap, name)).toEqual(target);
});

test('what is no target is answered with what is one', () => {
  expect(() => parseTarget(roadmap, 'stage-7')).toThrowError(
    expect.objectContaining({ code: 'E-PLAN', next: expect.stringContaining('ebpf') as string }),
  );
});

describe('the hours of a week', () => {
  test('are shared among its days that are not off, the rest going to the first', () => {
    const { steps } = planOf({ hours: 5.5, off: parseDaysOff('sat,sun'), start: '2026-11-30' });
    // 22 quarters on 5 days: 5, 5, 4, 4, 4; the first step takes 3 h = 12 quarters of them.
    expect(steps[0]).toMatchObject({ from: '2026-11-30', to: '2026-12-02', minutes: 180 });
    expect(steps[1]!.from).toBe('2026-12-02');
  });

  test('lose the share of a day that a range takes', () => {
    const { steps } = planOf({ off: parseDaysOff('2026-12-01..2026-12-05') });
    expect(steps[0]!.from).toBe('2026-12-06');
  });
});

describe('ids that were renamed', () => {
  const renamed = { ...roadmap, ledger: { ...roadmap.ledger, renamed: { 'old-name': 'coding-style' } } };

  test('still count: as done, as credit, as target', () => {
    const done = planOf({ done: [{ skill: 'old-name', on: '2026-11-01' }] }, renamed);
    expect(done.done).toMatchObject([{ id: 'skill:coding-style', on: '2026-11-01' }]);
    const credited = planOf({ credits: [{ skill: 'old-name', source: 'mentor' }] }, renamed);
    expect(credited.credited).toMatchObject([{ skill: 'coding-style', source: 'mentor' }]);
    const job = planOf({ target: { kind: 'job', skills: ['old-name'] } }, renamed);
    expect(job.steps.map(({ id }) => id)).toEqual(['skill:coding-style']);
  });
});

describe('the entry stage', () => {
  const job = { target: { kind: 'job', skills: ['locking'] }, entry: 2 };

  test('credits what is below it', () => {
    const plan = planOf(job);
    expect(plan.steps.every(({ stage }) => stage >= 2)).toBe(true);
    expect(plan.credited).toContainEqual(
      expect.objectContaining({ skill: 'kernel-modules', source: 'entry' }),
    );
  });

  test('leaves gaps, which are revisited even if the target does not ask for them', () => {
    const gaps = ['kernel-modules', 'release-cycle'];
    const steps = planOf({ ...job, gaps }).steps.filter(({ stage }) => stage < 2);
    expect(steps.map(({ ref }) => ref)).toEqual(['release-cycle', 'kernel-modules']);
    expect(steps.map(({ why }) => why[0])).toEqual([{ kind: 'gap' }, { kind: 'gap' }]);
  });

  test('a gap takes back what placement gave, and not what a lab showed', () => {
    const credit = (source: 'placement' | 'lab'): Plan =>
      planOf({ ...job, gaps: ['kernel-modules'], credits: [{ skill: 'kernel-modules', source }] });
    expect(credit('placement').steps.map(({ ref }) => ref)).toContain('kernel-modules');
    expect(credit('lab').steps.map(({ ref }) => ref)).not.toContain('kernel-modules');
  });
});

test('hours put into a skill are taken off, but for the last quarter of an hour', () => {
  const job = { target: { kind: 'job', skills: ['coding-style'] } };
  const left = (hours: number): number =>
    planOf({ ...job, worked: [{ skill: 'coding-style', hours }] }).minutes;
  expect([left(0), left(1.3), left(900)]).toEqual([180, 105, 15]);
});

test('nothing left to do is a plan without a last day', () => {
  const plan = planOf({
    target: { kind: 'job', skills: ['coding-style'] },
    credits: [{ skill: 'coding-style', source: 'record' }],
  });
  expect(plan).toMatchObject({ steps: [], finish: null, minutes: 0, milestones: [] });
});

test('a passed lab credits the skills it proves to their depth, and no others', () => {
  const lab: PlanLab = {
    id: 'char-echo',
    title: 'A lab',
    stage: 1,
    minutes: 60,
    skills: [
      { id: 'char-devices', depth: 'foundation' },
      { id: 'poll-and-async', depth: 'foundation' }, // the skill is of the depth working
      { id: 'wait-queues', depth: 'expert' }, // its proofs do not name this lab
    ],
    needs: [],
  };
  expect(creditsFromLabs(roadmap, [lab], new Set(['char-echo']))).toEqual([
    { skill: 'char-devices', source: 'lab' },
  ]);
  expect(creditsFromLabs(roadmap, [lab], new Set())).toEqual([]);
});
