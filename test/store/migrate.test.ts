// SPDX-License-Identifier: Apache-2.0
// The schema: every start brings it up to date once and whole, and never touches one that it does not know.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as kit from 'drizzle-kit/api';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Sql } from 'postgres';
import { repository } from '../../src/shared/paths.ts';
import { applyMigrations, appliedMigrations, knownMigrations, migrate } from '../../src/store/migrate.ts';
import { namedAddress } from '../../src/store/address.ts';
import * as schema from '../../src/store/schema.ts';
import { connect, openStore } from '../../src/store/store.ts';
import { asSuperuser, codeOf, drop, newDatabase, newDataFolder, script } from './helpers.ts';

let data = '';
let name = '';
let sql: Sql;
beforeAll(() => (data = newDataFolder()));
afterAll(() => drop(data));
beforeEach(async () => {
  name = await newDatabase();
  sql = connect(namedAddress()!);
});
afterEach(() => sql.end());

/** drizzle-kit's description of a schema. Its own types name packages that are not installed. */
interface Snapshot {
  id: string;
}
const { generateDrizzleJson, generateMigration } = kit as unknown as {
  generateDrizzleJson: (schema: object, previous: string, only: undefined, casing: string) => Snapshot;
  generateMigration: (from: Snapshot, to: Snapshot) => Promise<string[]>;
};

const known = knownMigrations();
const ids = known.map(({ id }) => id);

test('the committed migrations make the tables of schema.ts', async () => {
  const snapshot = join(repository, 'src/store/migrations/meta', `${ids.at(-1)!.slice(0, 4)}_snapshot.json`);
  const made = JSON.parse(readFileSync(snapshot, 'utf8')) as Snapshot;
  const wanted = generateDrizzleJson(schema, made.id, undefined, 'snake_case');
  expect(await generateMigration(made, wanted)).toEqual([]); // else: npx drizzle-kit generate --name <what>
});

test('an empty database gets all of them, and the next start has nothing to do', async () => {
  expect(await migrate(sql)).toEqual(ids);
  expect(await migrate(sql)).toEqual([]);
  expect(await appliedMigrations(sql)).toEqual(ids);
});

test('several starts at once apply each once', async () => {
  const source = 'const s = await store.openStore(); console.log("open"); await s.close()';
  const outputs = await Promise.all([script(source).output, script(source).output, script(source).output]);
  expect(outputs).toEqual(['open', 'open', 'open']);
  expect(await appliedMigrations(sql)).toEqual(ids);
});

test('an older schema is brought up to date with what is in it', async () => {
  await sql.begin((tx) => applyMigrations(tx, known.slice(0, 1)));
  await sql`insert into bringup.person (name, local) values ('Ada', true)`;
  const { close } = await openStore();
  await close();
  expect(await appliedMigrations(sql)).toEqual(ids);
  expect(await sql`select name from bringup.person`).toEqual([{ name: 'Ada' }]);
});

test.each([
  [
    'one more than is known',
    async () => void (await sql`insert into bringup.migration (id) values ('9999_later')`),
  ],
  [
    'another one than is known',
    async () => void (await sql`update bringup.migration set id = '0001_else' where id = ${ids[1]!}`),
  ],
])('a newer schema is refused and left alone: %s', async (_, change) => {
  await migrate(sql);
  await change();
  const before = await appliedMigrations(sql);
  await expect(openStore()).rejects.toMatchObject({
    code: 'E-DB-NEWER',
    message: expect.stringMatching(/9999_later|0001_else/) as string,
    next: expect.stringContaining('Update bringup') as string,
  });
  expect(await appliedMigrations(sql)).toEqual(before);
});

test('a migration that fails leaves nothing of itself', async () => {
  await sql`create schema bringup`;
  await sql`create table bringup.plan (mine text)`; // in the way of the fifth table
  await expect(migrate(sql)).rejects.toMatchObject({
    code: 'E-DB-MIGRATE',
    message: expect.stringContaining('plan') as string,
  });
  expect(await sql`select tablename from pg_tables where schemaname = 'bringup'`).toEqual([
    { tablename: 'plan' },
  ]);
});

test('a role that may make no schema is told so', async () => {
  await asSuperuser((root) =>
    root.unsafe(
      `create role guest login; revoke all on database ${name} from public; grant connect on database ${name} to guest`,
    ),
  );
  await asSuperuser((root) =>
    root.unsafe(`alter database ${name} owner to postgres; grant connect on database ${name} to bringup`),
  );
  await expect(openStore()).rejects.toMatchObject({
    code: 'E-DB-MIGRATE',
    message: expect.stringContaining('permission denied') as string,
  });
});

test('a start waits for another that is at it, and no longer', async () => {
  const order: string[] = [];
  const other = sql.begin(async (tx) => {
    await tx`select pg_advisory_xact_lock(hashtext('bringup schema'))`;
    await new Promise((resolve) => setTimeout(resolve, 300));
    order.push('first');
  });
  await new Promise((resolve) => setTimeout(resolve, 50));
  await Promise.all([other, openStore().then(async ({ close }) => (order.push('second'), close()))]);
  expect(order).toEqual(['first', 'second']);
});

test('tables of others in the same database are left alone', async () => {
  await sql`create table public.person (other text)`;
  await migrate(sql);
  expect(await codeOf(sql`select other from public.person`)).toBe('none');
  expect(await sql`select count(*)::int as rows from bringup.person`).toEqual([{ rows: 0 }]);
});
