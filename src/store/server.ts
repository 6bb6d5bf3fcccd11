// SPDX-License-Identifier: Apache-2.0
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { BringupError, isErrno } from '../shared/errors.ts';
import { withLock } from '../shared/lock.ts';
import { initialize, requireFitting } from './initialize.ts';
import { liveServer, removeStale, type LiveServer } from './live-server.ts';
import { programs, type Programs } from './programs.ts';
import { makeOwnFolder, serverFiles, socketFolder, socketPort } from './server-files.ts';
import { serverFailure } from './server-failure.ts';
import { asServerUser } from './server-user.ts';

/** Milliseconds: to become ready, recovering after a crash included; to end; to wait for another start. */
const patience = { start: 120_000, stop: 30_000, lock: 180_000 };
/** The log is put aside at a start when it has grown over this many bytes. */
const logBytes = 1 << 20;

/** Settings for one person's laptop; they hold from one start to the next. */
const settings = {
  listen_addresses: '',
  port: socketPort,
  unix_socket_permissions: '0700',
  max_connections: 40,
  shared_buffers: '16MB',
  max_wal_size: '128MB',
  min_wal_size: '32MB',
  // Files in the data folder: a log-out that removes a user's shared memory must not break the server.
  dynamic_shared_memory_type: 'mmap',
  // Fewer processes: nothing here replicates, and nothing is so large that it is read in parallel.
  io_method: 'sync',
  wal_level: 'minimal',
  max_wal_senders: 0,
  max_logical_replication_workers: 0,
  max_parallel_workers_per_gather: 0,
  max_parallel_maintenance_workers: 0,
  autovacuum_max_workers: 1,
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
  log_min_error_statement: 'panic', // statements have people's data in them
};

/**
 * The running server of our data folder; starts one in the background when there is none, and makes its
 * database the first time. However many ask at once, there is one server. Throws E-DB-PROGRAMS, E-DB-VERSION,
 * E-DB-START, E-HOST-DISK, E-INTERRUPTED.
 */
export async function startServer(signal?: AbortSignal): Promise<LiveServer> {
  const live = liveServer();
  if (live?.ready) return live;
  mkdirSync(serverFiles.folder(), { recursive: true });
  return withLock(
    serverFiles.lock(),
    async () => {
      const found = programs();
      await initialize(found, signal);
      await requireFitting(found);
      return becomeReady(found, signal);
    },
    { patience: patience.lock },
  );
}

/**
 * Ends the server of our data folder and waits for it; what is committed is kept. Gives the id of its process,
 * or undefined when none ran. Throws E-DB-STOP when it does not end.
 */
export async function stopServer(): Promise<number | undefined> {
  if (!liveServer()) return undefined;
  return withLock(
    serverFiles.lock(),
    async () => {
      const pid = liveServer()?.pid;
      if (!pid) return undefined;
      // Fast shutdown; then immediate shutdown, after which the next start recovers.
      for (const [name, time] of [
        ['SIGINT', patience.stop],
        ['SIGQUIT', 10_000],
      ] as const) {
        signalTo(pid, name);
        for (const until = Date.now() + time; Date.now() < until; await sleep(20))
          if (liveServer()?.pid !== pid) return pid;
      }
      throw new BringupError('E-DB-STOP', `the server (process ${pid}) does not end`);
    },
    { patience: patience.lock },
  );
}

function signalTo(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!isErrno(error, 'ESRCH')) throw error; // it ended by itself
  }
}

/** Starts the server unless it runs, and waits until it takes connections. */
async function becomeReady(found: Programs, signal?: AbortSignal): Promise<LiveServer> {
  const until = Date.now() + patience.start;
  let child: ChildProcess | undefined;
  let logged = 0;
  for (; Date.now() < until; await sleep(15)) {
    if (signal?.aborted) throw new BringupError('E-INTERRUPTED', 'it was stopped');
    const live = liveServer();
    if (live?.ready) return live;
    if (live || (child && child.exitCode === null && child.signalCode === null)) continue;
    if (child) {
      const said = readFileSync(serverFiles.log()).subarray(logged).toString();
      // Another one came first, or processes of a killed server are still there; both pass.
      if (!/lock file ".*" already exists|pre-existing shared memory block/.test(said))
        throw serverFailure(said, 'the database server did not start');
      await sleep(500);
    }
    removeStale();
    ({ child, logged } = spawnServer(found));
  }
  throw new BringupError('E-DB-START', `the server is not ready after ${patience.start / 1000} s`, {
    next: `Read ${serverFiles.log()}. It may still be recovering after a crash: wait, then run it again.`,
  });
}

/** Starts the server in a session of its own; `logged` is the size of the log before that. */
function spawnServer(found: Programs): { child: ChildProcess; logged: number } {
  const socket = socketFolder();
  makeOwnFolder(socket);
  const log = serverFiles.log();
  if (existsSync(log) && statSync(log).size > logBytes) renameSync(log, `${log}.old`);
  const out = openSync(log, 'a', 0o600);
  const quoted = `"${socket.replaceAll('"', '""')}"`; // the setting is a list
  const options = Object.entries({ ...settings, unix_socket_directories: quoted });
  const argv = [found.postgres, '-D', serverFiles.data()];
  for (const [name, value] of options) argv.push('-c', `${name}=${value}`);
  const [program, ...args] = asServerUser(argv, [found.folder, serverFiles.data(), socket]);
  const logged = statSync(log).size;
  const env = { PATH: process.env['PATH'], LC_ALL: 'C' };
  const child = spawn(program!, args, { cwd: '/', env, detached: true, stdio: ['ignore', out, out] });
  child.on('error', () => {}); // its exit code says so too
  child.unref();
  closeSync(out);
  return { child, logged };
}
