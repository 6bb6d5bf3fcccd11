// SPDX-License-Identifier: Apache-2.0
// Backups: all there is, of one instant, whole or not there.
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { readBackup } from '../../src/store/backup-file.ts';
import { backUp } from '../../src/store/backup.ts';
import { exportPerson } from '../../src/store/export.ts';
import { localPerson } from '../../src/store/people.ts';
import { restore } from '../../src/store/restore.ts';
import type { Store } from '../../src/store/store.ts';
import { rowCounts } from '../../src/store/tables.ts';
import { fill, odd } from './filled.ts';
import { drop, newDataFolder, newStore } from './helpers.ts';

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

test('a backup brings everything back as it was', async () => {
  const { header, rows } = await readBackup(full);
  expect(await restore(store.sql, full)).toEqual({ rows });
  const exported = await exportPerson(store.db, (await localPerson(store.db)).id);
  const counts = await rowCounts(store.sql);
  expect(counts).toMatchObject({
    person: 1,
    attempt: 60,
    placement_session: 1,
    placement_answer: 1,
    credit: 1,
    plan: 1,
    step_done: 1,
  });
  expect(header.tables.sort()).toEqual(Object.keys(counts).sort());
  const second = join(data, 'second.backup');
  await backUp(store.sql, second);
  const body = (path: string): string[] =>
    gunzipSync(readFileSync(path)).toString().split('\n').slice(1, -2).sort();
  expect(body(second)).toEqual(body(full));
  expect(exported).toMatchObject({
    format: 'bringup-export',
    version: 1,
    plans: [{ reason: odd }],
    attempts: { length: 60 },
  });
  expect(statSync(second).mode & 0o777).toBe(0o600);
});

test('a backup is of one instant, however much is written meanwhile', async () => {
  await store.sql`create table bringup.pair_a (n int)`;
  await store.sql`create table bringup.pair_z (n int)`;
  let stop = false;
  const writer = (async () => {
    for (let n = 0; !stop; n++)
      await store.sql.begin(async (tx) => {
        await tx`insert into bringup.pair_z values (${n})`;
        await tx`insert into bringup.pair_a values (${n})`;
      });
  })();
  for (let round = 0; round < 5; round++) {
    const path = join(data, `busy-${round}.backup`);
    await backUp(store.sql, path);
    const rows: Record<string, number> = { pair_a: 0, pair_z: 0 };
    await readBackup(path, { onRow: (table) => void (rows[table] = (rows[table] ?? 0) + 1) });
    expect(rows['pair_a']).toBe(rows['pair_z']);
  }
  stop = true;
  await writer;
});

test('a backup does not take the place of a file, and leaves none when it fails', async () => {
  await expect(backUp(store.sql, full)).rejects.toMatchObject({ code: 'E-INPUT' });
  const before = readdirSync(data);
  await expect(backUp(store.sql, join(data, 'no', 'folder'))).rejects.toMatchObject({ code: 'E-INPUT' });
  await expect(backUp(store.sql, data)).rejects.toMatchObject({ code: 'E-INPUT' });
  expect(readdirSync(data)).toEqual(before);
});

test('a backup can be read without bringup', () => {
  const text = execFileSync('gzip', ['-dc'], { input: readFileSync(full), maxBuffer: 1 << 28 }).toString();
  for (const line of text.trimEnd().split('\n')) JSON.parse(line);
});

test('no column counts by itself: a restore would not let it go on', async () => {
  expect(await store.sql`select * from pg_sequences where schemaname = 'bringup'`).toEqual([]);
});
