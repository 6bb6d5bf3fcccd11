// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { checkRoadmap } from './check.ts';
import { labIds, readRoadmap, type Roadmap } from './read.ts';
import type { PlacementItem, Skill } from './schema.ts';

/** A small roadmap that holds together; each test breaks one thing of it. */
function roadmap(change: Partial<Roadmap> = {}): Roadmap {
  return {
    stages: [stage(0), stage(1)],
    skills: [skill('modules', 0), skill('drivers', 1, ['modules'])],
    forces: [],
    domains: [],
    specializations: [],
    sources: [
      { id: 'report', title: 'A report', publisher: 'P', date: '2025', url: 'https://a.b', supports: 's' },
    ],
    library: [],
    planned: [{ id: 'planned-lab', title: 'A lab', stage: 0 }],
    items: [],
    aliases: { covered: [], outside: [] },
    ledger: { skills: ['modules', 'drivers'], items: [], renamed: {}, retired: [] },
    ...change,
  };
}

const stage = (number: number): Roadmap['stages'][number] => ({
  number,
  id: `stage-${number}`,
  title: 'A stage',
  tagline: 't',
  says: 's',
  outcome: 'o',
});

function skill(id: string, number: number, needs: string[] = [], more: Partial<Skill> = {}): Skill {
  const proofs = [{ lab: 'first-lab' }];
  return {
    id,
    title: id,
    depth: 'working',
    hours: 5,
    says: '',
    needs,
    proofs,
    links: [],
    stage: number,
    ...more,
  };
}

function item(more: object): PlacementItem {
  const common = {
    id: 'an-item',
    skill: 'modules',
    level: 'easy',
    minutes: 1,
    ask: '',
    explains: '',
    read: [],
    stage: 0,
  };
  return { ...common, ...more } as unknown as PlacementItem;
}

const force = (says: string): Roadmap['forces'][number] => ({
  id: 'a-force',
  title: 'A force',
  says,
  evidence: [],
  bet: 'Nothing.',
  skills: ['modules'],
});

const saysOf = (change: Partial<Roadmap>): string[] =>
  checkRoadmap(roadmap(change), ['first-lab']).map(({ says }) => says);

test('finds nothing wrong with a roadmap that holds together', () => {
  expect(saysOf({})).toEqual([]);
});

test('the roadmap itself holds together', () => {
  const { roadmap: real, problems } = readRoadmap();
  expect([...problems, ...checkRoadmap(real, labIds())]).toEqual([]);
});

describe('ids that progress hangs on', () => {
  const ledger = { skills: ['modules', 'drivers', 'old'], items: [], renamed: {}, retired: [] };

  test('may not vanish', () => {
    expect(saysOf({ ledger })).toEqual([
      'the skill old is gone: bring it back, or name it under renamed or retired',
    ]);
  });

  test('may be retired, or renamed to what is there', () => {
    expect(saysOf({ ledger: { ...ledger, retired: ['old'] } })).toEqual([]);
    expect(saysOf({ ledger: { ...ledger, renamed: { old: 'modules' } } })).toEqual([]);
  });

  test('may not be renamed to what is not there', () => {
    expect(saysOf({ ledger: { ...ledger, renamed: { old: 'nowhere' } } })).toEqual([
      'old was renamed to nowhere, which is not there',
    ]);
  });

  test('have to be published', () => {
    const skills = [...roadmap().skills, skill('fresh', 0)];
    expect(saysOf({ skills })).toEqual(['the skill fresh is new: `bringup roadmap check --write` adds it']);
  });

  test('of placement items are kept like those of skills', () => {
    expect(saysOf({ ledger: { ...ledger, skills: ['modules', 'drivers'], items: ['lost-item'] } })).toEqual([
      'the item lost-item is gone: bring it back, or name it under renamed or retired',
    ]);
  });

  test('are there once', () => {
    expect(saysOf({ skills: [...roadmap().skills, skill('modules', 0)] })).toContain(
      'the id modules is there twice',
    );
  });
});

describe('prerequisites', () => {
  test('may not run in a circle', () => {
    const skills = [skill('modules', 0, ['drivers']), skill('drivers', 0, ['modules'])];
    expect(saysOf({ skills })).toEqual(['these skills need each other: modules → drivers → modules']);
  });

  test('may not belong to a later stage', () => {
    const skills = [skill('modules', 0, ['drivers']), skill('drivers', 1)];
    expect(saysOf({ skills })).toEqual(['needs drivers, which belongs to a later stage']);
  });
});

describe('names of what is not there', () => {
  test.each<[string, Partial<Roadmap>, string]>([
    [
      'a prerequisite',
      { skills: [skill('modules', 0, ['gone']), skill('drivers', 1)] },
      'there is no skill gone',
    ],
    [
      'a lab',
      { skills: [skill('modules', 0, [], { proofs: [{ lab: 'gone' }] }), skill('drivers', 1)] },
      'there is no lab gone',
    ],
    [
      'a work',
      { skills: [skill('modules', 0, [], { links: [{ work: 'gone', why: '' }] }), skill('drivers', 1)] },
      'there is no work gone',
    ],
    [
      'a source',
      { forces: [{ ...force('Says.'), evidence: [{ says: '', sources: ['gone'] }] }] },
      'there is no source gone',
    ],
    [
      'a skill of a phrase',
      { aliases: { covered: [{ skills: ['gone'], phrases: ['x'], exact: [] }], outside: [] } },
      'there is no skill gone',
    ],
  ])('%s', (_, change, says) => {
    expect(saysOf(change)).toEqual([says]);
  });

  test('are right for labs that are planned', () => {
    const skills = [skill('modules', 0, [], { proofs: [{ lab: 'planned-lab' }] }), skill('drivers', 1)];
    expect(saysOf({ skills })).toEqual([]);
  });

  test('a lab that is there is planned no more', () => {
    expect(checkRoadmap(roadmap(), ['first-lab', 'planned-lab']).map(({ says }) => says)).toEqual([
      'planned-lab is there: it is planned no more',
    ]);
  });
});

describe('figures', () => {
  test.each([
    'Grew by 40 % last year.',
    'About 25k people.',
    'Pays $200 more.',
    'Took 12 years.',
    'Over 100+ firms.',
  ])('in prose need a source: %s', (says) => {
    expect(saysOf({ forces: [force(says)] })).toEqual([
      expect.stringMatching(/is a figure in prose: make it a claim with its source$/),
    ]);
  });

  test.each(['In mainline since 6.1 and stable.', 'Start at stage 4 then.', 'Runs on arm64 and x86-64.'])(
    'are not versions, stages or names: %s',
    (says) => {
      expect(saysOf({ forces: [force(says)] })).toEqual([]);
    },
  );
});

describe('placement items', () => {
  const ledger = { skills: ['modules', 'drivers'], items: ['an-item'], renamed: {}, retired: [] };
  const shown = { language: 'c', text: 'one\n\nthree\n' };

  test.each<[string, object, string[]]>([
    [
      'an answer that is not there',
      { kind: 'choose', answers: [{}, {}, {}], right: 3 },
      ['its right answer is not there'],
    ],
    [
      'a line that is not there',
      { kind: 'line', shown, right: 4, near: [] },
      ['it names a line that is not there'],
    ],
    ['an empty line', { kind: 'line', shown, right: 2, near: [] }, ['its right line is empty']],
    [
      'a right line that is also wrong',
      { kind: 'line', shown, right: 3, near: [{ line: 3, because: '' }] },
      ['its right line is among those that are not it'],
    ],
    [
      'two steps alike',
      { kind: 'order', steps: ['a', 'b', 'a'], because: '' },
      ['two of its steps are alike'],
    ],
    ['nothing wrong', { kind: 'choose', answers: [{}, {}, {}], right: 2 }, []],
    ['an unknown skill', { kind: 'short', skill: 'gone', accepts: ['x'] }, ['there is no skill gone']],
  ])('with %s', (_, more, says) => {
    expect(saysOf({ items: [item(more)], ledger })).toEqual(says);
  });
});

describe('phrases of job descriptions', () => {
  const table = (phrases: string[], exact: string[] = []): Partial<Roadmap> => ({
    aliases: { covered: [{ skills: ['modules'], phrases, exact }], outside: [] },
  });

  test('are there once, however they are written', () => {
    expect(saysOf(table(['device tree', 'Device-Tree']))).toEqual(['"Device-Tree" is there twice']);
    expect(saysOf(table(['can'], ['CAN']))).toEqual(['"CAN" is there twice']);
  });

  test('can be found: they have words, and not too many', () => {
    expect(saysOf(table(['---']))).toEqual(['"---" has no word, or more than 6']);
    expect(saysOf(table(['a b c d e f g']))).toEqual(['"a b c d e f g" has no word, or more than 6']);
  });

  test('belong to every entry', () => {
    expect(saysOf(table([]))).toEqual(['an entry has no phrase']);
  });
});
