// SPDX-License-Identifier: Apache-2.0
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BringupError } from '../shared/errors.ts';
import { serverFiles, socketFolder, socketIn } from './server-files.ts';

export interface LiveServer {
  pid: number;
  /** Folder of its socket. */
  socket: string;
  /** It takes connections. */
  ready: boolean;
}

const pidFile = (): string => join(serverFiles.data(), 'postmaster.pid');

/** The server that runs on our data folder now. What a killed one left behind is not taken for one. */
export function liveServer(): LiveServer | undefined {
  // Lines of postmaster.pid: process, data folder, start time, port, socket folder, address, shared memory, state.
  const [pid, data, , , socket, , , state] = lines(pidFile());
  if (!pid || !isServerOf(Number(pid), data)) return undefined;
  return { pid: Number(pid), socket: socket ?? '', ready: state?.trim() === 'ready' };
}

/**
 * Removes files of a server that is gone when their process id belongs to another program by now: PostgreSQL
 * would take that for a server and refuse to start. All else it can tell by itself, and processes of the old
 * server that are still there it knows by their shared memory. Throws E-DB-START when another database uses our
 * socket.
 */
export function removeStale(): void {
  const socket = socketIn(socketFolder());
  for (const file of [pidFile(), `${socket}.lock`]) {
    const [pid, data] = lines(file);
    if (!pid || commandLine(Number(pid)).length === 0) continue;
    if (isServerOf(Number(pid), data)) {
      throw new BringupError('E-DB-START', `process ${pid} serves another database on our socket ${socket}`, {
        next: `Stop that server (kill -INT ${pid}), then run it again.`,
      });
    }
    rmSync(file, { force: true });
  }
}

/** True when a process is a server that was started on that data folder. */
function isServerOf(pid: number, data: string | undefined): boolean {
  const [program, ...args] = commandLine(pid);
  return (
    data !== undefined && program !== undefined && /(^|\/)postgres$/.test(program) && args.includes(data)
  );
}

/** The arguments of a process; none when it is gone or a zombie. */
function commandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean);
  } catch {
    return [];
  }
}

function lines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch {
    return [];
  }
}
