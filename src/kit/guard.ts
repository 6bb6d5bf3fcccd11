// SPDX-License-Identifier: Apache-2.0
import { lstatSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export interface GuardLimits {
  /** Resident memory of all processes together. */
  memoryBytes: number;
  /** Bytes in `folder`. */
  folder: string;
  folderBytes: number;
}

export type Exceeded = 'memory' | 'disk';

const pageBytes = 4096;
const interval = 100; // ms

/**
 * Watches what all processes below `pid` use together, which no per-process limit bounds, and calls
 * `exceeded` once when it is too much. Gives the function that ends the watch.
 */
export function guard(pid: number, limits: GuardLimits, exceeded: (what: Exceeded) => void): () => void {
  const timer = setInterval(() => {
    const what =
      residentBytes(pid) > limits.memoryBytes
        ? 'memory'
        : folderBytes(limits.folder, limits.folderBytes) > limits.folderBytes
          ? 'disk'
          : undefined;
    if (!what) return;
    clearInterval(timer);
    exceeded(what);
  }, interval);
  return () => clearInterval(timer);
}

function residentBytes(pid: number): number {
  let bytes = 0;
  const pending = [pid];
  for (let count = 0; pending.length > 0 && count < 2000; count++) {
    const next = pending.pop()!;
    try {
      bytes += Number(readFileSync(`/proc/${next}/statm`, 'utf8').split(' ')[1]) * pageBytes;
      const children = readFileSync(`/proc/${next}/task/${next}/children`, 'utf8').trim();
      if (children) pending.push(...children.split(' ').map(Number));
    } catch {
      // it ended meanwhile
    }
  }
  return bytes;
}

/** Bytes on disk below a folder; stops counting beyond `enough`. */
export function folderBytes(folder: string, enough = Infinity): number {
  let bytes = 0;
  const pending = [folder];
  while (pending.length > 0 && bytes <= enough) {
    const next = pending.pop()!;
    try {
      for (const entry of readdirSync(next, { withFileTypes: true })) {
        const path = join(next, entry.name);
        if (entry.isDirectory()) pending.push(path);
        else bytes += lstatSync(path).blocks * 512;
      }
    } catch {
      // it went away meanwhile
    }
  }
  return bytes;
}
