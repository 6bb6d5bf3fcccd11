// SPDX-License-Identifier: Apache-2.0
import type { Entry } from '../explain.ts';

const oopsDocs = ['admin-guide/bug-hunting.rst'];

/** Faults of the CPU. */
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
    when: /read-only|does not permit|jump to data/,
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
      'With KASAN, an address from ffffec to fffffb is that of its shadow memory: the pointer itself was (address - dffffc0000000000) * 8.',
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
];
