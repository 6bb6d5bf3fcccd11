// SPDX-License-Identifier: Apache-2.0
import type { Entry } from '../explain.ts';

const lockdepDocs = ['locking/lockdep-design.rst'];

/** What lockdep reports about locks. */
export const lockdep: readonly Entry[] = [
  {
    kind: 'lockdep',
    when: /circular/,
    meaning:
      'Somewhere lock A is taken while B is held, and elsewhere B while A is held. If both happen at once, each waits for the other forever. Lockdep has seen both orders; they need not have met yet.',
    causes: [
      'Two functions take the same two locks in different orders.',
      'A callback is called with a lock held that its callee takes the other way around.',
      'A function waits for work or a timer (cancel_work_sync, flush_work) while it holds a lock that the work takes.',
    ],
    next: [
      'Read "the existing dependency chain": each entry shows where its lock was taken while the one of the next lower number was held; #0 is the present attempt, under the lock of the highest number.',
      'Choose one order, write it down at the locks, and change the path that breaks it. If it waits for work: drop the lock first.',
    ],
    read: [...lockdepDocs, 'kernel-hacking/locking.rst'],
  },
  {
    kind: 'lockdep',
    when: /recursive/,
    meaning:
      'The task takes a lock of a class of which it already holds one. If both are the same lock, it waits for itself.',
    causes: [
      'A function takes a lock that its caller already holds.',
      'Two different objects of the same type are locked one inside the other; to lockdep they are one class.',
    ],
    next: [
      'Compare the addresses of the two locks in the report. The same: split the function into a locked and an unlocked variant.',
      'Different: define the order of the two objects, then tell lockdep with the _nested variant, or give them separate lock classes.',
    ],
    read: [...lockdepDocs, 'kernel-hacking/locking.rst'],
  },
  {
    kind: 'lockdep',
    when: /inconsistent lock state/,
    meaning:
      'A lock is taken in an interrupt, and elsewhere with that interrupt enabled. If the interrupt arrives on that CPU while the lock is held, its handler waits for the code that it interrupted.',
    causes: [
      'spin_lock is used in process context for a lock that the interrupt handler takes too.',
      'spin_lock is used where a timer, tasklet or network callback takes the lock: that needs spin_lock_bh.',
    ],
    next: [
      'The usage tells the two sides: IN-HARDIRQ is an interrupt handler, IN-SOFTIRQ a softirq or timer; HARDIRQ-ON and SOFTIRQ-ON mean that it was taken with those enabled.',
      'Use spin_lock_irqsave (or spin_lock_bh) outside the handler.',
    ],
    read: [...lockdepDocs, 'kernel-hacking/locking.rst', 'locking/spinlocks.rst'],
  },
  {
    kind: 'lockdep',
    when: /unsafe lock order|irq lock inversion/,
    meaning:
      'A lock that interrupts take is connected, through other locks, with one that is taken with interrupts enabled. An interrupt at the wrong moment closes the circle: each side waits for the other.',
    causes: [
      'Inside a lock that is taken with interrupts disabled, another lock is taken that other code takes with interrupts enabled.',
      'A lock became part of the interrupt path lately, and its other users were not changed.',
    ],
    next: [
      'The scenario in the report shows the two CPUs. Either take the outer lock with interrupts disabled everywhere, or do not nest the two.',
    ],
    read: [...lockdepDocs, 'kernel-hacking/locking.rst'],
  },
  {
    kind: 'lockdep',
    when: /invalid wait context/i,
    meaning:
      'A lock that may sleep is taken where sleeping is forbidden: a mutex inside a spinlock, or a spinlock_t inside a raw_spinlock_t or a hard interrupt. On PREEMPT_RT a spinlock_t sleeps.',
    causes: [
      'A mutex is taken while a spinlock is held or interrupts are disabled.',
      'A spinlock_t is taken below a raw_spinlock_t, for instance in an irq_chip callback.',
    ],
    next: [
      'The numbers after a lock are its wait types: a mutex has a higher one than a spinlock_t, that a higher one than a raw_spinlock_t. A lock may only be taken inside locks of an equal or higher number; "context-" gives the number of the context itself.',
    ],
    read: ['locking/locktypes.rst', ...lockdepDocs],
  },
  {
    kind: 'lockdep',
    when: /bad unlock balance|bad contention/,
    meaning: 'A lock is released that the task does not hold.',
    causes: [
      'An error path unlocks what was not locked yet, or unlocks twice.',
      'The lock is taken in one task and released in another; only a semaphore or a completion allows that.',
      'mutex_lock_interruptible failed, and its result was not checked.',
    ],
    next: ['Follow each path from the lock to this unlock; look at the goto labels of the error path.'],
    read: ['locking/mutex-design.rst', 'core-api/cleanup.rst'],
  },
  {
    kind: 'lockdep',
    when: /held lock freed/,
    meaning:
      'Memory is freed with a lock in it that is still held. Whoever unlocks it writes to freed memory.',
    causes: [
      'An object is freed inside the critical section of its own lock.',
      'A lock is initialized a second time while it is held.',
    ],
    next: [
      'Unlock first, then free; take the object off its lists under the lock so that no one else can find it.',
    ],
    read: [...lockdepDocs, 'core-api/kref.rst'],
  },
  {
    kind: 'lockdep',
    when: /still has locks|returning to user space/,
    meaning:
      'A task left the kernel, or ended, with a lock held. No one will release it, and the next one who wants it waits forever.',
    causes: [
      'A return in the middle of a critical section skips the unlock, most often in an error path.',
      'A lock is meant to be held across system calls; kernel locks must not be.',
    ],
    next: [
      'The report says where the lock was taken. Look at every return after that line. guard() and scoped_guard() unlock by themselves.',
    ],
    read: ['core-api/cleanup.rst', ...lockdepDocs],
  },
  {
    kind: 'lockdep',
    when: /Nested lock was not taken/i,
    meaning: 'A lock is declared to be nested inside another one, but that other one is not held.',
    causes: [
      'The outer lock is taken on some paths only.',
      'The _nest_lock annotation names the wrong lock.',
    ],
    next: ['Check what the annotation promises against what each caller holds.'],
    read: lockdepDocs,
  },
  {
    kind: 'lockdep',
    when: /before it was initialized|not registered/,
    meaning:
      'A lock is used that was never initialized, or that lies in memory where lockdep can not identify it. Lockdep switches itself off here, so nothing after this is checked.',
    causes: [
      'spin_lock_init, mutex_init or the like was forgotten, or runs after the first use.',
      'The structure was allocated with kmalloc or kzalloc and only some of its locks were initialized.',
      'The object was already cleared or freed by teardown.',
    ],
    next: ['Initialize the lock where the object is made, before anything can reach the object.'],
    read: lockdepDocs,
  },
  {
    kind: 'lockdep',
    meaning:
      'Lockdep, the validator of locking rules, found a rule broken. It switches itself off after its first report.',
    causes: ['A lock is taken, released or initialized in a way that its rules do not allow.'],
    next: ['Read the locks held and the stack backtrace in the report.'],
    read: [...lockdepDocs, 'kernel-hacking/locking.rst'],
  },
];
