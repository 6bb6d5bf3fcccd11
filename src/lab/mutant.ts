// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { BringupError } from '../shared/errors.ts';
import { run } from '../shared/run.ts';
import type { Lab } from './lab.ts';
import { readSources, type Sources } from './workspace.ts';

/** A wrong solution: a patch on the right one, with what must catch it. */
export interface Mutant {
  name: string;
  /** Requirement ids or kinds of findings; any one of them suffices. */
  caughtBy: string[];
  why: string;
  file: string;
}

/** The mutants of a lab. Throws E-LAB-BROKEN for one without a proper header. */
export function mutantsOf(lab: Lab): Mutant[] {
  const folder = join(lab.folder, 'mutants');
  return readdirSync(folder)
    .filter((name) => name.endsWith('.patch'))
    .sort()
    .map((name) => readMutant(join(folder, name)));
}

/** The header is lines "Name: value", continued by lines that start with a space, up to an empty line. */
function readMutant(file: string): Mutant {
  const header = readFileSync(file, 'utf8')
    .split(/^--- /m)[0]!
    .replaceAll(/\n[ \t]+/g, ' ');
  const field = (name: string): string => new RegExp(`^${name}: *(.+)$`, 'm').exec(header)?.[1]?.trim() ?? '';
  const caughtBy = field('Caught-by')
    .replace(/#.*/, '')
    .split(',')
    .map((word) => word.trim())
    .filter(Boolean);
  const why = field('Why');
  if (caughtBy.length === 0 || !why)
    throw new BringupError('E-LAB-BROKEN', `${file} lacks its Caught-by or Why line`);
  return { name: basename(file, '.patch'), caughtBy, why, file };
}

/** The solution with the mutant's patch applied. Throws E-LAB-BROKEN when it does not apply. */
export async function mutate(lab: Lab, mutant: Mutant): Promise<Sources> {
  const work = mkdtempSync(join(tmpdir(), 'bringup-mutant-'));
  try {
    for (const [name, content] of readSources(join(lab.folder, 'solution'))) {
      mkdirSync(dirname(join(work, name)), { recursive: true });
      writeFileSync(join(work, name), content);
    }
    const result = await run(['git', 'apply', '-p1', mutant.file], { cwd: work });
    if (result.status !== 0) {
      throw new BringupError(
        'E-LAB-BROKEN',
        `${mutant.file} does not apply to the solution: ${result.stderr.toString().trim()}`,
      );
    }
    return readSources(work);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
