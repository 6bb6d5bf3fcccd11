// SPDX-License-Identifier: Apache-2.0
// The shapes of lines inside a report, whatever the report is about.
import { parseFrame } from './frame.ts';

/** lib/bug.c: opens every WARN and BUG, and UBSAN's reports. */
export const cutHere = /^-{8,40}\[ cut here \]-{8,40}/;
/** kernel/panic.c and lib/ubsan.c: closes them. */
export const endTrace = /^---\[ end trace/;
/** The line of '=' before and after a report of a sanitizer or lockdep. */
export const rule = /^={20,100}$/;
/** Starts a stack trace: 'Call Trace:' on x86 and riscv, 'Call trace:' on arm64. */
export const callTrace = /^\s{0,4}Call [Tt]race:/;
/** arch/x86/kernel/dumpstack.c names each stack it walks; the task's own comes last. */
export const stackTag = /^\s{0,4}<(\/?)([A-Z][A-Za-z0-9_#! ]{1,20})>$/;

/** One pattern for lines that start in any of these ways. */
function startsLike(...starts: RegExp[]): RegExp {
  return new RegExp(`^(?:${starts.map(({ source }) => source).join('|')})`);
}

// Who ran where, with what: dump_stack_print_info, print_modules, print_irqtrace_events.
const circumstances = startsLike(
  /CPU: \d|CPU \d{1,5} |Hardware name: |Workqueue: |Stopper: |Tainted: /,
  /Modules linked in:|Unloaded tainted modules:/,
  /irq event stamp: |(?:hard|soft)irqs last |Preemption disabled at:/,
  /note: |Fixing recursive fault|KASAN: /,
);
// arch/x86/kernel/process_64.c: __show_regs; arch/x86/mm/fault.c: show_fault_oops.
const x86 = startsLike(
  /[RE]IP: |Code: |Code starting|RSP: |R[A-Z0-9]{2}: |FS: {2}|CS: {2}|CR2: |DR[03]: |PKRU: |ORIG_RAX/,
  /#PF: |PGD |Oops: /,
);
// arch/arm64/kernel/process.c: __show_regs; arch/arm64/mm/fault.c: mem_abort_decode, show_pte.
const arm64 = startsLike(
  /pstate: |pc : |lr : |sp : |pmr_save: |x\d{1,2} ?: /,
  /Mem abort info:|Data abort info:|(?:swapper|user) pgtable:|\[[0-9a-f]{16}\] (?:pgd|address|user)/,
  / {2}(?:ESR|EC|SET|EA|FSC|ISV|CM|GCS) = /,
);
// arch/riscv/kernel/process.c: __show_regs.
const riscv = startsLike(/epc : | ra : | gp : | [st]\d{1,2} {0,2}: | a\d : |status: /);
// kernel/locking/lockdep.c: what stands around the traces of a report about locks.
const locks = startsLike(
  /\d{1,5} locks? held by |no locks held by | #\d{1,3}: |Showing all locks held|INFO: lockdep is turned off/,
  /Disabling lock debugging|stack backtrace:|other info that might help|Possible unsafe locking| \*\*\* DEADLOCK/,
);
// mm/slub.c, mm/debug.c (dump_page), mm/kasan/report.c, kernel/dma/debug.c.
const memory = startsLike(
  /Allocated |Freed |Slab 0x|Object |Redzone |Bytes b4 |Padding |FIX |\[[\w ]{1,40} overwritten\]/,
  /page: |page dumped because|head: |flags: |raw: |page_type: /,
  /Memory state around|[ >][0-9a-f]{16}: |(?:DMA-API: )?Mapped at:/,
);
// The end of an interrupt, of a network device, of the machine.
const aftermath = startsLike(
  /handlers:|Disabling IRQ #|Future hung task|unregister_netdevice: |ref_tracker: /,
  /Kernel Offset: |Shutting down cpus|SMP: stopping|CPU features: |Memory Limit: |Rebooting in |---\[ end /,
);
const shapes = [circumstances, x86, arm64, riscv, locks, memory, aftermath];

// Stalls and lockups print the state of other CPUs too (kernel/rcu/tree_stall.h, lib/nmi_backtrace.c).
const stall = startsLike(
  /rcu: |\t|Sending NMI from CPU |NMI backtrace for cpu |Task dump for CPU |task:\S|CPU#\d/,
  /Showing busy workqueues|workqueue \S|pool \d| {2}pwq \d| {4}(?:in-flight|pending|inactive):/,
);

/** True if the line belongs to a dump that a report ends with. */
export function isDump(text: string): boolean {
  return (
    shapes.some((shape) => shape.test(text)) ||
    stackTag.test(text) ||
    callTrace.test(text) ||
    endTrace.test(text) ||
    rule.test(text) ||
    parseFrame(text) !== undefined
  );
}

/** True if the line belongs to the report of a stall or a lockup. */
export function isStallDump(text: string): boolean {
  return stall.test(text);
}

/** True if the line belongs to an object of /sys/kernel/debug/kmemleak (mm/kmemleak.c: print_unreferenced). */
export function isLeakDetail(text: string): boolean {
  return (
    /^(?:kmemleak: )?\s{2,4}(?:comm "|hex dump |backtrace|[0-9a-f]{2} [0-9a-f]{2} )/.test(text) ||
    parseFrame(text.replace(/^kmemleak: /, '')) !== undefined
  );
}
