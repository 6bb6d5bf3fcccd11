// SPDX-License-Identifier: Apache-2.0
// A full disk, on a small disk of its own: a clear error, and everything that was stored is there afterwards.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { backUp } from '../../src/store/backup.ts';
import { giveCredits } from '../../src/store/credits.ts';
import { localPerson } from '../../src/store/people.ts';
import { markStep, stepsDone } from '../../src/store/plans.ts';
import { guarded } from '../../src/store/store-error.ts';
import { databaseState, openStore, startDatabase, stopDatabase } from '../../src/store/store.ts';
import { codeOf, drop, isRoot, newDataFolder, until } from './helpers.ts';

/** Only root may mount. */
describe.runIf(isRoot)('on a full disk', () => {
  let data = '';
  const mount = (megabytes: number): void =>
    void execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', data]);
  const resize = (megabytes: number): void =>
    void execFileSync('mount', ['-o', `remount,size=${megabytes}m`, data]);
  const ballast = (): string => join(data, 'ballast');
  const fillUp = (): void => {
    const { bavail, bsize } = statfsSync(data);
    try {
      writeFileSync(ballast(), Buffer.alloc(bavail * bsize));
    } catch {
      // It took what there was.
    }
  };

  beforeAll(() => {
    data = newDataFolder();
    mount(20);
  });
  afterAll(async () => {
    process.env['BRINGUP_DATA'] = data;
    await stopDatabase();
    execFileSync('umount', [data]);
    await drop(data);
  });

  test('the database is not made, in part neither', async () => {
    await expect(startDatabase()).rejects.toMatchObject({
      code: 'E-HOST-DISK',
      next: expect.stringContaining('Free some space') as string,
    });
    expect(readdirSync(join(data, 'postgres'))).toEqual([]);
    fillUp();
    expect(await codeOf(startDatabase())).toBe('E-HOST-DISK');
    rmSync(ballast());
  });

  test('changes are refused, and what was stored is kept', async () => {
    resize(110);
    const store = await openStore();
    const me = (await localPerson(store.db)).id;
    const stored: string[] = [];
    let code = 'none';
    // Kernel logs do not compress away: random text, until it is full.
    const big = (): string =>
      Array.from({ length: 20_000 }, () => Math.random().toString(36).slice(2)).join('');
    for (let n = 0; code === 'none' && n < 2000; n++) {
      const step = `step-${n}`;
      code = await codeOf(markStep(store.db, me, step, { big: big() }));
      if (code === 'none') stored.push(step);
    }
    expect(code).toBe('E-HOST-DISK');
    expect(stored.length).toBeGreaterThan(10);
    await store.close();

    resize(300);
    const after = await openStore();
    const done = (await stepsDone(after.db, me, {})).map(({ step }) => step);
    expect(done.filter((step) => stored.includes(step))).toEqual(stored);
    await giveCredits(after.db, me, 'hand', [{ skill: 'room-again', evidence: null }]);
    await after.close();
  });

  test('a server that had to end says why, and nothing is lost', async () => {
    const store = await openStore();
    const me = (await localPerson(store.db)).id;
    await markStep(store.db, me, 'before', null);
    fillUp();
    // Fills the log that every change is written to first; without it PostgreSQL can not go on.
    const log = guarded(() => store.sql`select pg_logical_emit_message(false, 'x', repeat('x', 1000000))`);
    let code = 'none';
    for (let n = 0; code === 'none' && n < 200; n++) code = await codeOf(log());
    expect(code).toBe('E-HOST-DISK');
    rmSync(ballast());
    expect(readFileSync(join(data, 'postgres', 'server.log'), 'utf8')).toMatch(/PANIC: .*No space left/);
    await store.close();
    await until(async () => (await codeOf(startDatabase())) === 'none', 20_000);
    const after = await openStore();
    expect((await stepsDone(after.db, me, {})).map(({ step }) => step)).toContain('before');
    await after.close();
  });

  test('a backup is not left in part', async () => {
    const store = await openStore();
    fillUp();
    mkdirSync(join(data, 'b'));
    await expect(backUp(store.sql, join(data, 'b', 'one.backup'))).rejects.toMatchObject({
      code: 'E-HOST-DISK',
    });
    expect(readdirSync(join(data, 'b'))).toEqual([]);
    rmSync(ballast());
    await backUp(store.sql, join(data, 'b', 'one.backup'));
    await store.close();
  });

  test('a start says so, and works once there is room', async () => {
    await stopDatabase();
    fillUp();
    expect(await codeOf(startDatabase())).toMatch(/^(E-HOST-DISK|none)$/);
    rmSync(ballast());
    await startDatabase();
    expect(databaseState().running).toBe(true);
  });
});
