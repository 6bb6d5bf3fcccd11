// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { createWriteStream, existsSync, mkdirSync, rmSync } from 'node:fs';
import { link, open, rename } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Sql, TransactionSql } from 'postgres';
import { BringupError, isErrno } from '../shared/errors.ts';
import { dataFolder } from '../shared/paths.ts';
import type { BackupHeader } from './backup-file.ts';
import { appliedMigrations, lockSchema } from './migrate.ts';
import { guarded } from './store-error.ts';
import { tablesOf, type Table } from './tables.ts';

export interface BackupMade {
  file: string;
  rows: number;
}

/** Where a backup goes that was given no name; makes the folder. */
export function defaultBackup(at = new Date()): string {
  const folder = dataFolder('backups');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return join(folder, `bringup-${at.toISOString().replace(/[-:]/g, '')}.backup`);
}

/**
 * Writes everything in our schema as it is at one instant, however much it is used meanwhile. The file appears
 * under its name when it is whole and on the disk; it is readable by the user alone. Throws E-INPUT when there is
 * a file of that name or the place can not be written to, E-HOST-DISK, and what queries throw.
 */
export const backUp = guarded(async (sql: Sql, file: string): Promise<BackupMade> =>
  // The lock in a transaction of its own: this one must begin to see only when no migration is under way.
  sql.begin(async (hold) => {
    await lockSchema(hold);
    return sql.begin('isolation level repeatable read read only', (tx) => writeBackup(tx, file));
  }),
);

/** The same within a transaction that sees one instant, or that lets nobody else write. */
export async function writeBackup(tx: TransactionSql, file: string): Promise<BackupMade> {
  const path = resolve(file);
  if (existsSync(path))
    throw new BringupError('E-INPUT', `${path} is already there`, { next: 'Name another file.' });
  const partial = `${path}.${process.pid}.partial`;
  const tables = await tablesOf(tx);
  const head: BackupHeader = {
    format: 'bringup-backup',
    version: 1,
    at: new Date().toISOString(),
    migrations: await appliedMigrations(tx),
    tables: tables.map(({ name }) => name),
  };
  const sum = { rows: 0 };
  try {
    const out = createWriteStream(partial, { mode: 0o600, flags: 'w' });
    await pipeline(lines(tx, head, tables, sum), createGzip(), out);
    await sync(partial);
    await place(partial, path);
    await sync(dirname(path));
  } catch (error) {
    if (!isErrno(error) || error.syscall !== 'open') throw error;
    throw new BringupError('E-INPUT', `${path} can not be written: ${error.message}`, { cause: error });
  } finally {
    rmSync(partial, { force: true });
  }
  return { file: path, rows: sum.rows };
}

async function* lines(
  tx: TransactionSql,
  head: BackupHeader,
  tables: readonly Table[],
  sum: { rows: number },
): AsyncGenerator<string> {
  const hash = createHash('sha256');
  const line = (text: string): string => {
    hash.update(`${text}\n`);
    return `${text}\n`;
  };
  yield line(JSON.stringify(head));
  for (const { name } of tables) {
    yield line(JSON.stringify(['table', name]));
    const rows = tx<{ row: string }[]>`select to_jsonb(t)::text as row from bringup.${tx(name)} t`;
    for await (const some of rows.cursor(200)) {
      sum.rows += some.length;
      yield some.map(({ row }) => line(row)).join('');
    }
  }
  yield `${JSON.stringify(['end', { rows: sum.rows, sha256: hash.digest('hex') }])}\n`;
}

/** Gives the file its name; another one that has got it meanwhile is not overwritten. */
async function place(partial: string, path: string): Promise<void> {
  try {
    await link(partial, path);
  } catch (error) {
    if (isErrno(error, 'EEXIST')) throw new BringupError('E-INPUT', `${path} is already there`);
    await rename(partial, path); // a file system without hard links
  }
}

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r');
  await file.sync().finally(() => file.close());
}
