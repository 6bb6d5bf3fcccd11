// SPDX-License-Identifier: Apache-2.0
import type { Entry } from '../explain.ts';

/** RCU, contexts that must not sleep, and waits that do not end. */
export const context: readonly Entry[] = [
  {
    kind: 'rcu',
    meaning:
      'A pointer protected by RCU was used without what protects it: neither inside rcu_read_lock nor with the lock that updaters hold. The object may be freed at any moment.',
    causes: [
      'rcu_read_lock is missing around rcu_dereference, or was left too early.',
      'An updater uses rcu_dereference without naming its lock: rcu_dereference_protected takes it as a condition.',
      'A list is walked with list_for_each_entry_rcu outside a read-side section.',
    ],
    next: [
      'The report names the line, and lists the locks that were held. Decide whether this is a reader or an updater.',
    ],
    read: ['RCU/lockdep-splat.rst', 'RCU/lockdep.rst', 'RCU/whatisRCU.rst'],
  },
  {
    kind: 'rcu-stall',
    meaning:
      'A CPU or task kept RCU from finishing a grace period for a long time: it never let go of the CPU, or stayed inside a read-side section. Everything that waits for RCU, freeing memory included, stands still.',
    causes: [
      'A loop in the kernel does not end, or waits for hardware without a timeout.',
      'A long loop without cond_resched on a kernel that does not preempt.',
      'Interrupts or preemption stay disabled for too long; rcu_read_lock without its unlock.',
      'On an emulated or overloaded machine, the CPU simply got no time.',
    ],
    next: [
      'Look at the stack of the stalled CPU: it shows the loop. Give every wait for hardware a limit (read_poll_timeout).',
    ],
    read: ['RCU/stallwarn.rst'],
  },
  {
    kind: 'atomic-sleep',
    when: /per-CPU/,
    meaning:
      'Per-CPU data is used with preemption enabled. The task may move to another CPU between finding the data and using it.',
    causes: [
      'smp_processor_id or this_cpu_ptr is used outside a section with preemption disabled.',
      'A function that expects to be called with preemption disabled is called without.',
    ],
    next: [
      'Use get_cpu and put_cpu, or a this_cpu operation that does all in one step, or raw_smp_processor_id where any CPU will do.',
    ],
    read: ['core-api/this_cpu_ops.rst', 'locking/preempt-locking.rst'],
  },
  {
    kind: 'atomic-sleep',
    when: /^work function/,
    meaning:
      'A work function returned with a lock held, inside an RCU section, or with preemption disabled. The next work item on that worker would inherit it.',
    causes: [
      'An early return skips the unlock.',
      'Lock and unlock stand in different functions, and one path calls only the first.',
    ],
    next: ['Check every return of the work function that the report names.'],
    read: ['core-api/workqueue.rst', 'core-api/cleanup.rst'],
  },
  {
    kind: 'atomic-sleep',
    when: /outside the context/,
    meaning:
      'A function that relies on being called in atomic context, or without migration to another CPU, was called without.',
    causes: ['A caller does not disable preemption or migration, or does not hold the lock that would.'],
    next: ['The report names the line of the check; look at what its callers have to hold.'],
    read: ['locking/preempt-locking.rst', 'locking/locktypes.rst'],
  },
  {
    kind: 'atomic-sleep',
    meaning:
      'Code that may sleep ran where sleeping is forbidden: under a spinlock, in an interrupt, or with interrupts or preemption disabled. If it sleeps there, the CPU may never come back to release the lock.',
    causes: [
      'kmalloc with GFP_KERNEL, or another allocation that may wait, under a spinlock or in an interrupt handler.',
      'copy_to_user or copy_from_user under a spinlock: a page fault may sleep.',
      'mutex_lock, msleep, wait_event or a bus transfer (I2C, SPI) in atomic context.',
      'An earlier path forgot an unlock, so that everything after it runs in atomic context.',
    ],
    next: [
      'The lines "in_atomic" and "locks held" say what made the context atomic; the trace says what wanted to sleep.',
      'Move the sleeping part out of the section, use a mutex instead of the spinlock, defer it to a work item or a threaded interrupt handler, or allocate with GFP_ATOMIC.',
    ],
    read: ['kernel-hacking/locking.rst', 'kernel-hacking/hacking.rst', 'core-api/memory-allocation.rst'],
  },
  {
    kind: 'lockup',
    when: /^hard/,
    meaning: 'A CPU took no interrupts for many seconds.',
    causes: [
      'A loop or a wait for hardware with interrupts disabled.',
      'A spinlock taken in the interrupt handler that the interrupted code already holds.',
    ],
    next: ['The instruction pointer shows where it hangs. Lockdep finds the second cause before it happens.'],
    read: ['admin-guide/lockup-watchdogs.rst', 'kernel-hacking/locking.rst'],
  },
  {
    kind: 'lockup',
    when: /^workqueue/,
    meaning:
      'Work that was ready to run did not start for a long time: the worker that should run it is stuck or starved.',
    causes: [
      'A work function loops or busy-waits.',
      'A work function waits for another one on the same queue, which can not start.',
    ],
    next: ['The dump of busy workqueues shows which function is in flight.'],
    read: ['core-api/workqueue.rst'],
  },
  {
    kind: 'lockup',
    meaning: 'A CPU ran in the kernel for many seconds without letting another task run.',
    causes: [
      'A loop does not end, or polls hardware that never answers.',
      'A very long loop without cond_resched.',
      'A spinlock is never released, and this CPU spins for it.',
      'On an emulated or overloaded machine, the CPU got no time.',
    ],
    next: [
      'The instruction pointer and the trace show the loop. Bound every poll by time (readl_poll_timeout).',
    ],
    read: ['admin-guide/lockup-watchdogs.rst'],
  },
  {
    kind: 'hung-task',
    meaning:
      'A task waits, in a state that no signal can interrupt, for something that does not happen. It can not be killed.',
    causes: [
      'No one completes the completion, wakes the wait queue, or releases the mutex that it waits for.',
      'The waker checks or sets the condition in the wrong order, and the wakeup is lost.',
      'The device did not answer, and the wait has no timeout.',
      'Two tasks wait for each other.',
    ],
    next: [
      'The first frames above schedule show what it waits for. Who should have ended the wait, and did that run?',
      'Waits on behalf of user space should be interruptible (wait_event_interruptible, mutex_lock_interruptible) and waits for hardware limited.',
    ],
    read: ['admin-guide/sysctl/kernel.rst', 'kernel-hacking/hacking.rst'],
  },
  {
    kind: 'spinlock',
    when: /bad magic/,
    meaning:
      'A lock was taken or released that is not a valid lock: it was never initialized, or its memory was overwritten or freed.',
    causes: [
      'spin_lock_init or rwlock_init is missing or too late.',
      'The object that holds the lock was freed, or overwritten by a neighbor.',
    ],
    next: [
      '.magic shows what is there: 0 is zeroed memory that was never initialized, 6b6b6b6b is freed memory.',
    ],
    read: ['locking/spinlocks.rst', 'kernel-hacking/locking.rst'],
  },
  {
    kind: 'spinlock',
    meaning:
      'A lock was used against its own record of who holds it: taken again by its owner, or released by someone else.',
    causes: [
      'A function takes a lock that its caller already holds.',
      'The lock is released twice, or by another task or on another CPU than the one that took it.',
    ],
    next: ['.owner and .owner_cpu in the report say who holds it.'],
    read: ['locking/spinlocks.rst', 'kernel-hacking/locking.rst'],
  },
];
