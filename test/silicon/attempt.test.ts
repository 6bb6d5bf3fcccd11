// SPDX-License-Identifier: Apache-2.0
// Verdicts of a lab with a chip: what the driver did on the bus is the learner's, what the model does wrong is ours.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { attempt } from '../../src/lab/attempt.ts';
import { prepareBench, type Bench } from '../../src/lab/bench.ts';
import { withChip } from '../../src/lab/chip-header.ts';
import { findLab } from '../../src/lab/lab.ts';
import type { Verdict } from '../../src/lab/verdict.ts';
import { readSources, type Sources } from '../../src/lab/workspace.ts';
import { repository } from '../../src/shared/paths.ts';

const lab = findLab('pci-mmio');
const seed = 20_241_124;
const work = mkdtempSync(join(tmpdir(), 'bringup-test-chip-'));
let bench: Bench;
let solution: Sources;

beforeAll(async () => {
  bench = await prepareBench(lab);
  solution = await withChip(lab, readSources(join(lab.folder, 'solution')), seed);
});
afterAll(() => rmSync(work, { recursive: true }));

const judged = (sources: Sources, chip = bench.chip!): Promise<Verdict> =>
  attempt(lab, () => sources, { ...bench, chip }, { seed, key: 'test chips' });

/** The lab's chip with a piece of its description replaced: the URL of a module. */
function chipWith(piece: string, by: string): string {
  const text = readFileSync(join(lab.folder, 'device.ts'), 'utf8').replace(
    '#bringup/silicon',
    join(repository, 'src/silicon/index.ts'),
  );
  expect(text).toContain(piece);
  const file = join(work, `${Buffer.from(by).toString('hex').slice(0, 40)}.ts`);
  writeFileSync(file, text.replace(piece, by));
  return pathToFileURL(file).href;
}

test('a right driver passes, and its trace comes with the verdict', async () => {
  const verdict = await judged(solution);
  expect(verdict.outcome, JSON.stringify([verdict.error, verdict.findings, verdict.requirements])).toBe(
    'pass',
  );
  expect(verdict.trace?.events.length).toBeGreaterThan(100);
  expect(verdict.trace?.seed).toBe(seed);
});

test('a broken rule of the data sheet is a finding, with the bus around it', async () => {
  const text = solution.get('reckoner.c')!.toString().replace('& ~RECKONER_CONTROL_ENABLE;', '& 0;');
  const verdict = await judged(new Map([...solution, ['reckoner.c', Buffer.from(text)]]));
  expect(verdict.outcome).toBe('fail');
  const [finding] = verdict.findings;
  expect(finding).toMatchObject({ kind: 'bus-rule', name: 'keep-trim', step: 'binds' });
  expect(finding?.title).toBe('CONTROL.TRIM must be written back as it was read.');
  expect(finding?.report).toMatch(/CONTROL/);
});

test.each([
  ['throws', "throw new Error('broken');"],
  ['names a value that does not fit', "chip.set('STATUS.COUNT', 256);"],
  ['computes without end', 'for (;;);'],
])('a model that %s makes the verdict inconclusive', async (_, by) => {
  const start = performance.now();
  const verdict = await judged(solution, chipWith("chip.enter('busy');", by));
  expect(verdict.outcome).toBe('inconclusive');
  expect(verdict.error?.code).toBe('E-SILICON-MODEL');
  expect(performance.now() - start).toBeLessThan(60_000);
});
