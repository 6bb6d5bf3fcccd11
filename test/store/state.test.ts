// SPDX-License-Identifier: Apache-2.0
// What is stored of a person: it comes back as it went in, survives renames of content, and two tabs do not mix.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { creditsOf, giveCredits, replaceCredits, withdrawCredits } from '../../src/store/credits.ts';
import { localPerson, namePerson } from '../../src/store/people.ts';
import { beginPlacement, openPlacement, placements, savePlacement } from '../../src/store/placement.ts';
import { markStep, planOf, planVersions, savePlan, stepsDone, unmarkStep } from '../../src/store/plans.ts';
import { person } from '../../src/store/schema.ts';
import type { Store } from '../../src/store/store.ts';
import { drop, newDataFolder, newStore } from './helpers.ts';

let data = '';
let store: Store;
let me = '';
let you = '';
beforeAll(async () => {
  data = newDataFolder();
  store = await newStore();
});
afterAll(async () => {
  await store.close();
  await drop(data);
});
beforeEach(async () => {
  await store.db.delete(person);
  me = (await localPerson(store.db)).id;
  you = (await store.db.insert(person).values({ name: 'You' }).returning())[0]!.id;
});

describe('the local person', () => {
  test('is made once, however many ask at once', async () => {
    await store.db.delete(person);
    const all = await Promise.all(Array.from({ length: 8 }, () => localPerson(store.db)));
    expect(new Set(all.map(({ id }) => id)).size).toBe(1);
    expect(all[0]).toMatchObject({ local: true, name: null });
  });

  test('can be named and unnamed', async () => {
    await namePerson(store.db, me, '  Ada\0 ');
    expect((await localPerson(store.db)).name).toBe('Ada\ufffd');
    await namePerson(store.db, me, '');
    expect((await localPerson(store.db)).name).toBeNull();
  });
});

describe('a placement', () => {
  const state = {
    version: 1,
    seed: 7,
    answers: [{ text: 'a\0b', half: '\ud800', line: 'x\u2028y' }],
    text: '"quoted"',
  };

  test('comes back as it went in, but for characters that no database holds', async () => {
    const begun = await beginPlacement(store.db, me, state);
    expect(begun).toMatchObject({ version: 0, result: null, endedAt: null });
    expect(begun.state).toEqual({
      ...state,
      answers: [{ text: 'a\ufffdb', half: '\ufffd', line: 'x\u2028y' }],
    });
    const odd = await savePlacement(store.db, me, { id: begun.id, version: 0, state: '[1]' });
    expect(odd!.state).toBe('[1]');
  });

  test('is one at a time, also when two tabs begin it', async () => {
    const [a, b] = await Promise.all([
      beginPlacement(store.db, me, { a: 1 }),
      beginPlacement(store.db, me, { b: 2 }),
    ]);
    expect(a.id).toBe(b.id);
    expect((await openPlacement(store.db, me))?.id).toBe(a.id);
    expect(await openPlacement(store.db, you)).toBeUndefined();
  });

  test('takes one of two answers that were given to the same question', async () => {
    const { id } = await beginPlacement(store.db, me, {});
    const answer = { item: 'wake-before-change', response: { kind: 'choose', answer: 1 }, outcome: 'right' };
    const step = (n: number) => savePlacement(store.db, me, { id, version: 0, state: { n }, answer });
    const saved = await Promise.all([step(1), step(2), step(3)]);
    expect(saved.filter(Boolean)).toHaveLength(1);
    expect(await openPlacement(store.db, me)).toMatchObject({
      version: 1,
      state: saved.find(Boolean)!.state,
    });
  });

  test('stores nothing of a step that fails', async () => {
    const { id } = await beginPlacement(store.db, me, { n: 0 });
    const answer = { item: 'one', response: {}, outcome: 'right' };
    await savePlacement(store.db, me, { id, version: 0, state: { n: 1 }, answer });
    const again = savePlacement(store.db, me, { id, version: 1, state: { n: 2 }, answer });
    await expect(again).rejects.toMatchObject({ code: 'E-INTERNAL' });
    expect(await openPlacement(store.db, me)).toMatchObject({ version: 1, state: { n: 1 } });
  });

  test('that has ended makes room for the next, and can still be changed', async () => {
    const first = await beginPlacement(store.db, me, {});
    const ended = await savePlacement(store.db, me, {
      id: first.id,
      version: 0,
      state: {},
      result: { stage: 2 },
      ended: true,
    });
    expect(ended!.endedAt).toBeInstanceOf(Date);
    const second = await beginPlacement(store.db, me, {});
    const claimed = await savePlacement(store.db, me, { id: first.id, version: 1, state: { claim: 3 } });
    expect(claimed).toMatchObject({ result: { stage: 2 }, endedAt: ended!.endedAt });
    expect((await placements(store.db, me)).map(({ id }) => id)).toEqual([second.id, first.id]);
  });

  test('of somebody else can not be changed', async () => {
    const { id } = await beginPlacement(store.db, you, {});
    for (const one of [id, 'no id', ''])
      expect(
        await savePlacement(store.db, me, { id: one, version: 0, state: { mine: true } }),
      ).toBeUndefined();
    expect((await openPlacement(store.db, you))!.state).toEqual({});
  });
});

describe('credits', () => {
  const skills = async (renamed = {}): Promise<string[]> =>
    (await creditsOf(store.db, me, renamed)).map(({ skill, source }) => `${skill} ${source}`).sort();

  test('are one for each skill and source; a second one keeps the date', async () => {
    await giveCredits(store.db, me, 'lab', [{ skill: 'ioctl-design', evidence: { attempt: 'a' } }]);
    const [first] = await creditsOf(store.db, me, {});
    await giveCredits(store.db, me, 'lab', [{ skill: 'ioctl-design', evidence: { attempt: 'b' } }]);
    await giveCredits(store.db, me, 'hand', [{ skill: 'ioctl-design', evidence: null }]);
    await giveCredits(store.db, me, 'hand', []);
    expect(await skills()).toEqual(['ioctl-design hand', 'ioctl-design lab']);
    const lab = (await creditsOf(store.db, me, {})).find(({ source }) => source === 'lab');
    expect(lab).toMatchObject({ evidence: { attempt: 'b' }, at: first!.at });
  });

  test('of a source can be replaced and withdrawn; others stay', async () => {
    const give = (...ids: string[]) => ids.map((skill) => ({ skill, evidence: {} }));
    await giveCredits(store.db, me, 'lab', give('a'));
    await replaceCredits(store.db, me, 'placement', give('a', 'b'));
    await replaceCredits(store.db, me, 'placement', give('b', 'c', 'c'));
    expect(await skills()).toEqual(['a lab', 'b placement', 'c placement']);
    await withdrawCredits(store.db, me, 'placement', ['a', 'c'], {});
    expect(await skills()).toEqual(['a lab', 'b placement']);
    expect(await creditsOf(store.db, you, {})).toEqual([]);
  });

  test('follow a skill through its renames', async () => {
    const renamed = { oldest: 'older', older: 'present' };
    await giveCredits(store.db, me, 'lab', [{ skill: 'oldest', evidence: 1 }]);
    await giveCredits(store.db, me, 'lab', [{ skill: 'present', evidence: 2 }]);
    await giveCredits(store.db, me, 'mentor', [{ skill: 'older', evidence: 3 }]);
    expect(await skills(renamed)).toEqual(['present lab', 'present mentor']);
    await withdrawCredits(store.db, me, 'lab', ['present'], renamed);
    expect(await skills(renamed)).toEqual(['present mentor']);
  });

  test('survive a circle of renames', async () => {
    await giveCredits(store.db, me, 'lab', [{ skill: 'a', evidence: 1 }]);
    expect(await skills({ a: 'b', b: 'a' })).toHaveLength(1);
  });
});

describe('plans', () => {
  test('are kept in all their versions; the last one holds', async () => {
    expect(await planOf(store.db, me)).toBeUndefined();
    const input = { target: { stage: 3 }, hours: 6 };
    await savePlan(store.db, me, { input, plan: { steps: [1] }, reason: 'new' });
    await savePlan(store.db, me, { input, plan: { steps: [1, 2] }, reason: 'slippage', after: 1 });
    expect(await planOf(store.db, me)).toMatchObject({
      version: 2,
      input,
      plan: { steps: [1, 2] },
      reason: 'slippage',
    });
    expect(await planOf(store.db, me, 1)).toMatchObject({ version: 1, plan: { steps: [1] } });
    expect((await planVersions(store.db, me)).map(({ version }) => version)).toEqual([2, 1]);
    expect(await planOf(store.db, you)).toBeUndefined();
  });

  test('made from one that no longer holds are not stored', async () => {
    const made = { input: {}, plan: {}, reason: 'new', after: 0 };
    const saved = await Promise.all(Array.from({ length: 5 }, () => savePlan(store.db, me, made)));
    expect(saved.filter(Boolean)).toHaveLength(1);
    expect(await planVersions(store.db, me)).toHaveLength(1);
  });

  test('without a base take their turns', async () => {
    const made = { input: {}, plan: {}, reason: 'progress' };
    const saved = await Promise.all(Array.from({ length: 5 }, () => savePlan(store.db, me, made)));
    expect(saved.map((one) => one!.version).sort()).toEqual([1, 2, 3, 4, 5]);
  });

  test('steps that are done stay done once, and follow renames', async () => {
    const at = new Date('2026-11-01T10:00:00Z');
    await markStep(store.db, me, 'old-lab', { attempt: 'x' }, at);
    await markStep(store.db, me, 'old-lab', { attempt: 'y' });
    await markStep(store.db, me, 'char-echo', null);
    const renamed = { 'old-lab': 'new-lab' };
    expect((await stepsDone(store.db, me, renamed)).map(({ step }) => step)).toEqual([
      'new-lab',
      'char-echo',
    ]);
    expect((await stepsDone(store.db, me, renamed))[0]).toEqual({
      step: 'new-lab',
      evidence: { attempt: 'x' },
      at,
    });
    await unmarkStep(store.db, me, 'new-lab', renamed);
    expect((await stepsDone(store.db, me, renamed)).map(({ step }) => step)).toEqual(['char-echo']);
  });
});

test('all that belongs to a person goes with the person', async () => {
  const { id } = await beginPlacement(store.db, me, {});
  await savePlacement(store.db, me, {
    id,
    version: 0,
    state: {},
    answer: { item: 'i', response: {}, outcome: 'wrong' },
  });
  await giveCredits(store.db, me, 'lab', [{ skill: 's', evidence: {} }]);
  await savePlan(store.db, me, { input: {}, plan: {}, reason: 'new' });
  await markStep(store.db, me, 's', {});
  await store.db.delete(person);
  for (const table of ['placement_session', 'placement_answer', 'credit', 'plan', 'step_done'])
    expect(await store.sql`select count(*)::int as rows from bringup.${store.sql(table)}`, table).toEqual([
      { rows: 0 },
    ]);
});
