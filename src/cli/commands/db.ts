// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from 'node:fs';
import { BringupError, exit, isErrno } from '../../shared/errors.ts';
import { importAttempts } from '../../store/attempt-import.ts';
import { backUp, defaultBackup } from '../../store/backup.ts';
import { exportPerson } from '../../store/export.ts';
import { localPerson } from '../../store/people.ts';
import { restore } from '../../store/restore.ts';
import { databaseStatus } from '../../store/status.ts';
import { databaseState, openStore, type Store } from '../../store/store.ts';

/** bringup db backup: everything in the database as one file. */
export async function dbBackup(
  file: string | undefined,
  options: { json?: boolean },
  signal: AbortSignal,
): Promise<number> {
  const made = await withStore(signal, async ({ db, sql }) => {
    if (databaseState().kind === 'own') await importAttempts(db, (await localPerson(db)).id);
    return backUp(sql, file ?? defaultBackup());
  });
  say(options, made, `${made.file}: ${made.rows} rows\n`);
  return exit.ok;
}

/** bringup db restore: puts a backup in the place of all there is; with --replace that is backed up first. */
export async function dbRestore(
  file: string,
  options: { replace?: boolean; json?: boolean },
  signal: AbortSignal,
): Promise<number> {
  const done = await withStore(signal, ({ sql }) => restore(sql, file, options));
  const before = done.replaced ? `what was there before is in ${done.replaced}\n` : '';
  say(options, done, `restored ${done.rows} rows from ${file}\n${before}`);
  return exit.ok;
}

/** bringup db export: all that is stored of the person on this laptop, as JSON to a file or standard output. */
export async function dbExport(file: string | undefined, signal: AbortSignal): Promise<number> {
  const all = await withStore(signal, async ({ db }) => {
    const { id } = await localPerson(db);
    await importAttempts(db, id);
    return exportPerson(db, id);
  });
  const text = `${JSON.stringify(all, null, 2)}\n`;
  if (file === undefined) process.stdout.write(text);
  else
    try {
      writeFileSync(file, text, { mode: 0o600, flag: 'wx' });
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error;
      throw new BringupError('E-INPUT', `${file} is already there`, { next: 'Name another file.' });
    }
  return exit.ok;
}

/** bringup db status: which database it is, whether it runs, what is in it. Starts nothing. */
export async function dbStatus(options: { json?: boolean }): Promise<number> {
  const status = await databaseStatus();
  const { address, kind, pid, running, contents } = status;
  const state =
    kind === 'named' ? 'named by DATABASE_URL' : running ? `running, process ${pid}` : 'not running';
  const lines = [`database  ${address}`, `server    ${state}`];
  if (contents) {
    lines.push(`version   PostgreSQL ${contents.server}`);
    lines.push(
      `schema    ${contents.applied.at(-1) ?? 'none yet'}${contents.pending.length ? `, ${contents.pending.length} to be applied at the next start` : ''}`,
    );
    lines.push(`size      ${(contents.bytes / 2 ** 20).toFixed(1)} MiB`);
    for (const [table, rows] of Object.entries(contents.rows))
      lines.push(`${String(rows).padStart(9)} ${table}`);
  }
  say(options, status, `${lines.join('\n')}\n`);
  return exit.ok;
}

async function withStore<T>(signal: AbortSignal, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await openStore(signal);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

function say(options: { json?: boolean }, facts: object, text: string): void {
  process.stdout.write(options.json ? `${JSON.stringify(facts, null, 2)}\n` : text);
}
