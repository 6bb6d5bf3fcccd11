// SPDX-License-Identifier: Apache-2.0
import type { Entry } from '../explain.ts';

const oopsDocs = ['admin-guide/bug-hunting.rst'];

/** Faults of the CPU and failed assertions. */
export const faults: readonly Entry[] = [
  {
    kind: 'oops',
    when: /null pointer dereference/,
    meaning:
      'The code used a null pointer, or a member at a small offset from one. The task was killed where it stood: the locks it held stay held, and what it was doing stays half done.',
    causes: [
      'A result that can be NULL was not checked: an allocation, a lookup, an optional resource or callback.',
      'Private data is used before it is set, or after teardown has cleared it.',
      'A callback runs earlier than expected: the interrupt or the device node is registered before the structure is complete.',
    ],
    next: [
      'The fault address is the offset of the member within its structure; pahole shows which one it is.',
      'On a kernel with KASAN the fault is reported as a general protection fault; its "KASAN: null-ptr-deref in range" line gives the real address.',
    ],
    read: oopsDocs,
  },
  {
    kind: 'oops',
    when: /call through a null pointer/,
    meaning:
      'The code called a function pointer that is NULL. The CPU jumped to address 0, so the first useful frame is that of the caller.',
    causes: [
      'An operation is missing in a structure of callbacks, and the caller does not check for it.',
      'The structure was not initialized yet, or was already cleared.',
    ],
    next: [
      'Look at the line in the first frame of the trace: which operation is called there, and who should have set it?',
    ],
    read: oopsDocs,
  },
  {
    kind: 'oops',
    when: /user memory/,
    meaning:
      'Kernel code followed an address of user space directly. The CPU forbids it (SMAP, PAN), and the address can not be trusted.',
    causes: [
      'A pointer passed by a system call is dereferenced without copy_from_user, copy_to_user, get_user or put_user.',
      'A corrupted or uninitialized pointer happens to look like a user address.',
    ],
    next: ['Mark such pointers __user and run sparse: it finds every direct use.'],
    read: [...oopsDocs, 'dev-tools/sparse.rst'],
  },
  {
    kind: 'oops',
    when: /stack overflow|double fault/,
    meaning:
      'The kernel stack of the task was used up (16 KiB on x86-64 and arm64, 32 KiB with KASAN), or an exception could not even be entered, most often for that same reason.',
    causes: [
      'A large array or structure as a local variable.',
      'Recursion that does not end, or goes deep on data from outside.',
    ],
    next: [
      'Look for a function that repeats in the trace, and for local arrays; allocate them instead. scripts/checkstack.pl lists large frames.',
    ],
    read: ['mm/vmalloced-kernel-stacks.rst', 'arch/x86/kernel-stacks.rst'],
  },
  {
    kind: 'oops',
    when: /division/,
    meaning: 'The code divided by zero, or the quotient did not fit.',
    causes: [
      'A value from the device, from the device tree or from user space is used as a divisor without a check.',
      'A rate, size or count is not known yet when it is first used.',
    ],
    next: ['Find the division at the instruction pointer, and check the divisor where it enters the driver.'],
    read: oopsDocs,
  },
  {
    kind: 'oops',
    when: /read-only|does not permit/,
    meaning:
      'The memory is there, but not for this access: a write to constant data or code, or a jump to data.',
    causes: [
      'A const object, string literal or __ro_after_init variable is written through a cast.',
      'A function pointer points to data, or was overwritten.',
    ],
    next: ['Look up the address in System.map or with the symbol in the report to see what was hit.'],
    read: [...oopsDocs, 'security/self-protection.rst'],
  },
  {
    kind: 'oops',
    when: /wild|general protection|page fault|bad address/,
    meaning:
      'The code used an address at which there is no memory: the pointer is garbage. The task was killed where it stood; the locks it held stay held.',
    causes: [
      'The object was freed, and the pointer in it is poison or belongs to a new owner.',
      'An error pointer (ERR_PTR) was used without IS_ERR: such addresses end in a small negative number.',
      'A list entry was used after list_del: its pointers are dead000000000100 and dead000000000122.',
      'The pointer was never initialized.',
      'A register of a device was accessed before ioremap or after iounmap.',
    ],
    next: [
      'Look at the address and the registers: 6b6b6b6b is freed slab memory, dead0000 is list poison, ffffffff with a small end is an error code.',
    ],
    read: [...oopsDocs, 'dev-tools/kasan.rst'],
  },
  {
    kind: 'oops',
    meaning:
      'The CPU met an instruction or a state in the kernel that it can not go on from. The task was killed where it stood; the locks it held stay held.',
    causes: ['A failed assertion.', 'A jump to data, or code that was overwritten or unloaded.'],
    next: ['Look at the instruction pointer and the line that it stands for.'],
    read: oopsDocs,
  },
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
    read: ['process/deprecated.rst', ...oopsDocs],
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
    when: /corrupted preempt_count|preempt_count/,
    meaning: 'Preemption was disabled and enabled unevenly: more of one than of the other.',
    causes: ['A path returns between spin_lock and spin_unlock, or get_cpu and put_cpu.'],
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
    read: [...oopsDocs, 'admin-guide/sysctl/kernel.rst'],
  },
];
