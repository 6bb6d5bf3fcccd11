// SPDX-License-Identifier: Apache-2.0
// The server that bringup starts by itself: one however many ask, in the background, and nothing committed is lost.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Address } from '../../src/store/address.ts';
import { databaseState, openStore, startDatabase, stopDatabase } from '../../src/store/store.ts';
import { drop, isAlive, isRoot, newDataFolder, pidIn, script, until } from './helpers.ts';

let data = '';

const postgres = (...parts: string[]): string => join(data, 'postgres', ...parts);

async function rows(): Promise<number[]> {
  const { sql, close } = await openStore();
  await sql`create table if not exists t (n int)`;
  const found = await sql<{ n: number }[]>`select n from t order by n`;
  await close();
  return found.map(({ n }) => n);
}

async function add(n: number): Promise<void> {
  await rows();
  const { sql, close } = await openStore();
  await sql`insert into t values (${n})`;
  await close();
}

describe('starting', () => {
  beforeEach(() => (data = newDataFolder()));
  afterEach(() => drop(data));

  test('outlives the command that did it, and the next one finds it', async () => {
    const child = script('await store.startDatabase(); console.log(store.databaseState().pid)');
    const pid = Number(await child.output);
    expect(isAlive(pid)).toBe(true);
    expect(databaseState()).toEqual({ kind: 'own', address: postgres('data'), running: true, pid });
    expect(statSync(`/proc/${pid}`).uid).toBe(isRoot ? 65534 : process.getuid!());
    await startDatabase();
    expect(databaseState().pid).toBe(pid);
    expect(await stopDatabase()).toBe(pid);
    expect(isAlive(pid)).toBe(false);
    expect(databaseState().running).toBe(false);
    expect(await stopDatabase()).toBeUndefined();
  });

  test('by several at once gives one server, made once', async () => {
    const source =
      'const s = await store.openStore(); console.log(store.databaseState().pid); await s.close()';
    const pids = await Promise.all(Array.from({ length: 4 }, () => script(source).output));
    expect(new Set(pids)).toEqual(new Set([String(databaseState().pid)]));
    const log = readFileSync(postgres('server.log'), 'utf8');
    expect(log.match(/ready to accept connections/g)).toHaveLength(1);
    expect(log).not.toMatch(/FATAL|ERROR/);
  });

  test('can be killed at any time; the next one goes on, and leaves nothing behind', async () => {
    for (const time of [300, 550, 700, 800, 900]) {
      const child = script('await store.openStore()');
      await sleep(time);
      child.kill('SIGKILL');
      await child.output;
    }
    await add(1);
    expect(await rows()).toEqual([1]);
    await stopDatabase();
    expect(readdirSync(postgres()).sort()).toEqual(['data', 'run', 'server.log']);
  });

  test('works below a folder whose name is too long for a socket', async () => {
    const top = data;
    data = join(top, 'a-long-name-'.repeat(8), "it's");
    mkdirSync(data, { recursive: true });
    process.env['BRINGUP_DATA'] = data;
    await add(1);
    const { host } = await startDatabase();
    expect(host).toMatch(/^\/tmp\/bringup-\d+-[0-9a-f]{12}$/);
    expect(statSync(host).mode & 0o777).toBe(0o700);
    expect(await rows()).toEqual([1]);
    await drop(data);
    rmSync(host, { recursive: true });
    data = top;
  });

  test('refuses a socket folder in /tmp that somebody else has made', async () => {
    const top = data;
    data = join(top, 'a-long-name-'.repeat(8));
    mkdirSync(data, { recursive: true });
    process.env['BRINGUP_DATA'] = data;
    const { host } = await startDatabase();
    await stopDatabase();
    chmodSync(host, 0o777);
    await expect(startDatabase()).rejects.toMatchObject({ code: 'E-DB-START' });
    rmSync(host, { recursive: true });
    expect(await startDatabase()).toMatchObject({ host });
    await drop(data);
    rmSync(host, { recursive: true });
    data = top;
  });

  test.runIf(isRoot)('as root works in a folder that only root may enter', async () => {
    chmodSync(data, 0o700);
    await add(1);
    expect(await rows()).toEqual([1]);
    const { pid } = databaseState();
    // CAP_DAC_READ_SEARCH and no other.
    expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/CapEff:\s+0000000000000004\n/);
  });
});

describe('after the server was killed', () => {
  beforeEach(() => (data = newDataFolder()));
  afterEach(() => drop(data));

  const kill = async (): Promise<void> => {
    const pid = pidIn(data);
    process.kill(pid, 'SIGKILL');
    await until(() => !isAlive(pid));
  };

  test('everything committed is there, and a new server starts', async () => {
    const { sql, close } = await openStore();
    await sql`create table t (n int)`;
    for (let n = 1; n <= 20; n++) await sql`insert into t values (${n})`;
    const failing = sql`select pg_sleep(20)`.then(
      () => 'none',
      (error: { code: string }) => error.code,
    );
    await sleep(50);
    await kill();
    await failing;
    expect(databaseState().running).toBe(false);
    await startDatabase();
    // The same store reaches the new server by itself.
    expect(await sql`select count(*)::int as rows from t`).toEqual([{ rows: 20 }]);
    await close();
  });

  test('a pid file that names another program by now is recognised', async () => {
    await add(1);
    await kill();
    const other = spawn('sleep', ['60']);
    const file = postgres('data', 'postmaster.pid');
    const socket = join(postgres('run'), '.s.PGSQL.5432.lock');
    for (const one of [file, socket])
      writeFileSync(one, readFileSync(one, 'utf8').replace(/^\d+/, String(other.pid)));
    expect(databaseState().running).toBe(false);
    expect(await stopDatabase()).toBeUndefined();
    expect(await rows()).toEqual([1]);
    expect(isAlive(other.pid!)).toBe(true);
    other.kill();
  });

  test('processes it left behind are waited for', async () => {
    await add(1);
    const { sql, close } = await openStore();
    const busy = sql`select count(*) from generate_series(1, 3000000) a where a * 2 = a + 5`.then(
      () => 'done',
      () => 'broken',
    );
    await until(async () => {
      const found =
        await sql`select 1 from pg_stat_activity where query like '%generate_series%' and pid <> pg_backend_pid()`;
      return found.length > 0;
    });
    await kill();
    expect(await rows()).toEqual([1]);
    await busy;
    await close();
  });
});

describe('a server', () => {
  let address: Address;
  beforeAll(async () => {
    data = newDataFolder();
    address = await startDatabase();
  });
  afterAll(() => drop(data));

  test('makes a database in UTF-8 with checksums, for a role that is no superuser, on a socket alone', async () => {
    const { sql, close } = await openStore();
    const [is] = await sql`
      select current_setting('server_encoding') as encoding, current_setting('data_checksums') as checksums,
        current_setting('listen_addresses') as tcp, current_setting('fsync') as fsync,
        datlocprovider::text || ' ' || datlocale as locale, current_user as role,
        (select rolsuper from pg_roles where rolname = current_user) as super
      from pg_database where datname = current_database()`;
    await close();
    expect(is).toEqual({
      encoding: 'UTF8',
      checksums: 'on',
      tcp: '',
      fsync: 'on',
      locale: 'b C.UTF-8',
      role: 'bringup',
      super: false,
    });
    expect(statSync(postgres('data')).mode & 0o777).toBe(0o700);
    expect(statSync(postgres('run')).mode & 0o777).toBe(0o700);
  });

  test.runIf(isRoot)('as root keeps no capability where none is needed', () => {
    expect(readFileSync(`/proc/${databaseState().pid}/status`, 'utf8')).toMatch(/CapBnd:\s+0{16}\n/);
  });

  test.runIf(isRoot)('lets only the user of bringup in', async () => {
    const socket = join(address.host, '.s.PGSQL.5432');
    expect(greeting(socket, 0)).toBe('R'); // let in
    expect(greeting(socket, 1)).toBe(''); // can not reach the socket
    chmodSync(address.host, 0o755);
    chmodSync(socket, 0o777);
    expect(greeting(socket, 1)).toBe('E'); // is refused
    expect(greeting(socket, 65534)).toBe('E'); // so is the user the server itself has
    chmodSync(address.host, 0o700);
  });
});

/** The first byte a server answers another user with: R when it goes on, E for an error. */
function greeting(socket: string, user: number): string {
  const program = `use IO::Socket::UNIX; my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or exit 1;
    my $m = pack('N', 196608) . "user\\0bringup\\0database\\0bringup\\0\\0";
    print $s pack('N', 4 + length $m) . $m; $s->flush; read($s, my $b, 1); print $b;`;
  const argv = [`--reuid=${user}`, `--regid=${user}`, '--clear-groups', 'perl', '-e', program, socket];
  return spawnSync('setpriv', argv, { encoding: 'utf8' }).stdout;
}
