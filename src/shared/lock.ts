// SPDX-License-Identifier: Apache-2.0
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

/** A lock is a link to a file that was written before: it is whole from the instant it is there. */
function take(file: string): boolean {
  const mine = `${file}.${process.pid}`;
  writeFileSync(mine, `${process.pid} ${processStart(process.pid)}`);
  try {
    if (linked(mine, file)) return true;
    if (isLeft(file)) dropLeft(file, mine);
    return false;
  } finally {
    rmSync(mine, { force: true });
  }
}

/** Removes a lock whose holder is gone; one process at a time, or it might remove its successor's. */
function dropLeft(file: string, mine: string): void {
  const turn = `${file}.turn`;
  if (linked(mine, turn)) {
    if (isLeft(file)) rmSync(file, { force: true });
    rmSync(turn, { force: true });
  } else if (isLeft(turn)) rmSync(turn, { force: true });
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false;
    throw error;
  }
}

/** True for a lock without a living holder; a lock that was let go of this instant is none. */
function isLeft(file: string): boolean {
  const text = readLock(file);
  return text !== undefined && holderIn(text) === undefined;
}

function readHolder(file: string): number | undefined {
  return holderIn(readLock(file) ?? '');
}

function readLock(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function holderIn(text: string): number | undefined {
  const [pid, start] = text.split(' ');
  return start !== undefined && processStart(Number(pid)) === start ? Number(pid) : undefined;
}
