// SPDX-License-Identifier: Apache-2.0
import type { Entry } from '../explain.ts';

/** Failed assertions, undefined behavior, and panics. */
export const asserts: readonly Entry[] = [
  {
    kind: 'bug',
    meaning:
      'A BUG or BUG_ON failed: the code met a state that its author held for impossible, and stopped the task at once. The locks it held stay held.',
    causes: [
      'A function was called against its rules: wrong arguments, wrong context, wrong order.',
      'Memory was corrupted before.',
      'The assertion itself is wrong: an error that should be handled was declared impossible.',
    ],
    next: [
      'Read the condition at the line that the report names.',
      'In code of your own, return an error or use WARN_ON_ONCE; BUG is for when going on would do more harm than stopping.',
    ],
    read: ['process/deprecated.rst', 'admin-guide/bug-hunting.rst'],
  },
  {
    kind: 'warning',
    when: /do not call blocking ops when !TASK_RUNNING/,
    meaning:
      'A function that may sleep was called after the task had set its state to sleeping. It sets the state back to running, and a wakeup may be lost.',
    causes: [
      'A condition tested inside wait_event, or between prepare_to_wait and schedule, sleeps itself, for instance by taking a mutex.',
    ],
    next: ['Test the condition without sleeping, or use wait_woken, which allows it.'],
    read: ['kernel-hacking/hacking.rst'],
  },
  {
    kind: 'warning',
    when: /Voluntary context switch within RCU/,
    meaning:
      'A task went to sleep between rcu_read_lock and rcu_read_unlock. Until it wakes, no grace period can end, so nothing that waits for RCU is freed.',
    causes: [
      'msleep, a mutex, wait_event, copy_to_user or an allocation that may wait inside a read-side section.',
      'A path leaves the section without rcu_read_unlock, and sleeps later.',
    ],
    next: [
      'Take a reference on the object and leave the section before sleeping, or use SRCU, whose readers may sleep.',
    ],
    read: ['RCU/whatisRCU.rst', 'RCU/checklist.rst'],
  },
  {
    kind: 'warning',
    when: /field-spanning write/,
    meaning:
      'A memcpy or memset went past the member of a structure that it was given, into the members behind it. It was done all the same, since it may be what was meant.',
    causes: [
      'The length is not checked against the size of the member.',
      'The copy spans several members on purpose; struct_group says so to the compiler.',
      'A trailing array is declared with a size of one or zero where a flexible array member ([]) is meant.',
    ],
    next: [
      'The message names the member, its size, and the length. Check the length where it enters the driver.',
    ],
    read: ['process/deprecated.rst', 'security/self-protection.rst'],
  },
  {
    kind: 'warning',
    when: /rejecting DMA map of vmalloc memory/,
    meaning:
      'A buffer from vmalloc space was to be mapped for DMA. Its pages need not be next to each other, so the mapping is refused.',
    causes: [
      'The buffer comes from vmalloc or kvmalloc.',
      'The buffer is a local variable: with CONFIG_VMAP_STACK stacks lie in vmalloc space.',
      'The buffer is a static variable of a module.',
    ],
    next: ['Allocate the buffer with kmalloc, or with dma_alloc_coherent.'],
    read: ['core-api/dma-api-howto.rst'],
  },
  {
    kind: 'warning',
    when: /does not have a release\(\) function/,
    meaning:
      'A struct device has no release function. Its memory must live until its last reference is gone, and only release can know when that is.',
    causes: [
      'A device was registered by hand, without a release in the device, its type or its class.',
      'A device was allocated statically.',
    ],
    next: ['Allocate the device and free it in release. An empty release function only hides the problem.'],
    read: ['core-api/kobject.rst', 'driver-api/infrastructure.rst'],
  },
  {
    kind: 'warning',
    when: /Slab cache still has objects/,
    meaning:
      'A slab cache is destroyed while objects of it are still allocated. The cache stays, and so do the objects.',
    causes: [
      'Objects are leaked.',
      'Objects freed by call_rcu are not waited for: rcu_barrier is missing before kmem_cache_destroy.',
    ],
    next: ['The slab report before this one lists the objects and where they were allocated.'],
    read: ['mm/slub.rst'],
  },
  {
    kind: 'warning',
    when: /preempt_count|preempt leak|preemption imbalance|disabled interrupts|enabled interrupts/,
    meaning:
      'Preemption or interrupts were disabled and enabled unevenly: a function returned in another state than it was called in.',
    causes: [
      'A path returns between spin_lock and spin_unlock, local_irq_save and local_irq_restore, or get_cpu and put_cpu.',
    ],
    next: [
      'Check every return between the two; lockdep and CONFIG_DEBUG_PREEMPT say where the lock was taken.',
    ],
    read: ['locking/preempt-locking.rst'],
  },
  {
    kind: 'warning',
    meaning:
      'A WARN_ON failed: the code met a state that should not occur, reported it, and went on. Where panic_on_warn is set, it stops the machine.',
    causes: [
      'A function of the kernel was called against its rules: wrong context, wrong order, wrong arguments. The caller is at fault, not the function that warns.',
      'An object is used before it was initialized or after its teardown.',
    ],
    next: [
      'Read the condition and the comment at the line that the report names, then the frame that called it.',
    ],
    read: ['process/deprecated.rst', 'admin-guide/tainted-kernels.rst'],
  },
  {
    kind: 'ubsan',
    when: /array-index|array index/,
    meaning:
      'An array was indexed outside the bounds of its type. What lies there is another variable or another member.',
    causes: [
      'The index comes from outside and is not checked.',
      'A loop bound is off by one.',
      'A trailing array is declared with one element where a flexible array member is meant: [1] instead of [].',
    ],
    next: [
      'The report names the line, the index and the type. For a trailing array, declare it [] and add __counted_by.',
    ],
    read: ['dev-tools/ubsan.rst', 'process/deprecated.rst'],
  },
  {
    kind: 'ubsan',
    when: /shift/,
    meaning:
      'A value was shifted by a negative count or by its width or more. The result depends on the CPU and on what the compiler made of it.',
    causes: [
      'The count comes from outside and is not checked.',
      '1 << n with n of 31 or more: the constant is an int. BIT and BIT_ULL have the right type.',
    ],
    next: ['Check the count, and the width of the left side.'],
    read: ['dev-tools/ubsan.rst'],
  },
  {
    kind: 'ubsan',
    meaning:
      'The code did something that C leaves undefined. The compiler may assume that it never happens, and may remove checks that depend on it.',
    causes: [
      'An overflow, an invalid value for a bool or enum, or a pointer that is not aligned for its type.',
    ],
    next: ['The report names file, line and column, and the values.'],
    read: ['dev-tools/ubsan.rst', 'core-api/unaligned-memory-access.rst'],
  },
  {
    kind: 'rust-panic',
    meaning:
      'Rust code panicked: an index out of bounds, an overflow (where overflow checks are on), unwrap on None or Err, or an explicit panic. In the kernel a panic is a BUG: the task dies.',
    causes: [
      'unwrap, expect or indexing where the value can be absent or out of range.',
      'Arithmetic on values from outside; checked_add and its relatives return an Option.',
    ],
    next: ['The message names file, line and column. Return an error with ? instead.'],
    read: ['rust/coding-guidelines.rst', 'rust/general-information.rst'],
  },
  {
    kind: 'panic',
    when: /Unable to mount root/,
    meaning: 'The kernel found no root file system to start from.',
    causes: [
      'root= names the wrong device.',
      'The driver of the disk or of the file system is not built in and not in the initramfs.',
    ],
    next: ['The lines before list the block devices that the kernel did find.'],
    read: ['admin-guide/kernel-parameters.rst'],
  },
  {
    kind: 'panic',
    when: /stack end/,
    meaning:
      'The last word of a kernel stack was overwritten, which the scheduler checks. The stack overflowed, and what lies behind it may be damaged too.',
    causes: [
      'A large array or structure as a local variable.',
      'Recursion that does not end, or goes deep on data from outside.',
    ],
    next: [
      'Look for local arrays and for a function that repeats in the trace; scripts/checkstack.pl lists large frames. With CONFIG_VMAP_STACK the overflow itself is caught.',
    ],
    read: ['mm/vmalloced-kernel-stacks.rst', 'arch/x86/kernel-stacks.rst'],
  },
  {
    kind: 'panic',
    when: /kill init|No working init|Requested init/,
    meaning: 'The first process ended or could not be started, and the kernel can not run without one.',
    causes: [
      'The init program crashed or returned; exitcode holds its status, a signal in its low bits.',
      'It is missing, not executable, or lacks its libraries.',
    ],
    next: ['Look at what init printed last.'],
    read: ['admin-guide/kernel-parameters.rst'],
  },
  {
    kind: 'panic',
    meaning:
      'The kernel stopped itself, because going on was impossible or was forbidden by a setting such as panic_on_warn or panic_on_oops.',
    causes: [
      'An error in interrupt context, in the idle task or in init.',
      'A setting that turns every warning or oops into a panic.',
    ],
    next: ['The cause is what was printed before the panic.'],
    read: ['admin-guide/bug-hunting.rst', 'admin-guide/sysctl/kernel.rst'],
  },
];
