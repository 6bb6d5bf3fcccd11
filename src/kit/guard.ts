// SPDX-License-Identifier: Apache-2.0
import { lstatSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../shared/errors.ts';

export interface GuardLimits {
  /** Resident memory of all processes together. */
  memoryBytes: number;
  /** Bytes in `folder`. */
  folder: string;
  folderBytes: number;
  /** Processes at one time. */
  processes: number;
}

export type Exceeded = 'memory' | 'disk' | 'processes';

const pageBytes = 4096;
const interval = 100; // ms

/**
 * Watches what all processes below `pid` use together, which no per-process limit bounds, and calls
 * `exceeded` once when it is too much. Gives the function that ends the watch.
 */
export function guard(pid: number, limits: GuardLimits, exceeded: (what: Exceeded) => void): () => void {
  const timer = setInterval(() => {
    const what = exceededNow(pid, limits);
    if (!what) return;
    clearInterval(timer);
    exceeded(what);
  }, interval);
  return () => clearInterval(timer);
}

function exceededNow(pid: number, limits: GuardLimits): Exceeded | undefined {
  const { bytes, count } = usedBelow(pid, limits.processes);
  if (bytes > limits.memoryBytes) return 'memory';
  if (count > limits.processes) return 'processes';
  return folderBytes(limits.folder, limits.folderBytes) > limits.folderBytes ? 'disk' : undefined;
}

/** Resident memory and number of the processes from `pid` down; stops counting beyond `enough`. */
function usedBelow(pid: number, enough: number): { bytes: number; count: number } {
  let bytes = 0;
  let count = 0;
  const pending = [pid];
  for (; pending.length > 0 && count <= enough; count++) {
    const next = pending.pop()!;
    try {
      bytes += Number(readFileSync(`/proc/${next}/statm`, 'utf8').split(' ')[1]) * pageBytes;
      // Each thread has children of its own.
      for (const thread of readdirSync(`/proc/${next}/task`)) {
        const children = readFileSync(`/proc/${next}/task/${thread}/children`, 'utf8').trim();
        if (children) pending.push(...children.split(' ').map(Number));
      }
    } catch {
      // it ended meanwhile
    }
  }
  return { bytes, count };
}

/**
 * Bytes on disk below a folder, an entry counting as a page at least; stops counting beyond `enough`.
 * What can not be looked into, because it is too deep or closed, counts as more than any limit.
 */
export function folderBytes(folder: string, enough = Infinity): number {
  let bytes = 0;
  const pending = [folder];
  while (pending.length > 0 && bytes <= enough) {
    const next = pending.pop()!;
    try {
      for (const entry of readdirSync(next, { withFileTypes: true })) {
        const path = join(next, entry.name);
        bytes += entry.isDirectory() ? pageBytes : Math.max(pageBytes, lstatSync(path).blocks * 512);
        if (entry.isDirectory()) pending.push(path);
        if (bytes > enough) break;
      }
    } catch (error) {
      const gone = isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR');
      if (!gone) return Infinity;
    }
  }
  return bytes;
}
