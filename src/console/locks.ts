// SPDX-License-Identifier: Apache-2.0
// Locks in lockdep's reports (kernel/locking/lockdep.c: print_lock_name, print_lockdep_cache).

import { parseSymbol, type Stack } from './frame.ts';

/** The names of the locks in the lines, each once, in the order in which they appear. */
export function lockNames(lines: readonly string[]): string[] {
  const names = new Set<string>();
  for (const line of lines) {
    const name = lockName(line);
    if (name !== undefined) names.add(name);
  }
  return [...names];
}

/** No lock: it tells lockdep what may be waited for meanwhile (include/linux/lockdep.h, DEFINE_WAIT_OVERRIDE_MAP). */
const annotation = /-wait-type-override$/;

/** 'ffff888… (&dev->lock){+.+.}-{3:3}, at: fn+…': the part in parentheses, which may hold parentheses itself. */
function lockName(line: string): string | undefined {
  const name = nameIn(line);
  return name === undefined || annotation.test(name) ? undefined : name;
}

function nameIn(line: string): string | undefined {
  const usage = line.indexOf('){');
  const start = line.indexOf(' (');
  if (usage !== -1 && start !== -1 && start < usage) return line.slice(start + 2, usage).trim();
  return / is trying to release lock \((.{1,200}?)\) at:$/.exec(line)?.[1];
}

/** The locks that the task held (' #0: … (&dev->lock){+.+.}-{3:3}, at: fn+…'), each with where it was taken. */
export function heldLocks(lines: readonly string[]): Stack[] {
  return lines.flatMap((line) => {
    if (!/^ #\d{1,3}: /.test(line)) return [];
    const name = lockName(line);
    const at = line.lastIndexOf(', at: ');
    const frame = name === undefined || at === -1 ? undefined : parseSymbol(line.slice(at + 6));
    return frame ? [{ title: `${name ?? ''} taken at`, frames: [frame] }] : [];
  });
}
