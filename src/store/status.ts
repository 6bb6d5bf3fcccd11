// SPDX-License-Identifier: Apache-2.0
import { appliedMigrations, knownMigrations } from './migrate.ts';
import { guarded } from './store-error.ts';
import { connect, databaseState, startDatabase, type DatabaseState } from './store.ts';
import { rowCounts } from './tables.ts';

export interface DatabaseStatus extends DatabaseState {
  /** Absent when our server does not run: nothing is started to look. */
  contents?: {
    /** Version of PostgreSQL. */
    server: string;
    /** Migrations that were applied, and those that the next start will apply. */
    applied: string[];
    pending: string[];
    /** Of the whole database. */
    bytes: number;
    rows: Record<string, number>;
  };
}

/** What there is to say of the database. Throws E-DB-REACH and the like when it should run and can not be reached. */
export const databaseStatus = guarded(async (): Promise<DatabaseStatus> => {
  const state = databaseState();
  if (state.running === false) return state;
  const sql = connect(await startDatabase(), 1);
  try {
    const applied = await appliedMigrations(sql);
    const [row] = await sql<{ server: string; bytes: string }[]>`
      select split_part(current_setting('server_version'), ' ', 1) as server,
        pg_database_size(current_database())::text as bytes`;
    const pending = knownMigrations().flatMap(({ id }) => (applied.includes(id) ? [] : [id]));
    const contents = {
      server: row!.server,
      applied,
      pending,
      bytes: Number(row!.bytes),
      rows: await rowCounts(sql),
    };
    return { ...state, contents };
  } finally {
    await sql.end({ timeout: 1 });
  }
});
