// SPDX-License-Identifier: Apache-2.0
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Sql } from 'postgres';
import { repository } from '../../src/shared/paths.ts';
import { connect, openStore, startDatabase, stopDatabase, type Store } from '../../src/store/store.ts';

export const isRoot = process.getuid?.() === 0;

/** A new folder that the server's user can reach, in the place of the learner's data folder. */
export function newDataFolder(): string {
  const memory = '/dev/shm'; // a database is made several times faster there
  const folder = mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), 'bringup-store-'));
  chmodSync(folder, 0o755);
  process.env['BRINGUP_DATA'] = folder;
  delete process.env['DATABASE_URL'];
  return folder;
}

/** Ends the server of a data folder and removes the folder. */
export async function drop(folder: string): Promise<void> {
  process.env['BRINGUP_DATA'] = folder;
  delete process.env['DATABASE_URL'];
  await stopDatabase();
  rmSync(folder, { recursive: true, force: true });
}

/** The process id in a server's pid file. */
export function pidIn(folder: string): number {
  return Number(readFileSync(join(folder, 'postgres', 'data', 'postmaster.pid'), 'utf8').split('\n')[0]);
}

export function isAlive(pid: number): boolean {
  const stat = `/proc/${pid}/stat`;
  return existsSync(stat) && !/\) Z /.test(readFileSync(stat, 'utf8'));
}

export async function until(holds: () => boolean | Promise<boolean>, patience = 10_000): Promise<void> {
  for (const end = Date.now() + patience; !(await holds()); await new Promise((r) => setTimeout(r, 20)))
    if (Date.now() > end) throw new Error('it did not come to that');
}

/** Runs a script in a process of its own, with everything that `store.ts` exports at hand. */
export function script(source: string, root = repository): ChildProcess & { output: Promise<string> } {
  const text = `
    const store = await import(${JSON.stringify(join(root, 'src/store/store.ts'))});
    const fail = (error) => { console.log(error.code + ': ' + error.message); process.exit(3); };
    try { ${source} } catch (error) { fail(error); }`;
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', text],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  return Object.assign(child, { output: once(child, 'close').then(() => said.trim()) });
}

/** What a query gives when our role or the superuser asks it in our server. */
export async function asSuperuser<T>(work: (sql: Sql) => Promise<T>, database = 'postgres'): Promise<T> {
  const named = process.env['DATABASE_URL'];
  delete process.env['DATABASE_URL'];
  const sql = connect({ ...(await startDatabase()), user: 'postgres', database }, 1);
  if (named) process.env['DATABASE_URL'] = named;
  try {
    return await work(sql);
  } finally {
    await sql.end();
  }
}

let databases = 0;

/** Makes an empty database in our server and lets DATABASE_URL name it. */
export async function newDatabase(): Promise<string> {
  const name = `test_${++databases}`;
  await asSuperuser((sql) => sql.unsafe(`create database ${name} owner bringup`));
  delete process.env['DATABASE_URL'];
  const { host } = await startDatabase();
  process.env['DATABASE_URL'] = `postgres://bringup@${encodeURIComponent(host)}/${name}`;
  return name;
}

/** An open store on a new database. */
export async function newStore(): Promise<Store> {
  await newDatabase();
  return openStore();
}

/** The code of the error that a promise is rejected with. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return (error as { code: string }).code;
  }
  return 'none';
}
