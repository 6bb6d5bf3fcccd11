// SPDX-License-Identifier: Apache-2.0
import type { Sql, TransactionSql } from 'postgres';
import { BringupError } from '../shared/errors.ts';
import { readBackup, type BackupHeader } from './backup-file.ts';
import { defaultBackup, writeBackup } from './backup.ts';
import { appliedMigrations, applyMigrations, knownMigrations, lockSchema, pending } from './migrate.ts';
import { guarded } from './store-error.ts';
import { rowCounts, tablesOf, type Table } from './tables.ts';

export interface Restored {
  rows: number;
  /** The backup of what was replaced. */
  replaced?: string;
}

/** Rows go into the database in pieces of about this many characters. */
const pieceLength = 1 << 20;

/**
 * Puts a backup in the place of all there is in our schema, in one transaction: after any error everything is as
 * before. The file is checked first. What is there is replaced only with `replace`, and is backed up then. A
 * backup of an older schema is brought up to date. Throws E-BACKUP-DAMAGED, E-DB-NEWER, E-DB-NOT-EMPTY, E-BUSY when
 * somebody holds on to a table, and what queries throw.
 */
export const restore = guarded(
  async (sql: Sql, file: string, options: { replace?: boolean } = {}): Promise<Restored> => {
    const { header } = await readBackup(file);
    const known = knownMigrations();
    const later = pending(known, header.migrations);
    const earlier = known.slice(0, known.length - later.length);
    return sql.begin('isolation level read committed', async (tx) => {
      await tx`set local lock_timeout = '5s'`;
      await lockSchema(tx);
      pending(known, await appliedMigrations(tx)); // what a newer bringup stored is not replaced
      const replaced = await makeRoom(tx, options.replace ?? false);
      await tx`drop schema if exists bringup cascade`;
      await applyMigrations(tx, earlier);
      const rows = await insertRows(tx, file, header);
      await applyMigrations(tx, later);
      return { rows, ...(replaced && { replaced }) };
    });
  },
);

/** Backs up what is in the way. A person alone, whom every start makes, is nothing. */
async function makeRoom(tx: TransactionSql, replace: boolean): Promise<string | undefined> {
  const tables = await tablesOf(tx);
  for (const { name } of tables) await tx`lock table bringup.${tx(name)} in exclusive mode`;
  const counts = Object.entries(await rowCounts(tx));
  const held = counts.filter(([name, rows]) => rows > (name === 'person' ? 1 : 0));
  if (held.length === 0) return undefined;
  if (!replace) {
    const what = held.map(([name, rows]) => `${rows} in ${name}`).join(', ');
    throw new BringupError('E-DB-NOT-EMPTY', `there are rows in the database: ${what}`);
  }
  return (await writeBackup(tx, defaultBackup())).file;
}

async function insertRows(tx: TransactionSql, file: string, header: BackupHeader): Promise<number> {
  const tables = new Map((await tablesOf(tx)).map((table) => [table.name, table]));
  const strange = header.tables.find((name) => !tables.has(name));
  if (strange) throw new BringupError('E-BACKUP-DAMAGED', `${file}: its schema has no table ${strange}`);
  let filling: Table | undefined;
  let rows: string[] = [];
  let length = 0;
  const flush = async (): Promise<void> => {
    if (filling && rows.length > 0) await insert(tx, filling, rows);
    rows = [];
    length = 0;
  };
  const read = await readBackup(file, {
    onRow: async (name, row) => {
      if (name !== filling?.name || length > pieceLength) await flush();
      filling = tables.get(name);
      rows.push(row);
      length += row.length;
    },
  });
  await flush();
  return read.rows;
}

async function insert(tx: TransactionSql, { name, columns }: Table, rows: readonly string[]): Promise<void> {
  const table = `bringup.${quoted(name)}`;
  const list = columns.map(quoted).join(', ');
  await tx.unsafe(
    `insert into ${table} (${list})
    select ${list} from jsonb_populate_recordset(null::${table}, $1::text::jsonb)`,
    [`[${rows.join(',')}]`],
  );
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
