// SPDX-License-Identifier: Apache-2.0
// A mutant's check may end with the requirement that caught it: later ones are not reached, and earlier ones stand.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { attempt } from '../../src/lab/attempt.ts';
import { prepareBench } from '../../src/lab/bench.ts';
import { findLab } from '../../src/lab/lab.ts';
import { mutantsOf, mutate } from '../../src/lab/mutant.ts';
import { readSources, type Sources } from '../../src/lab/workspace.ts';
import type { Verdict } from '../../src/lab/verdict.ts';

const lab = findLab('wait-and-wake');
const judge = async (sources: Sources, enough: string[]): Promise<Verdict> =>
  attempt(lab, () => sources, await prepareBench(lab), { seed: 1, key: 'test enough', enough });

test('the check ends there', async () => {
  const mutant = mutantsOf(lab).find(({ caughtBy }) => caughtBy.includes('takes-signals'))!;
  const verdict = await judge(await mutate(lab, mutant), ['takes-signals']);
  expect(verdict.outcome, JSON.stringify(verdict.error)).toBe('fail');
  const results = verdict.requirements.map(({ result }) => result);
  const at = verdict.requirements.findIndex(({ id }) => id === 'takes-signals');
  expect(results[at]).toBe('fail');
  expect(results.slice(0, at)).toContain('pass');
  expect(new Set(results.slice(at + 1))).toEqual(new Set(['not-reached']));
});

test('what is right goes through to the end', async () => {
  const sources = readSources(join(lab.folder, 'solution'));
  const verdict = await judge(sources, ['takes-signals', 'keeps-order']);
  expect(verdict.outcome, JSON.stringify(verdict.error)).toBe('pass');
});
