// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Sql, TransactionSql } from 'postgres';
import { z } from 'zod';
import { BringupError } from '../shared/errors.ts';
import { storeError } from './store-error.ts';

/** One step of the schema; `id` is its file's name. */
export interface Migration {
  id: string;
  statements: string[];
}

const folder = join(import.meta.dirname, 'migrations');
const journal = z.object({ entries: z.array(z.object({ tag: z.string() })) });

/** All migrations this bringup knows, in order; drizzle-kit writes them. */
export function knownMigrations(): Migration[] {
  const { entries } = journal.parse(JSON.parse(readFileSync(join(folder, 'meta', '_journal.json'), 'utf8')));
  return entries.map(({ tag }) => ({
    id: tag,
    statements: readFileSync(join(folder, `${tag}.sql`), 'utf8').split('--> statement-breakpoint'),
  }));
}

/** Ids of the migrations that were applied, in order; none in a database that is not ours yet. */
export async function appliedMigrations(sql: Sql | TransactionSql): Promise<string[]> {
  // Not to_regclass(): in a transaction that has waited for another it may still answer from before.
  const tables = await sql`select from pg_tables where schemaname = 'bringup' and tablename = 'migration'`;
  if (tables.length === 0) return [];
  return (await sql<{ id: string }[]>`select id from bringup.migration order by id`).map(({ id }) => id);
}

/**
 * Brings the schema up to date, all or nothing; one process at a time. Gives the ids that it applied. Throws
 * E-DB-NEWER for a schema this bringup does not know, E-DB-MIGRATE when a migration fails.
 */
export async function migrate(sql: Sql): Promise<string[]> {
  const known = knownMigrations();
  if (pending(known, await appliedMigrations(sql)).length === 0) return [];
  return sql.begin(async (tx) => {
    await lockSchema(tx);
    const missing = pending(known, await appliedMigrations(tx));
    await applyMigrations(tx, missing);
    return missing.map(({ id }) => id);
  });
}

/** Whoever holds this until the end of the transaction is the only one to change the schema, or to copy it. */
export async function lockSchema(tx: TransactionSql): Promise<void> {
  await tx`select pg_advisory_xact_lock(hashtext('bringup schema'))`;
}

export async function applyMigrations(tx: TransactionSql, migrations: readonly Migration[]): Promise<void> {
  try {
    await tx`create schema if not exists bringup`;
    await tx`create table if not exists bringup.migration (
      id text primary key, at timestamptz not null default now())`;
    for (const { id, statements } of migrations) {
      for (const statement of statements) await tx.unsafe(statement);
      await tx`insert into bringup.migration (id) values (${id})`;
    }
  } catch (error) {
    const { code, message } = storeError(error);
    if (code !== 'E-INTERNAL') throw error;
    throw new BringupError('E-DB-MIGRATE', message, { cause: error });
  }
}

/** What is still to be applied. Throws E-DB-NEWER when something was applied that is not known here. */
export function pending(known: readonly Migration[], applied: readonly string[]): Migration[] {
  applied.forEach((id, at) => {
    if (known[at]?.id !== id)
      throw new BringupError(
        'E-DB-NEWER',
        `the database has the migration ${id}, which this bringup does not know`,
      );
  });
  return known.slice(applied.length);
}
