// SPDX-License-Identifier: Apache-2.0
// Titles of what is reported about locks, contexts, RCU and time.
import type { Report } from './report.ts';
import { functionFrame, relate } from './related.ts';
import { firstMatch, sourceOf } from './text.ts';

/** Describes a report about locking, context or time; false if it is of another kind. */
export function describeLocking(report: Report, lines: readonly string[]): boolean {
  const describe = {
    lockdep,
    rcu,
    'rcu-stall': rcuStall,
    'atomic-sleep': atomicSleep,
    lockup,
    'hung-task': hungTask,
    spinlock,
  }[report.kind as string];
  if (!describe) return false;
  describe(report, lines);
  return true;
}

// kernel/locking/lockdep.c
function lockdep(report: Report, lines: readonly string[]): void {
  const head = firstMatch(
    lines,
    /^(?:WARNING: |INFO: |BUG: |\[ (?:BUG|INFO): )(.{1,120}?)(?: detected)?[!.]?(?: \])?$/,
  )?.[1];
  const names: [RegExp, string][] = [
    [/still has locks held/, 'still has locks held'],
    [/trying to register non-static key/, 'lock used before it was initialized'],
    [/has not been registered/, 'lock key was not registered'],
    [/lock held when returning to user space/, 'lock held when returning to user space'],
  ];
  const what = head ?? 'locking error';
  // 'Nested lock …' and 'Invalid wait context' are ordinary words, 'HARDIRQ-safe …' is not.
  const words = /^[A-Z][a-z]/.test(what) ? what[0]!.toLowerCase() + what.slice(1) : what;
  report.title = names.find(([pattern]) => pattern.test(what))?.[1] ?? words;
  const locks = report.locks ?? [];
  const usage = firstMatch(lines, /^inconsistent (\{\S{1,40}\} -> \{\S{1,40}\}) usage/)?.[1];
  if (usage !== undefined) report.detail = `${locks[0] ?? 'lock'}, ${usage.replace(/[{}]/g, '')}`;
  else
    report.detail = /circular|order|inversion/.test(what) ? locks.slice(0, 2).join(', ') : (locks[0] ?? '');
}

// lockdep_rcu_suspicious: 'file:line suspicious rcu_dereference_check() usage!'
function rcu(report: Report, lines: readonly string[]): void {
  report.title = 'suspicious RCU usage';
  const place = firstMatch(lines, /^(\S{1,300}):(\d{1,7}) (.{1,160})!$/);
  if (!place) return;
  report.detail = (place[3] ?? '').replace(/^suspicious (\S{1,80}) usage$/, '$1 without its lock');
  const source = sourceOf(place[1], place[2]);
  if (source) report.source = source;
}

// kernel/rcu/tree_stall.h
function rcuStall(report: Report, lines: readonly string[]): void {
  report.title = 'RCU grace period stalled';
  if (/self-detected/.test(lines[0] ?? '')) report.detail = 'this CPU did not pass a quiescent state';
  else if (firstMatch(lines, /^(?:rcu: )?\tTasks blocked on /))
    report.detail = 'a task stayed inside a read-side section';
  else report.detail = /expedited/.test(lines[0] ?? '') ? 'expedited grace period' : 'seen from another CPU';
}

// kernel/sched/core.c: __might_resched, __schedule_bug; lib/smp_processor_id.c; kernel/workqueue.c
function atomicSleep(report: Report, lines: readonly string[]): void {
  const head = lines[0] ?? '';
  const using = /^BUG: using (\S{1,80}) in preemptible/.exec(head)?.[1];
  if (using !== undefined) {
    report.title = 'per-CPU access with preemption enabled';
    report.detail = using;
  } else if (head.startsWith('BUG: workqueue leaked')) {
    report.title = 'work function returned in atomic context or with a lock held';
    const work = firstMatch(lines, /workfn=([\w.]{1,120})(?: \[([\w-]{1,64})\])?/);
    report.detail = work?.[1] ?? '';
    if (work) relate(report, 'work function', functionFrame(work[1] ?? '', work[2]));
  } else if (/^BUG: scheduling/.test(head)) {
    report.title = 'scheduling while atomic';
  } else if (/^BUG: assuming/.test(head)) {
    report.title = 'called outside the context it needs';
  } else {
    report.title = 'sleeping function called from invalid context';
  }
  const state = firstMatch(lines, /^in_atomic\(\): (\d{1,6}), irqs_disabled\(\): (\d{1,6})/);
  if (state) {
    const [, atomic, irqs] = state;
    if (irqs !== '0') report.detail = 'interrupts disabled';
    else if (atomic !== '0') report.detail = 'preemption disabled';
    else report.detail = 'inside an RCU read-side section or another place that must not block';
  }
}

// kernel/watchdog.c, kernel/workqueue.c
function lockup(report: Report, lines: readonly string[]): void {
  const head = lines[0] ?? '';
  if (/hard LOCKUP/.test(head)) {
    report.title = 'hard lockup';
    report.detail = 'interrupts disabled for too long';
  } else if (/workqueue lockup/.test(head)) {
    report.title = 'workqueue lockup';
    const seconds = / stuck for (\d{1,10})s/.exec(head)?.[1];
    if (seconds !== undefined) report.detail = `work waits for ${seconds} s`;
  } else if (/soft lockup/.test(head)) {
    report.title = 'soft lockup';
    const seconds = / stuck for (\d{1,10})s/.exec(head)?.[1];
    if (seconds !== undefined) report.detail = `CPU busy in the kernel for ${seconds} s`;
  } else {
    report.title = 'spinlock lockup';
  }
}

// kernel/hung_task.c
function hungTask(report: Report, lines: readonly string[]): void {
  report.title = 'task blocked';
  const seconds = / blocked for more than (\d{1,10}) seconds/.exec(lines[0] ?? '')?.[1];
  if (seconds !== undefined) report.detail = `uninterruptible for more than ${seconds} s`;
}

// kernel/locking/spinlock_debug.c: spin_bug
function spinlock(report: Report, lines: readonly string[]): void {
  const head = /^BUG: (spinlock|rwlock) (.{1,40}) on CPU#/.exec(lines[0] ?? '');
  report.title = head ? `${head[1] ?? ''} ${head[2] ?? ''}` : 'spinlock error';
  const lock = firstMatch(lines, /^\s?lock: ([^,]{1,200}), \.magic/)?.[1];
  if (lock !== undefined && !/^0x/.test(lock)) report.detail = lock;
}
