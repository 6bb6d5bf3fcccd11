// SPDX-License-Identifier: Apache-2.0
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { BringupError } from '../shared/errors.ts';
import { run } from '../shared/run.ts';
import { programVersion, type Programs } from './programs.ts';
import { makeOwnFolder, serverFiles } from './server-files.ts';
import { asServerUser, serverUser } from './server-user.ts';
import { serverFailure } from './server-failure.ts';

/** Our role and our database have this name; the role is no superuser. */
export const databaseName = 'bringup';

/**
 * Makes PostgreSQL's data folder with our role and database when there is none. It is made beside its place and
 * renamed when it is whole, so a crash leaves nothing half made. Call it with the server's lock held.
 * Throws E-HOST-DISK, E-DB-PROGRAMS, E-DB-START.
 */
export async function initialize(programs: Programs, signal?: AbortSignal): Promise<void> {
  const data = serverFiles.data();
  if (existsSync(data)) return;
  for (const name of readdirSync(serverFiles.folder()))
    if (name.startsWith('new-')) rmSync(join(serverFiles.folder(), name), { recursive: true, force: true });
  const fresh = join(serverFiles.folder(), `new-${process.pid}`);
  makeOwnFolder(fresh);
  try {
    await asServer([programs.initdb, `--pgdata=${fresh}`, ...initdbOptions]);
    writeFileSync(join(fresh, 'pg_hba.conf'), 'local all all peer map=bringup\n');
    writeFileSync(join(fresh, 'pg_ident.conf'), identities());
    // One statement a line, each in a transaction of its own.
    const statements = `CREATE ROLE ${databaseName} LOGIN;\nCREATE DATABASE ${databaseName} OWNER ${databaseName};\n`;
    await asServer([programs.postgres, '--single', '-D', fresh, 'postgres'], statements);
    renameSync(fresh, data);
    sync(serverFiles.folder());
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }

  async function asServer(argv: string[], input?: string): Promise<void> {
    const command = asServerUser(argv, [programs.folder, fresh]);
    const env = { PATH: process.env['PATH'], LC_ALL: 'C' };
    const result = await run(command, { env, cwd: '/', ...(input && { input }), ...(signal && { signal }) });
    if (result.ended === 'aborted') throw new BringupError('E-INTERRUPTED', 'it was stopped');
    const said = result.stderr.toString();
    if (result.status !== 0 || /\b(ERROR|FATAL|PANIC): /.test(said))
      throw serverFailure(said, 'the database could not be made');
  }
}

const initdbOptions = [
  '--username=postgres',
  '--encoding=UTF8',
  '--locale=C',
  '--locale-provider=builtin', // the same order of text on every host
  '--builtin-locale=C.UTF-8',
  '--auth=peer',
  '--data-checksums',
  '--set=dynamic_shared_memory_type=mmap', // as in server.ts; else a run that is killed leaves shared memory behind
  '--no-instructions',
];

/** Only the user who runs bringup gets in, as our role or, to mend something, as the superuser. */
function identities(): string {
  const user = JSON.stringify(userInfo().username);
  return `bringup ${user} ${databaseName}\nbringup ${user} postgres\n`;
}

/** Throws E-DB-VERSION when the data folder was made by another major version, E-DB-START when it is not ours. */
export async function requireFitting(programs: Programs): Promise<void> {
  const data = serverFiles.data();
  const owner = statSync(data).uid;
  const user = serverUser ?? process.getuid?.();
  if (owner !== user)
    throw new BringupError(
      'E-DB-START',
      `${data} belongs to the user ${owner}, and the server would be ${user}`,
      {
        next: 'Run bringup as the user who made it, or name another data folder with BRINGUP_DATA.',
      },
    );
  const file = join(data, 'PG_VERSION');
  if (!existsSync(file))
    throw new BringupError('E-DB-START', `${data} is no data folder of PostgreSQL: it has no PG_VERSION`, {
      next: `Look at what it is. If nothing in it is yours, move it away and run it again; \`bringup db restore\` brings a backup back.`,
    });
  const made = readFileSync(file, 'utf8').trim();
  const ours = await programVersion(programs);
  if (made !== ours)
    throw new BringupError(
      'E-DB-VERSION',
      `${data} was made by PostgreSQL ${made}, and this is PostgreSQL ${ours}`,
    );
}

function sync(folder: string): void {
  const fd = openSync(folder, 'r');
  fsyncSync(fd);
  closeSync(fd);
}
