// SPDX-License-Identifier: Apache-2.0
// What the log says about itself and about the detectors: lost messages, detectors that stopped, noise.
import type { Message } from './message.ts';

const off: readonly [RegExp, string][] = [
  // kernel/locking/lockdep.c, kernel/panic.c (add_taint)
  [/^INFO: lockdep is turned off/, 'lockdep'],
  [/^turning off the locking correctness validator/, 'lockdep'],
  [/^BUG: MAX_\w{1,40} too low!/, 'lockdep'],
  [/^Disabling lock debugging due to kernel taint/, 'lockdep'],
  // mm/kmemleak.c
  [/^kmemleak: Kernel memory leak detector disabled/, 'kmemleak'],
  [/^kmemleak: Kmemleak disabled without freeing/, 'kmemleak'],
  [/^kmemleak: Cannot allocate a kmemleak_object structure/, 'kmemleak'],
  // lib/debugobjects.c
  [/^ODEBUG: Out of memory\. ODEBUG disabled/, 'debugobjects'],
  // kernel/dma/debug.c
  [/^DMA-API: debugging out of memory/, 'DMA API debugging'],
  [/^DMA-API: debugging disabled/, 'DMA API debugging'],
  [/^DMA-API: cacheline tracking ENOMEM/, 'DMA API debugging'],
  // lib/stackdepot.c: KASAN and others go on, but without the stacks of allocation and free
  [/^(?:stackdepot: )?Stack depot reached limit capacity/, 'stack depot'],
  // kernel/hung_task.c, kernel/watchdog.c
  [/^(?:INFO: )?Future hung task reports are suppressed/, 'hung task detector'],
  [/^(?:watchdog: )?Hard watchdog permanently disabled/, 'hard lockup detector'],
];

// One quick test for the many lines that say nothing of the kind.
const worthAsking =
  /^(?:INFO: |turning off |BUG: MAX_|Disabling |kmemleak: |ODEBUG: |DMA-API: |[Ss]tack ?depot|Future |watchdog: |Hard )/;

/** The name of the detector that this message says is off, or undefined. */
export function detectorOff(message: Message): string | undefined {
  if (!worthAsking.test(message.text)) return undefined;
  return off.find(([pattern]) => pattern.test(message.text))?.[1];
}

/** How many messages were lost just before this one (kernel/printk/printk.c: console_prepend_dropped). */
export function lostMessages(message: Message): number {
  if (!message.text.startsWith('**')) return 0;
  const match = /^\*\* (\d{1,15}) printk messages dropped \*\*/.exec(message.text);
  return match ? Number(match[1]) : 0;
}

const harmless: readonly RegExp[] = [
  // arch/x86/kernel/nmi.c, kernel/events/core.c: measured in host time, which a busy host stretches
  /^INFO: NMI handler .{1,120} took too long to run/,
  /^perf: interrupt took too long/,
  // kernel/rcu/tree_stall.h: the stall was over before anything could be said about it
  /^(?:rcu: )?INFO: Stall ended before state dump start/,
  // kernel/locking/lockdep.c, printed in the middle of other reports
  /^INFO: lockdep is turned off/,
  // kernel/time/clocksource.c: a virtual machine that was not scheduled for a while
  /^clocksource: timekeeping watchdog on CPU/,
];

/** True for lines that look alarming and mean nothing about a driver. */
export function isHarmless(message: Message): boolean {
  return harmless.some((pattern) => pattern.test(message.text));
}
