// SPDX-License-Identifier: Apache-2.0
import { drizzle } from 'drizzle-orm/postgres-js';
import type { PgDatabase } from 'drizzle-orm/pg-core';
import type { PostgresJsQueryResultHKT } from 'drizzle-orm/postgres-js';
import postgres, { type Sql } from 'postgres';
import { namedAddress, shownAddress, type Address } from './address.ts';
import { databaseName } from './initialize.ts';
import { liveServer } from './live-server.ts';
import { migrate } from './migrate.ts';
import { socketPort, serverFiles } from './server-files.ts';
import { startServer, stopServer } from './server.ts';
import { guarded } from './store-error.ts';

/** A database or a transaction of it: what the functions beside this file work on. */
export type Db = PgDatabase<PostgresJsQueryResultHKT>;

/** An open store. */
export interface Store {
  db: Db;
  /** The driver's connections, for what is no query: listening, snapshots. */
  sql: Sql;
  /** Closes all connections; the server stays. */
  close: () => Promise<void>;
}

/** What is to be said of the database without starting it. */
export interface DatabaseState {
  kind: 'own' | 'named';
  /** For people; without a password. */
  address: string;
  /** Unknown for one that DATABASE_URL names. */
  running?: boolean;
  pid?: number;
}

/**
 * Makes sure that there is a database server: starts ours in the background unless it runs, or does nothing when
 * DATABASE_URL names one. Gives its address. Cheap when it runs, so call it again whenever the server was lost.
 * Throws what startServer throws, and E-DB-URL.
 */
export const startDatabase = guarded(async (signal?: AbortSignal): Promise<Address> => {
  const named = namedAddress();
  if (named) return named;
  const { socket } = await startServer(signal);
  return { kind: 'own', host: socket, port: socketPort, database: databaseName, user: databaseName };
});

/** Ends our server; gives the id of its process, or undefined when none ran. Never touches a named one. */
export const stopDatabase = guarded(async (): Promise<number | undefined> => stopServer());

export function databaseState(): DatabaseState {
  const named = namedAddress();
  if (named) return { kind: 'named', address: shownAddress(named) };
  const live = liveServer();
  return {
    kind: 'own',
    address: serverFiles.data(),
    running: live !== undefined,
    ...(live && { pid: live.pid }),
  };
}

/** Starts the database if need be, connects, and brings the schema up to date. Throws all that these may. */
export const openStore = guarded(async (signal?: AbortSignal): Promise<Store> => {
  const sql = connect(await startDatabase(signal));
  try {
    await migrate(sql);
  } catch (error) {
    await sql.end({ timeout: 1 });
    throw error;
  }
  const db = drizzle(sql, { casing: 'snake_case' });
  // The driver would wait for ever for a connection that broke during a query.
  return { db, sql, close: () => sql.end({ timeout: 1 }) };
});

/** Connections to a database; they are made when they are needed and again when they break. */
export function connect(address: Address, max = 10): Sql {
  const { host, port } = address;
  // As lists, which its types do not know: else the driver looks for a port in an IPv6 address.
  const place = host.startsWith('/') ? { host, port } : { host: [host], port: [port] };
  return postgres({
    ...(place as { host: string; port: number }),
    database: address.database,
    user: address.user,
    password: address.password ?? '',
    ssl: address.ssl ?? false,
    max,
    connect_timeout: 10,
    fetch_types: false,
    onnotice: () => {},
    connection: { application_name: 'bringup' },
  });
}
