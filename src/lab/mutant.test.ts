// SPDX-License-Identifier: Apache-2.0
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { kinds } from '../console/index.ts';
import { allLabs, type Lab } from './lab.ts';
import { mutantsOf, mutate } from './mutant.ts';
import type { OwnKind } from './verdict.ts';
import { digestOf, readSources } from './workspace.ts';

const ownKinds: Record<OwnKind, true> = {
  build: true,
  hang: true,
  'stuck-module': true,
  residue: true,
  tampering: true,
  'bus-rule': true,
  taint: true,
  'log-flood': true,
};
const known = [...Object.keys(kinds), ...Object.keys(ownKinds)];
const labs = allLabs();

describe.each(labs.map((lab) => [lab.id, lab] as const))('mutants of %s', (_, lab) => {
  const mutants = mutantsOf(lab);
  const requirements = lab.requirements.map(({ id }) => id);

  test('there are some', () => expect(mutants.length).toBeGreaterThan(0));

  test.each(mutants.map((mutant) => [mutant.name, mutant] as const))(
    '%s names what catches it, says why it is tempting, and applies',
    async (_name, mutant) => {
      for (const name of mutant.caughtBy) expect([...requirements, ...known]).toContain(name);
      expect(new Set(mutant.caughtBy).size).toBe(mutant.caughtBy.length);
      expect(mutant.why.length).toBeGreaterThan(20);
      expect(mutant.why).not.toMatch(/\n| {2}/);
      const [mutated, solution] = [await mutate(lab, mutant), readSources(join(lab.folder, 'solution'))];
      expect([...mutated.keys()].sort()).toEqual([...solution.keys()].sort());
      expect(digestOf(mutated)).not.toBe(digestOf(solution));
    },
  );

  test('no two do the same', async () => {
    const digests = await Promise.all(mutants.map(async (mutant) => digestOf(await mutate(lab, mutant))));
    const twice = mutants.filter((_mutant, i) => digests.indexOf(digests[i]!) !== i).map(({ name }) => name);
    expect(twice).toEqual([]);
  });
});

describe('a lab whose mutants are wrong', () => {
  const temp = mkdtempSync(join(tmpdir(), 'bringup-mutant-test-'));
  afterAll(() => rmSync(temp, { recursive: true, force: true }));
  const lab: Lab = { ...labs[0]!, folder: temp };
  const patch = (text: string): void => writeFileSync(join(temp, 'mutants/one.patch'), text);
  const diff = '--- a/a.c\n+++ b/a.c\n@@ -1,2 +1,2 @@\n-int x;\n+int y;\n int z;\n';

  beforeEach(() => {
    rmSync(join(temp, 'mutants'), { recursive: true, force: true });
    mkdirSync(join(temp, 'mutants'));
    mkdirSync(join(temp, 'solution'), { recursive: true });
    writeFileSync(join(temp, 'solution/a.c'), 'int x;\nint z;\n');
  });

  test('a header may go on in lines that begin with a space; what is after a # is a remark', async () => {
    patch(`Caught-by: kasan, # not lockdep\n leak\nWhy: It looks\n right.\n\n${diff}`);
    expect(mutantsOf(lab)[0]).toMatchObject({ name: 'one', why: 'It looks right.' });
    patch(`Caught-by: kasan, leak # not lockdep\nWhy: It looks right.\n\n${diff}`);
    const [mutant] = mutantsOf(lab);
    expect(mutant!.caughtBy).toEqual(['kasan', 'leak']);
    expect((await mutate(lab, mutant!)).get('a.c')!.toString()).toBe('int y;\nint z;\n');
  });

  test.each([
    ['nothing', ''],
    ['no Caught-by', 'Why: It looks right.\n'],
    ['an empty Caught-by', 'Caught-by: # nothing\nWhy: It looks right.\n'],
    ['no Why', 'Caught-by: kasan\n'],
  ])('a header with %s is E-LAB-BROKEN and the file named', (_, header) => {
    patch(`${header}\n${diff}`);
    expect(() => mutantsOf(lab)).toThrowError(
      expect.objectContaining({
        code: 'E-LAB-BROKEN',
        message: expect.stringContaining('one.patch') as string,
      }) as Error,
    );
  });

  test('a header in the code part does not count', () => {
    patch(
      `SPDX-License-Identifier: GPL-2.0-only\n\n${diff}+Caught-by: kasan\n+Why: because\nCaught-by: x\nWhy: y\n`,
    );
    expect(() => mutantsOf(lab)).toThrowError(expect.objectContaining({ code: 'E-LAB-BROKEN' }) as Error);
  });

  test('a patch that does not apply is E-LAB-BROKEN, and nothing of it is left', async () => {
    patch(`Caught-by: kasan\nWhy: It looks right.\n\n${diff.replaceAll('int x', 'int gone')}`);
    await expect(mutate(lab, mutantsOf(lab)[0]!)).rejects.toMatchObject({ code: 'E-LAB-BROKEN' });
  });

  test('a patch can not write outside its folder', async () => {
    const evil = '--- /dev/null\n+++ b/../evil.c\n@@ -0,0 +1 @@\n+int x;\n';
    patch(`Caught-by: kasan\nWhy: It looks right.\n\n${evil}`);
    await expect(mutate(lab, mutantsOf(lab)[0]!)).rejects.toMatchObject({ code: 'E-LAB-BROKEN' });
  });

  test('the solution itself is not touched', async () => {
    patch(`Caught-by: kasan\nWhy: It looks right.\n\n${diff}`);
    cpSync(join(temp, 'solution'), join(temp, 'before'), { recursive: true });
    await mutate(lab, mutantsOf(lab)[0]!);
    expect(digestOf(readSources(join(temp, 'solution')))).toBe(digestOf(readSources(join(temp, 'before'))));
  });
});
