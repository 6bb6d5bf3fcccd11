// SPDX-License-Identifier: Apache-2.0
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BringupError, isErrno } from './errors.ts';

/** When a process began, in clock ticks since boot; tells a process from a later one with its id. */
export function processStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]; // field 22 of proc_pid_stat(5)
  } catch {
    return undefined;
  }
}

/**
 * Runs `work` while holding the lock file; one process at a time. A lock whose holder is gone is taken
 * over. Waits for `patience` milliseconds, then throws E-BUSY; `onWait` is told whom it waits for.
 */
export async function withLock<T>(
  file: string,
  work: () => Promise<T>,
  options: { patience?: number; onWait?: (pid: number) => void } = {},
): Promise<T> {
  mkdirSync(dirname(file), { recursive: true });
  const until = Date.now() + (options.patience ?? Infinity);
  let told = false;
  for (;;) {
    if (take(file)) break;
    const holder = readHolder(file);
    if (!told && holder) options.onWait?.(holder);
    told = true;
    if (Date.now() > until) {
      throw new BringupError('E-BUSY', `process ${holder ?? '?'} holds ${file}`);
    }
    await sleep(100);
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

/** The process that holds a lock file now. */
export function lockHolder(file: string): number | undefined {
  return readHolder(file);
}

function take(file: string): boolean {
  try {
    const fd = openSync(file, 'wx');
    writeSync(fd, `${process.pid} ${processStart(process.pid)}`);
    closeSync(fd);
    return true;
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
  }
  if (readHolder(file) === undefined) rmSync(file, { force: true });
  return false;
}

function readHolder(file: string): number | undefined {
  try {
    const [pid, start] = readFileSync(file, 'utf8').split(' ');
    // An empty file is one that is being written this instant.
    if (!pid) return 0;
    return processStart(Number(pid)) === start ? Number(pid) : undefined;
  } catch {
    return undefined;
  }
}
