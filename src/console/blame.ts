// SPDX-License-Identifier: Apache-2.0
// Which frame of a report to show, and to hold responsible.
import type { Frame } from './frame.ts';
import type { Report } from './report.ts';

// Detectors and what prints their reports: never the cause.
const detectors =
  /^(?:_{0,3}(?:kasan|asan|hwasan|kmsan|msan|kcsan|tsan|ubsan|kfence|kmemleak|lockdep|lock_|fortify|warn|kunit)|print_|dump_|show_|report_bug|handle_bug|panic|__?might_|_{0,2}printk|vprintk|check_|mark_lock|validate_chain|debug_|_{0,2}schedule_bug|nmi_|trigger_|rcu_(?:dump|check|sched_clock|stall|lockdep)|watchdog|usercopy_abort|__list_(?:add|del)_|refcount_warn|oops_|die\b|exc_|asm_exc_|asm_sysvec|sysvec_|no_context|page_fault|do_(?:user_addr|kern_addr)|spin_bug|rwlock_bug|bad_page|slab_(?:err|bug|pad)|object_err|register_lock_class|note_interrupt|handle_(?:irq|simple_irq|level_irq|edge_irq|fasteoi_irq)|__report_bad_irq|rust_helper_BUG)/;
// Helpers that do what they are asked to: their caller is the place to look at.
const helpers =
  /^(?:_{0,2}(?:kmalloc|kzalloc|kcalloc|kfree|kvfree|kvmalloc|krealloc|kmem_cache|slab_|vmalloc|vfree|mem(?:cpy|set|move|cmp|chr)|str(?:n?cpy|scpy|n?len|n?cmp|n?cat|chr|str)|copy_(?:to|from)_user|_copy_|rep_|raw_(?:spin|read|write)|_?raw_spin|mutex_|down_|up_|rwsem|rt_mutex|schedule|wait_for_common|wait_for_completion|io_schedule|list_|refcount_|kref|set_track|stack_trace|stack_depot|alloc_pages|post_alloc|free_pages|free_unref|call_rcu|preempt_|pagefault|check_object_size|check_heap|__schedule|cpu_relax|native_|queued_|pv_|lock_|do_raw_)|free_to_pcs|free_to_partial_list|do_raw_|dequeue_|___slab_alloc|new_slab|allocate_slab)/;

/** True for frames of detectors, allocators, locks and string helpers, which only report what others did. */
function isInfrastructure(frame: Frame): boolean {
  return frame.module === undefined && (detectors.test(frame.fn) || helpers.test(frame.fn));
}

/**
 * The frame in one of the modules that the report points at, or undefined if no module is in it: the
 * innermost certain one of the event's stack. A leak points at the allocation; a use after free that only
 * the kernel's own code shows, at who freed and then who allocated the object; a lock report, at where the
 * other locks were taken; a debugged object, at its function.
 */
export function blame(report: Report, modules: readonly string[]): Frame | undefined {
  for (const stack of stacksToSearch(report)) {
    const frame = frameIn(stack, modules);
    if (frame) return frame;
  }
  return undefined;
}

/** The frame to show where no module is to blame: the innermost certain one that is not infrastructure. */
export function blameKernel(report: Report): Frame | undefined {
  for (const [i, stack] of stacksToSearch(report).entries()) {
    const frame = frameOutsideInfrastructure(stack, i > 0 || report.kind === 'leak');
    if (frame) return frame;
  }
  return report.trace.find(({ uncertain }) => !uncertain) ?? report.allocated?.[0];
}

/** The innermost frame of a stack in one of the modules. */
export function frameIn(stack: readonly Frame[], modules: readonly string[]): Frame | undefined {
  const names = new Set(modules.map(moduleName));
  // When the unwinder lost its way, as after a jump to a bad address, uncertain frames are all there is.
  const lost = stack.every(({ uncertain, fn }) => uncertain || fn.startsWith('0x'));
  return stack.find(
    ({ module, uncertain }) => module !== undefined && names.has(moduleName(module)) && (lost || !uncertain),
  );
}

/**
 * The innermost certain frame of a stack that is not infrastructure. A bare address counts if `bare` is set:
 * in a stack that was recorded earlier it stands for a module that is gone, in that of a fault for a bad jump.
 */
export function frameOutsideInfrastructure(stack: readonly Frame[], bare: boolean): Frame | undefined {
  return stack.find(
    (frame) => !frame.uncertain && (bare || !frame.fn.startsWith('0x')) && !isInfrastructure(frame),
  );
}

/** The kernel writes '_' where the name of the .ko file may have '-'. */
function moduleName(name: string): string {
  return name.replaceAll('-', '_');
}

/** The stack of the event: what an interrupt interrupted has a part in it only if it held up the processor. */
export function eventStack({ kind, trace }: Report): Frame[] {
  return kind === 'lockup' || kind === 'rcu-stall' ? trace : trace.filter((frame) => !frame.interrupted);
}

function stacksToSearch(report: Report): Frame[][] {
  const related = report.related?.map(({ frames }) => frames) ?? [];
  // The stack of a leak's report is that of the scan or of the unload, which found it.
  if (report.kind === 'leak') return [report.allocated ?? []];
  return [eventStack(report), report.freed ?? [], report.allocated ?? [], ...related];
}
