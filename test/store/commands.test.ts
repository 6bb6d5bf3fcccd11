// SPDX-License-Identifier: Apache-2.0
// bringup db, as it is typed.
import { spawnSync } from 'node:child_process';
import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { repository } from '../../src/shared/paths.ts';
import { databaseState } from '../../src/store/store.ts';
import { drop, newDataFolder } from './helpers.ts';

let data = '';
beforeAll(() => {
  data = newDataFolder();
  const attempt = {
    lab: 'char-echo',
    folder: '/f',
    at: '2026-11-23T10:00:00.000Z',
    outcome: 'pass',
    provisional: false,
    kernel: 'k',
    verdict: { lab: 'char-echo' },
  };
  writeFileSync(join(data, 'attempts.jsonl'), `${JSON.stringify(attempt)}\n`);
});
afterAll(() => drop(data));

function bringup(...args: string[]): { status: number | null; out: string; err: string } {
  const PATH = [dirname(process.execPath), process.env['PATH']].join(delimiter);
  const env = { ...process.env, PATH };
  const result = spawnSync(join(repository, 'bringup'), ['db', ...args], {
    cwd: data,
    env,
    encoding: 'utf8',
  });
  return { status: result.status, out: result.stdout, err: result.stderr };
}

test('status starts nothing', () => {
  const { status, out } = bringup('status');
  expect(status).toBe(0);
  expect(out).toBe(`database  ${join(data, 'postgres', 'data')}\nserver    not running\n`);
  expect(databaseState().running).toBe(false);
});

test('export gives all of a person, with attempts that were only in the file', () => {
  const { status, out } = bringup('export');
  expect(status).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    format: 'bringup-export',
    version: 1,
    person: { local: true },
    attempts: [{ lab: 'char-echo', outcome: 'pass', at: '2026-11-23T10:00:00.000Z' }],
  });
  const file = join(data, 'me.json');
  expect(bringup('export', 'me.json')).toMatchObject({ status: 0, out: '' });
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ attempts: [{ lab: 'char-echo' }] });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(bringup('export', 'me.json')).toMatchObject({
    status: 64,
    err: expect.stringMatching(/^E-INPUT: /) as string,
  });
});

test('status says what is there', () => {
  const { out } = bringup('status');
  expect(out).toMatch(
    /^server {4}running, process \d+\nversion {3}PostgreSQL 18\.\d+\nschema {4}0001_notify\nsize .* MiB\n/m,
  );
  expect(out).toMatch(/^ +1 attempt$/m);
  expect(JSON.parse(bringup('status', '--json').out)).toMatchObject({
    running: true,
    contents: { pending: [], rows: { attempt: 1 } },
  });
});

test('backup and restore go there and back', () => {
  const made = JSON.parse(bringup('backup', '--json').out) as { file: string };
  expect(made.file).toMatch(/backups\/bringup-\d{8}T\d{6}\.\d{3}Z\.backup$/);
  expect(bringup('backup', 'mine.backup').out).toBe(`${join(data, 'mine.backup')}: 3 rows\n`);
  const refused = bringup('restore', 'mine.backup');
  expect(refused.status).toBe(64);
  expect(refused.err).toMatch(/^E-DB-NOT-EMPTY: [^]*--replace/);
  const replaced = bringup('restore', 'mine.backup', '--replace');
  expect(replaced.status).toBe(0);
  expect(replaced.out).toMatch(
    /^restored 3 rows from mine\.backup\nwhat was there before is in .*\.backup\n$/,
  );
  appendFileSync(join(data, 'mine.backup'), 'x');
  writeFileSync(join(data, 'half.backup'), readFileSync(made.file).subarray(0, 200));
  expect(bringup('restore', 'half.backup', '--replace').err).toMatch(/^E-BACKUP-DAMAGED: /);
});

test('an error is JSON too', () => {
  process.env['DATABASE_URL'] = 'postgres://me:secret@127.0.0.1:1/x';
  const { status, out } = bringup('status', '--json');
  delete process.env['DATABASE_URL'];
  expect(status).toBe(2);
  expect(JSON.parse(out)).toMatchObject({ error: { code: 'E-DB-REACH' } });
  expect(out).not.toContain('secret');
});
