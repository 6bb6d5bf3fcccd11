// SPDX-License-Identifier: Apache-2.0
// Restoring: a backup is checked before anything is touched, and takes the place of all there is or of nothing.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { namedAddress } from '../../src/store/address.ts';
import { readBackup } from '../../src/store/backup-file.ts';
import { backUp } from '../../src/store/backup.ts';
import { giveCredits } from '../../src/store/credits.ts';
import { applyMigrations, knownMigrations } from '../../src/store/migrate.ts';
import { localPerson } from '../../src/store/people.ts';
import { restore } from '../../src/store/restore.ts';
import { attempt } from '../../src/store/schema.ts';
import { connect, openStore, type Store } from '../../src/store/store.ts';
import { rowCounts } from '../../src/store/tables.ts';
import { fill } from './filled.ts';
import { drop, newDatabase, newDataFolder, newStore } from './helpers.ts';

let data = '';
let full = '';
let store: Store;
beforeAll(async () => {
  data = newDataFolder();
  store = await newStore();
  await fill(store);
  full = join(data, 'full.backup');
  await backUp(store.sql, full);
  await store.close();
});
afterAll(() => drop(data));
beforeEach(async () => {
  store = await newStore();
});
afterEach(() => store.close());

/** A backup with other lines than it had. */
function changed(change: (lines: string[]) => string[]): string {
  const path = join(data, 'changed.backup');
  const lines = gunzipSync(readFileSync(full)).toString().trimEnd().split('\n');
  writeFileSync(
    path,
    gzipSync(
      change(lines)
        .map((line) => `${line}\n`)
        .join(''),
    ),
  );
  return path;
}

/** The same with a digest that is right, as another bringup might have written it. */
function forged(change: (line: string) => string): string {
  return changed((lines) => {
    const rest = lines.slice(0, -1).map(change);
    const sha256 = createHash('sha256')
      .update(rest.map((line) => `${line}\n`).join(''))
      .digest('hex');
    return [
      ...rest,
      JSON.stringify(['end', { rows: rest.filter((line) => line.startsWith('{')).length - 1, sha256 }]),
    ];
  });
}

test('a restore refuses what holds something, and replaces it after a backup of it when asked to', async () => {
  const me = await localPerson(store.db);
  await giveCredits(store.db, me.id, 'hand', [{ skill: 'mine', evidence: null }]);
  await expect(restore(store.sql, full)).rejects.toMatchObject({
    code: 'E-DB-NOT-EMPTY',
    message: 'there are rows in the database: 1 in credit',
  });
  const { replaced } = await restore(store.sql, full, { replace: true });
  expect(await rowCounts(store.sql)).toMatchObject({ attempt: 60 });
  await restore(store.sql, replaced!, { replace: true });
  expect(await rowCounts(store.sql)).toMatchObject({ attempt: 0, credit: 1 });
  expect(await localPerson(store.db)).toEqual(me);
});

test('a restore works while others are connected, and they go on', async () => {
  const other = await openStore();
  await localPerson(other.db);
  await restore(store.sql, full);
  expect(await rowCounts(other.sql)).toMatchObject({ attempt: 60 });
  const notices: unknown[] = [];
  await other.sql.listen('bringup_attempt', (payload) => notices.push(payload));
  const me = (await localPerson(store.db)).id;
  await store.db.insert(attempt).values({
    personId: me,
    id: 'new',
    lab: 'l',
    outcome: 'pass',
    provisional: false,
    folder: '',
    kernel: '',
    at: new Date(),
    verdict: {},
  });
  await expect.poll(() => notices.length).toBe(1);
  await other.close();
});

test('a restore gives up when somebody holds on to a table', { timeout: 30_000 }, async () => {
  const held = store.sql.begin(async (tx) => {
    await tx`insert into bringup.person default values`;
    await new Promise((resolve) => setTimeout(resolve, 6000));
  });
  await new Promise((resolve) => setTimeout(resolve, 100));
  await expect(restore(store.sql, full)).rejects.toMatchObject({ code: 'E-BUSY' });
  await held;
});

test.each([
  [
    'cut in its packing',
    () => {
      const path = join(data, 'cut.backup');
      writeFileSync(path, readFileSync(full).subarray(0, -30));
      return path;
    },
  ],
  [
    'changed in its packing',
    () => {
      const path = join(data, 'bits.backup');
      const bytes = readFileSync(full);
      bytes[bytes.length >> 1]! ^= 0x10;
      writeFileSync(path, bytes);
      return path;
    },
  ],
  [
    'no backup',
    () => {
      const path = join(data, 'text');
      writeFileSync(path, 'hello\n');
      return path;
    },
  ],
  [
    'empty',
    () => {
      const path = join(data, 'empty');
      writeFileSync(path, '');
      return path;
    },
  ],
  ['a folder', () => data],
  ['without its end', () => changed((lines) => lines.slice(0, -1))],
  ['without a row', () => changed((lines) => lines.filter((_, at) => at !== 4))],
  ['with a row changed', () => changed((lines) => lines.map((line) => line.replace('"fail"', '"pass"')))],
  [
    'with rows of a table it does not name',
    () => changed((lines) => [lines[0]!, '["table","pg_authid"]', ...lines.slice(1)]),
  ],
  ['with something after its end', () => changed((lines) => [...lines, '{}'])],
  ['with a row of no table', () => changed((lines) => [lines[0]!, '{}', ...lines.slice(1)])],
  ['with a line that is not JSON', () => changed((lines) => ['{', ...lines.slice(1)])],
])('a restore touches nothing for a file that is %s', async (_, make) => {
  const me = await localPerson(store.db);
  await giveCredits(store.db, me.id, 'hand', [{ skill: 'mine', evidence: null }]);
  await expect(restore(store.sql, make(), { replace: true })).rejects.toMatchObject({
    code: 'E-BACKUP-DAMAGED',
  });
  expect(await rowCounts(store.sql)).toMatchObject({ credit: 1, attempt: 0 });
});

test('a restore of a file that is not there is E-INPUT', async () => {
  await expect(restore(store.sql, join(data, 'nope'))).rejects.toMatchObject({ code: 'E-INPUT' });
});

test('a restore that fails in the middle changes nothing', async () => {
  const me = await localPerson(store.db);
  await giveCredits(store.db, me.id, 'hand', [{ skill: 'mine', evidence: null }]);
  // Whole, but with rows that the schema does not take.
  const path = forged((line) => line.replace('"outcome": "fail"', '"outcome": "odd"'));
  await readBackup(path);
  await expect(restore(store.sql, path, { replace: true })).rejects.toMatchObject({ code: 'E-INTERNAL' });
  expect(await rowCounts(store.sql)).toMatchObject({ credit: 1, attempt: 0, person: 1 });
});

test('a restore brings a backup of an older schema up to date', async () => {
  await newDatabase();
  const sql = connect(namedAddress()!);
  await sql.begin((tx) => applyMigrations(tx, knownMigrations().slice(0, 1)));
  await sql`insert into bringup.person (name, local) values ('Ada', true)`;
  const older = join(data, 'older.backup');
  await backUp(sql, older);
  await sql.end();
  await restore(store.sql, older);
  expect((await localPerson(store.db)).name).toBe('Ada');
  const triggers = await store.sql`select tgname from pg_trigger where tgname = 'notify_attempt'`;
  expect(triggers).toHaveLength(1); // of the second migration
});

test.each([
  ['schema', '9999_later', (line: string) => line.replace('"0001_notify"', '"0001_notify","9999_later"')],
  ['format', 'format 2', (line: string) => line.replace('"version":1', '"version":2')],
])('a restore refuses a backup of a newer %s', async (_, words, change) => {
  await expect(restore(store.sql, forged(change))).rejects.toMatchObject({
    code: 'E-DB-NEWER',
    message: expect.stringContaining(words) as string,
  });
});

test('a restore refuses a backup with a table that its own schema does not have', async () => {
  await store.sql`create table bringup.beyond (n int)`;
  const path = join(data, 'beyond.backup');
  await backUp(store.sql, path);
  await expect(restore(store.sql, path, { replace: true })).rejects.toMatchObject({
    code: 'E-BACKUP-DAMAGED',
  });
  expect(await store.sql`select n from bringup.beyond`).toEqual([]);
});
