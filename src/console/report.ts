// SPDX-License-Identifier: Apache-2.0
import { describe } from './describe.ts';
import type { Frame, Stack } from './frame.ts';
import type { KindId } from './kinds.ts';
import { leakReports, parseKmemleak } from './kmemleak.ts';
import { leakSummary } from './kinds.ts';
import { heldLocks, lockNames } from './locks.ts';
import type { Message } from './message.ts';
import { segment, type Span } from './segment.ts';
import { collectStacks } from './stacks.ts';

/** One problem that the kernel reported. */
export interface Report {
  kind: KindId;
  /** What it is, in one line for people, without addresses: 'slab-use-after-free'. */
  title: string;
  /** What exactly: 'write of 8 bytes'. May be empty. */
  detail: string;
  /** Indexes of its first and last message. Messages of other contexts may stand between. */
  first: number;
  last: number;
  /** The stack of the event itself, innermost first. */
  trace: Frame[];
  /** Where the object was allocated, and where it was freed. */
  allocated?: Frame[];
  freed?: Frame[];
  /** Other stacks that explain it: where a lock was taken before, who raced, where a buffer was mapped. */
  related?: Stack[];
  /** `size` is 0 where the kernel does not say it. */
  access?: { write: boolean; size: number; address: bigint };
  /** Where in which object: '0 bytes after a 16-byte object of kmalloc-16'. */
  object?: string;
  /** Names of the locks in it, in the order in which the report names them. */
  locks?: string[];
  task?: { comm: string; pid: number };
  /** The source line that the kernel itself names as the place. */
  source?: { file: string; line: number };
  /** Why the kernel panicked, if this report brought it down. */
  panic?: string;
  /** True if the log stops, or goes on with something else, in the middle of it. */
  truncated?: true;
}

/**
 * All reports in the messages (the first 10,000), in the order in which they start. Takes any log, also a part of one, and
 * the contents of /sys/kernel/debug/kmemleak.
 */
export function findReports(messages: readonly Message[]): Report[] {
  const spans = segment(messages);
  const reports = spans.map((span) => toReport(span, messages));
  // The summary of a scan says nothing that the objects themselves do not.
  const objects = reports.some(({ kind, allocated }) => kind === 'leak' && allocated);
  return reports.filter((report, i) => {
    if (isFortifysBug(report, reports[i - 1])) return false;
    const span = spans[i];
    return !(objects && span?.kind === 'leak' && leakSummary.test(messages[span.lines[0] ?? 0]?.text ?? ''));
  });
}

/** lib/string_helpers.c: __fortify_panic stops with a BUG of its own what __fortify_report has reported. */
function isFortifysBug({ kind, source }: Report, previous: Report | undefined): boolean {
  return kind === 'bug' && source?.file === 'lib/string_helpers.c' && /FORTIFY/.test(previous?.title ?? '');
}

// kernel/locking/lockdep.c: lockdep_sys_exit; kernel/fork.c: check_mm. They print no stack.
const endsWithoutTrace = /^(?:WARNING: lock held when returning to user space|BUG: Bad rss-counter state)/;

function toReport(span: Span, messages: readonly Message[]): Report {
  const lines = span.lines.map((index) => messages[index]?.text ?? '');
  const place = { first: span.lines[0] ?? 0, last: span.lines.at(-1) ?? 0 };
  if (span.kind === 'leak') {
    const object = leakReports(parseKmemleak(lines.join('\n')))[0];
    if (object) return { ...object, ...place };
  }
  const ownStack = span.kind === 'kfence' || span.kind === 'kcsan' || span.kind === 'kmsan';
  const { trace, allocated, freed, related } = collectStacks(lines, ownStack);
  const report: Report = { kind: span.kind, title: '', detail: '', ...place, trace };
  if (allocated) report.allocated = allocated;
  if (freed) report.freed = freed;
  if (span.kind === 'lockdep' || span.kind === 'rcu' || span.kind === 'atomic-sleep') {
    const locks = lockNames(lines);
    if (locks.length > 0) report.locks = locks;
    related.unshift(...heldLocks(lines));
  }
  if (related.length > 0) report.related = related;
  if (!span.complete && !endsWithoutTrace.test(lines[0] ?? '')) report.truncated = true;
  describe(report, lines);
  return report;
}
