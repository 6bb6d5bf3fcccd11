// SPDX-License-Identifier: Apache-2.0
// Titles and details: what a report says, in few words for people.
import { describeFault } from './describe-fault.ts';
import { describeLocking } from './describe-locking.ts';
import { describeMemory } from './describe-memory.ts';
import type { Report } from './report.ts';
import { firstMatch, panicPrefix, withoutAddresses } from './text.ts';

/** Fills in what the lines say besides stacks and locks: title, detail, access, object, task, source, panic. */
export function describe(report: Report, lines: readonly string[]): void {
  const task = findTask(lines);
  if (task) report.task = task;
  const panic = lines.find((line) => line.startsWith(panicPrefix))?.slice(panicPrefix.length);
  if (panic !== undefined && report.kind !== 'panic') report.panic = withoutAddresses(panic);
  if (!describeMemory(report, lines) && !describeLocking(report, lines)) describeFault(report, lines);
  report.title = withoutAddresses(report.title);
  report.detail = withoutAddresses(report.detail);
}

const tasks: readonly RegExp[] = [
  / by task (?<comm>.{1,20})\/(?<pid>\d{1,10})$/,
  /^INFO: task (?<comm>.{1,20}):(?<pid>\d{1,10}) blocked for /,
  /^(?:watchdog: )?BUG: soft lockup .{1,80} \[(?<comm>.{1,20}):(?<pid>\d{1,10})\]$/,
  /^(?<comm>.{1,20})\/(?<pid>\d{1,10}) (?:\[HC.{1,80}\] )?(?:is trying to |is freeing |is leaving |takes:|just changed )/,
  /^CPU: \d{1,5} (?:UID: \d{1,10} )?PID: (?<pid>\d{1,10}) Comm: (?<comm>.{1,20}?) (?:Not tainted|Tainted:)/,
];

function findTask(lines: readonly string[]): Report['task'] {
  for (const pattern of tasks) {
    const groups = firstMatch(lines, pattern)?.groups;
    if (groups?.['comm'] !== undefined) return { comm: groups['comm'], pid: Number(groups['pid']) };
  }
  return undefined;
}
