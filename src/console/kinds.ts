// SPDX-License-Identifier: Apache-2.0
// The kinds of report a kernel prints, and how each one starts.

export interface Kind {
  /** Short name for people. */
  name: string;
  /** How the first line of such a report looks, without the prefix of the log. */
  starts: readonly RegExp[];
  /**
   * What ends it: a line of '=' ('rule'), its stack trace and what belongs to that ('trace'), nothing
   * more ('line'), or the last line of the block that a debugfs file prints ('block').
   */
  ends: 'rule' | 'trace' | 'line' | 'block';
}

// Order matters: the first kind that matches is taken, so the general ones stand last.
const table = {
  // mm/kasan/report.c
  kasan: { name: 'KASAN', starts: [/^BUG: KASAN: /], ends: 'rule' },
  // mm/kfence/report.c
  kfence: { name: 'KFENCE', starts: [/^BUG: KFENCE: /], ends: 'rule' },
  // kernel/kcsan/report.c
  kcsan: { name: 'KCSAN', starts: [/^BUG: KCSAN: /], ends: 'rule' },
  // mm/kmsan/report.c
  kmsan: { name: 'KMSAN', starts: [/^BUG: KMSAN: /], ends: 'rule' },
  // lib/ubsan.c; arch/x86/kernel/traps.c when CONFIG_UBSAN_TRAP is set
  ubsan: { name: 'UBSAN', starts: [/^UBSAN: /], ends: 'trace' },
  // kernel/locking/lockdep.c: lockdep_rcu_suspicious
  rcu: { name: 'RCU', starts: [/^WARNING: suspicious RCU usage/], ends: 'trace' },
  // kernel/locking/lockdep.c; '[ INFO: … ]' until Linux 4.11
  lockdep: {
    name: 'lockdep',
    starts: [
      /^WARNING: possible (?:circular locking|recursive locking|irq lock inversion)/,
      /^WARNING: inconsistent lock state/,
      /^WARNING: .{1,40}-safe -> .{1,40}-unsafe lock order detected/,
      /^WARNING: (?:bad unlock balance|bad contention) detected/,
      /^WARNING: held lock freed/,
      /^WARNING: .{1,60} still has locks held!/,
      /^WARNING: lock held when returning to user space/,
      /^WARNING: Nested lock was not taken/,
      /^WARNING: chain_key collision/,
      /^\[ (?:BUG|INFO): .{1,80} \]$/,
      /^INFO: trying to register non-static key/,
      /^BUG: key \S{1,40} has not been registered/,
      /^BUG: looking up invalid subclass/,
    ],
    ends: 'trace',
  },
  // kernel/rcu/tree_stall.h, tree_exp.h, tasks.h
  'rcu-stall': {
    name: 'RCU stall',
    starts: [/^(?:rcu: )?INFO: rcu\w{0,40} (?:self-)?detected (?:expedited )?stalls? on /],
    ends: 'trace',
  },
  // kernel/sched/core.c, lib/smp_processor_id.c, kernel/workqueue.c
  'atomic-sleep': {
    name: 'atomic sleep',
    starts: [
      /^BUG: sleeping function called from invalid context at /,
      /^BUG: scheduling while atomic: /,
      /^BUG: scheduling in a non-blocking section: /,
      /^BUG: using \S{1,80} in preemptible /,
      /^BUG: assuming (?:atomic|non migratable) context at /,
      /^BUG: workqueue leaked /,
    ],
    ends: 'trace',
  },
  // kernel/watchdog.c, kernel/workqueue.c; 'spinlock lockup suspected' in older kernels
  lockup: {
    name: 'lockup',
    starts: [
      /^(?:watchdog: )?BUG: soft lockup - CPU#/,
      /^(?:NMI )?(?:watchdog: )?(?:CPU\d{1,5}: )?Watchdog detected hard LOCKUP/,
      /^BUG: workqueue lockup - pool/,
      /^BUG: (?:spinlock|rwlock|read-lock|write-lock) lockup/,
    ],
    ends: 'trace',
  },
  // kernel/locking/spinlock_debug.c
  spinlock: { name: 'spinlock', starts: [/^BUG: (?:spinlock|rwlock) .{1,40} on CPU#/], ends: 'trace' },
  // kernel/hung_task.c
  'hung-task': {
    name: 'hung task',
    starts: [/^INFO: task .{1,40}:\d{1,10} blocked for more than /],
    ends: 'trace',
  },
  // mm/page_alloc.c, mm/memory.c, mm/filemap.c, kernel/fork.c
  'bad-page': { name: 'bad page', starts: [/^BUG: Bad (?:page|rss-counter) /], ends: 'trace' },
  // mm/slub.c; the '[… overwritten]' line stands before the others since Linux 6.1
  slab: {
    name: 'slab',
    starts: [/^BUG [^:()]{1,80} \((?:Not tainted|Tainted)[^)]{0,120}\): /, /^\[[\w ]{1,40} overwritten\] 0x/],
    ends: 'trace',
  },
  // lib/refcount.c
  refcount: { name: 'refcount', starts: [/^refcount_t: /], ends: 'trace' },
  // lib/list_debug.c
  'list-corruption': { name: 'list', starts: [/^list_(?:add|del) (?:corruption|double add)/], ends: 'trace' },
  // lib/debugobjects.c
  'debug-objects': {
    name: 'debugobjects',
    starts: [
      /^ODEBUG: \S{1,40} (?:[\w ]{1,30}) \(active state /,
      /^ODEBUG: object \S{1,40} is (?:NOT )?on stack /,
    ],
    ends: 'trace',
  },
  // kernel/dma/debug.c: err_printk
  'dma-api': {
    name: 'DMA API',
    starts: [/^DMA-API: \S{1,80} \S{1,80}: (?:device driver|mapping sg|cacheline|exceeded) /],
    ends: 'trace',
  },
  // mm/usercopy.c, lib/string_helpers.c
  usercopy: {
    name: 'usercopy',
    starts: [
      /^(?:usercopy: )?Kernel memory (?:exposure|overwrite) attempt detected /,
      /^[\w]{1,40}: detected (?:buffer overflow|read overflow|write overflow)/,
      /^detected buffer overflow in /,
    ],
    ends: 'trace',
  },
  // mm/kmemleak.c (an object, in the log or in debugfs)
  leak: {
    name: 'leak',
    starts: [/^(?:kmemleak: )?unreferenced object 0x[0-9a-f]{1,16} \(size \d/],
    ends: 'block',
  },
  // kernel/irq/spurious.c
  irq: { name: 'irq', starts: [/^irq \d{1,6}: nobody cared/], ends: 'trace' },
  // fs/sysfs/dir.c
  sysfs: { name: 'sysfs', starts: [/^sysfs: cannot create duplicate filename /], ends: 'trace' },
  // net/core/dev.c, fs/super.c
  teardown: {
    name: 'teardown',
    starts: [/^unregister_netdevice: waiting for /, /^VFS: Busy inodes after unmount of /],
    ends: 'line',
  },
  // rust/kernel/lib.rs: the panic handler
  'rust-panic': { name: 'Rust panic', starts: [/^rust_kernel: panicked at /], ends: 'trace' },
  // arch/x86/mm/fault.c, arch/x86/kernel/{dumpstack,traps}.c, arch/arm64/{mm/fault,kernel/traps}.c, arch/riscv
  oops: {
    name: 'oops',
    starts: [
      /^BUG: kernel NULL pointer dereference/,
      /^BUG: unable to handle /,
      /^BUG: .{1,40} stack guard page was hit at /,
      /^Unable to handle kernel /,
      /^(?:traps: )?PANIC: double fault/,
      /^Insufficient stack space to handle exception/,
      /^(?:Oops|Internal error|general protection fault|stack segment|divide error|invalid opcode|int3)\b.{0,160}\[#\d{1,6}\]/,
    ],
    ends: 'trace',
  },
  // lib/bug.c, include/asm-generic/bug.h
  bug: { name: 'BUG', starts: [/^[kK]ernel BUG (?:at |\[#)/], ends: 'trace' },
  // kernel/panic.c: __warn; from Linux 6.19 the place comes first
  warning: {
    name: 'WARNING',
    starts: [/^WARNING: CPU: \d{1,5} PID: \d{1,10} at /, /^WARNING: \S{1,300}:\d{1,7} at /],
    ends: 'trace',
  },
  // kernel/panic.c
  panic: { name: 'panic', starts: [/^Kernel panic - not syncing: /], ends: 'trace' },
} as const satisfies Record<string, Kind>;

export type KindId = keyof typeof table;

/** Every kind of report, by its id. */
export const kinds: Readonly<Record<KindId, Kind>> = table;

/** lib/alloc_tag.c: memory of a module that was not freed when it was unloaded. */
export const moduleLeak =
  /^(\S{1,300}):(\d{1,7}) module (\S{1,64}) func:(\S{1,200}) has (\d{1,20}) allocated at module unload/;
/** mm/kmemleak.c: the summary of a scan. */
export const leakSummary = /^kmemleak: (\d{1,10}) new suspected memory leaks?/;

// One quick test for the many lines that start nothing.
const worthAsking =
  /^(?:BUG|WARNING: |INFO: |\[|UBSAN: |rcu: |watchdog: |NMI |Watchdog |CPU|Kernel |kernel BUG|Oops|Internal error|Unable to|Insufficient|general protection|stack segment|divide error|invalid opcode|int3|PANIC|traps: |refcount_t: |list_|ODEBUG: |DMA-API: |usercopy: |detected |kmemleak: |unreferenced |irq |sysfs: |unregister_netdevice: |VFS: |rust_kernel: )/;

/** The kind of report that a line of this text starts, if any. */
export function startOf(text: string): KindId | undefined {
  if (worthAsking.test(text)) {
    for (const id of Object.keys(kinds) as KindId[]) {
      if (kinds[id].starts.some((start) => start.test(text))) return id;
    }
    if (leakSummary.test(text)) return 'leak';
    // Any other complaint of the kernel's own is a BUG of its own, except a detector that is out of space.
    if (/^BUG: (?!MAX_)\S/.test(text)) return 'bug';
    return undefined;
  }
  if (text.includes(': detected ') && kinds.usercopy.starts.some((start) => start.test(text)))
    return 'usercopy';
  if (text.includes('allocated at module unload') && moduleLeak.test(text)) return 'leak';
  return undefined;
}
