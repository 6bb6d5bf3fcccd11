// SPDX-License-Identifier: Apache-2.0
// Every report that our kernels can make, made on purpose: it must be recognized as what it is, lead to the
// line that caused it, and bring no other report along. Protects against a console that was proven on logs
// which no kernel printed. BRINGUP_GOLDEN=1 writes the samples of the console anew.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, type TestContext } from 'vitest';
import { entries } from '../../src/console/explain.ts';
import { blame, findReports, parseLog, type Frame, type Report } from '../../src/console/index.ts';
import { findCurrentKernel } from '../../src/kernel/make.ts';
import { sample } from '../../src/console/samples/samples.ts';
import '../hostile/helpers.ts'; // a cache of its own, and no process that stays
import { cases, marked, type Case } from './cases.ts';
import { bootLog, commit, prepare, type Aviary } from './commit.ts';
import { essence, golden, writeSample } from './golden.ts';
import { lines } from './lines.ts';

const aviaries = new Map<string, Promise<Aviary>>();
function aviaryOf(flavor: Case['flavor']): Promise<Aviary> {
  const known = aviaries.get(flavor) ?? prepare(flavor);
  aviaries.set(flavor, known);
  return known;
}

/** Kernels other than core are built on first need. */
function skipWithout(flavor: Case['flavor'], context: TestContext): void {
  if (!findCurrentKernel(flavor)) context.skip(`the kernel of ${flavor} has not been built`);
}

for (const flavor of new Set(cases.map((it) => it.flavor)))
  test(`${flavor} boots without a report`, async (context) => {
    skipWithout(flavor, context);
    // KCSAN finds races in the kernel itself, which are known and left alone.
    const reports = findReports(await bootLog(await aviaryOf(flavor)));
    expect(reports.filter(({ kind }) => kind !== 'kcsan')).toEqual([]);
  });

test.for(cases)('$name', async (it, context) => {
  const { name } = it;
  skipWithout(it.flavor, context);
  const aviary = await aviaryOf(it.flavor);
  const messages = await commit(aviary, it);
  const reports = findReports(messages).filter(
    (report) => report.kind !== 'kcsan' || report.trace.some(({ module }) => module === 'canaries'),
  );
  expect(reports.length, messages.map(({ text }) => text).join('\n')).toBeGreaterThan(0);
  if (golden) writeSample(name, messages, reports);
  expect(reports.map(essence)).toEqual(findReports(parseLog(sample(`${name}.log`))).map(essence));
  await expectLines(aviary, it.canary, reports);
});

/** The lines that are marked in the module's source are those that the reports lead to. */
async function expectLines(aviary: Aviary, canary: string, reports: Report[]): Promise<void> {
  const marks = marked(canary);
  const lineOf = await lines(aviary, reports);
  const linesOf = (frames: readonly Frame[] | undefined): string[] =>
    (frames ?? []).filter(({ module }) => module === 'canaries').map(lineOf);

  for (const report of reports) {
    const frame = blame(report, ['canaries']);
    // UBSAN names the line itself, and compilers give its call the line of something else.
    const place = report.kind === 'ubsan' && report.source ? { ...frame!, ...report.source } : frame;
    const role = report.kind === 'leak' ? 'ALLOCATED' : 'HERE';
    const message = `the line that ${report.kind} leads to`;
    if (!marks.has(role)) expect(place && lineOf(place), message).toBeUndefined();
    else expect(marks.get(role), message).toContain(place && lineOf(place));
  }
  const [first] = reports;
  const related = first?.related?.flatMap(({ frames }) => frames);
  const roles = { ALLOCATED: first?.allocated, FREED: first?.freed };
  for (const [role, [line]] of marks)
    if (role !== 'HERE')
      expect(linesOf(role in roles ? roles[role as 'FREED'] : related), role).toContain(line);
}

test('what explanations tell to read is in the documentation of the kernel', async () => {
  const { kernel } = await aviaryOf('core');
  const documentation = join(kernel.buildFolders['/source']!, 'Documentation');
  const missing = entries
    .flatMap(({ read }) => read)
    .filter((path) => !existsSync(join(documentation, path)));
  expect([...new Set(missing)]).toEqual([]);
});
