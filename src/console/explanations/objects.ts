// SPDX-License-Identifier: Apache-2.0
import type { Entry } from '../explain.ts';

/** Reference counts, lists, timers, DMA, interrupts and teardown. */
export const objects: readonly Entry[] = [
  {
    kind: 'refcount',
    when: /addition on 0|underflow/,
    meaning:
      'A reference count was raised from 0, or lowered below 0. An object whose count reached 0 is being freed, so this is a use after free in the making. The counter was set to a saturated value, and the object will now never be freed.',
    causes: [
      'A reference is taken on an object that was found without one: a lookup needs refcount_inc_not_zero or kref_get_unless_zero under the lock or RCU section that protects it.',
      'A reference is dropped twice, often in an error path and again in the normal one.',
      'The count was not initialized: it starts at 0, not at 1.',
    ],
    next: [
      'Write down who holds each reference and where it is dropped; the trace shows one put or get too many.',
    ],
    read: ['core-api/kref.rst', 'core-api/refcount-vs-atomic.rst', 'RCU/rcuref.rst'],
  },
  {
    kind: 'refcount',
    meaning:
      'A reference count reached a value that it can not have in a correct program. It was saturated, so the object is leaked rather than freed too early.',
    causes: [
      'References are taken and never dropped: a put is missing on some path that runs often.',
      'refcount_dec was used where the count may reach 0; refcount_dec_and_test must decide about the free.',
    ],
    next: ['Match every get with its put, error paths included.'],
    read: ['core-api/kref.rst', 'core-api/refcount-vs-atomic.rst'],
  },
  {
    kind: 'list-corruption',
    when: /twice/,
    meaning:
      'An entry was added to a list that it is already on, at the same place. The list would have become a loop.',
    causes: [
      'Two paths add the same object, and neither checks whether it is queued.',
      'The object is reused without being removed first.',
    ],
    next: ['Check with list_empty after list_del_init, or keep a flag, under the lock of the list.'],
    read: ['core-api/kernel-api.rst', 'RCU/listRCU.rst'],
  },
  {
    kind: 'list-corruption',
    meaning:
      'The neighbors of a list entry do not point back to it. The list was changed without its lock, or an entry on it was freed or overwritten.',
    causes: [
      'Two contexts change the list at once: the lock is missing on one side, or is a different one.',
      'An entry is freed while it is still on the list.',
      'An entry is removed twice: list_del leaves poison, and the second one finds it.',
      'The list head was not initialized.',
    ],
    next: [
      'Check who may change the list, and under which lock. KASAN finds the freed entry, KCSAN the missing lock.',
    ],
    read: ['core-api/kernel-api.rst', 'RCU/listRCU.rst', 'dev-tools/kasan.rst'],
  },
  {
    kind: 'debug-objects',
    when: /free of an active/,
    meaning:
      'Memory is freed, or a module unloaded, with an active timer, work item or other object in it. When it fires, it runs on freed memory.',
    causes: [
      'Teardown does not stop the timer or the work, or stops it without waiting.',
      'The timer or the work starts itself again after it was stopped.',
    ],
    next: [
      'Stop it before the free: timer_delete_sync or timer_shutdown_sync for a timer, cancel_work_sync or cancel_delayed_work_sync for work.',
      'First make sure that nothing starts it again: disable the interrupt, unregister the device.',
    ],
    read: ['core-api/debug-objects.rst', 'core-api/workqueue.rst', 'driver-api/basics.rst'],
  },
  {
    kind: 'debug-objects',
    when: /rcu_head/,
    meaning:
      'An rcu_head was handed to call_rcu or kfree_rcu a second time before its callback had run. The list of callbacks would have been corrupted; the kernel leaks the object instead.',
    causes: [
      'Two paths each believe that they drop the last reference.',
      'The object was taken off its list without checking whether another path had done so already.',
    ],
    next: ['Decide which path gives up the object, under the lock of updaters or by refcount_dec_and_test.'],
    read: ['RCU/whatisRCU.rst', 'RCU/rcuref.rst', 'core-api/debug-objects.rst'],
  },
  {
    kind: 'debug-objects',
    when: /on the stack/,
    meaning:
      'A timer, work item or similar object lies on the stack but was initialized as if it did not, or the other way around.',
    causes: [
      'INIT_WORK or timer_setup was used for a local variable: the variants with _ONSTACK are for those.',
    ],
    next: ['Use the _ONSTACK variant and its destroy function, or allocate the object.'],
    read: ['core-api/debug-objects.rst'],
  },
  {
    kind: 'debug-objects',
    meaning:
      'A timer, work item or similar object was used in a state that does not allow it: not initialized, already active, or already destroyed.',
    causes: [
      'It is used before timer_setup or INIT_WORK, or in memory that was never initialized.',
      'It is initialized again while it is active, for instance on every open instead of once.',
    ],
    next: ['Initialize it once, where the object that holds it is made.'],
    read: ['core-api/debug-objects.rst'],
  },
  {
    kind: 'dma-api',
    when: /not checked|map error/,
    meaning:
      'A DMA mapping was used without asking whether it succeeded. A failed mapping returns an address that must not be given to a device.',
    causes: ['dma_mapping_error is not called after dma_map_single or dma_map_page.'],
    next: ['Check after each mapping, and undo the earlier ones if it fails.'],
    read: ['core-api/dma-api-howto.rst', 'core-api/dma-api.rst'],
  },
  {
    kind: 'dma-api',
    when: /pending/,
    meaning:
      'The driver let go of the device while DMA mappings of it were still in place. The device may still write to memory that is by then used for something else.',
    causes: [
      'remove, or an error path of probe, does not unmap what was mapped.',
      'A transfer was still queued when the driver was unbound.',
    ],
    next: ['Stop the device first, then unmap every buffer. "Mapped at" shows where one of them was mapped.'],
    read: ['core-api/dma-api-howto.rst', 'core-api/dma-api.rst'],
  },
  {
    kind: 'dma-api',
    when: /stack|kernel text|vmalloc|invalid area/,
    meaning:
      'A buffer was mapped for DMA that is not suited to it: on the stack, in constants or code, or in vmalloc space. It may not be contiguous, and shares cache lines with other data.',
    causes: [
      'A local variable or a part of a structure is handed to a bus or DMA function.',
      'The buffer comes from vmalloc or kvmalloc.',
    ],
    next: ['Allocate the buffer with kmalloc, or with dma_alloc_coherent.'],
    read: ['core-api/dma-api-howto.rst'],
  },
  {
    kind: 'dma-api',
    meaning:
      'The DMA API was used against its rules: a buffer was unmapped or synchronized differently from how it was mapped, or without being mapped.',
    causes: [
      'Address, size or direction differ between map and unmap.',
      'A buffer is unmapped twice, or with the function of another kind of mapping.',
      'The number of entries that dma_map_sg returned, instead of the one passed to it, is given to dma_unmap_sg.',
    ],
    next: [
      'Keep the DMA address and the size together with the buffer. "Mapped at" shows where it was mapped.',
    ],
    read: ['core-api/dma-api-howto.rst', 'core-api/dma-api.rst'],
  },
  {
    kind: 'irq',
    meaning:
      'An interrupt kept firing and no handler claimed it, so the kernel disabled the line. Every device on that line is now silent.',
    causes: [
      'The handler returns IRQ_NONE although the interrupt was from its device.',
      'The handler does not acknowledge the interrupt at the device, so that it fires again at once.',
      'The device raises interrupts before its driver has asked for them, or after the driver has gone.',
      'The trigger type (level or edge) is wrong.',
    ],
    next: [
      'The report lists the handlers of the line. Read the status register, acknowledge what is set, and return IRQ_HANDLED if anything was.',
    ],
    read: ['core-api/genericirq.rst'],
  },
  {
    kind: 'sysfs',
    meaning: 'Something was registered under a name that already exists in sysfs.',
    causes: [
      'An earlier object of that name was not unregistered, often in an error path or on unload.',
      'A second device uses a fixed name: it needs an identifier of its own (an IDA).',
    ],
    next: [
      'The report names the path. Look for who registered it first, and whether that one should be gone.',
    ],
    read: ['filesystems/sysfs.rst', 'core-api/kobject.rst'],
  },
  {
    kind: 'teardown',
    when: /network device/,
    meaning:
      'A network device is being unregistered, but references to it remain. The kernel waits for them, and holds up others meanwhile.',
    causes: [
      'dev_hold or netdev_hold without its put on some path.',
      'A packet, route or socket that holds the device is never freed.',
    ],
    next: ['With CONFIG_NET_DEV_REFCNT_TRACKER the lines that follow show who holds the references.'],
    read: ['networking/netdevices.rst'],
  },
  {
    kind: 'teardown',
    meaning:
      'A file system was unmounted while inodes of it were still in use. Whoever uses them will touch freed memory.',
    causes: [
      'An iget, igrab or ihold without its iput on some path.',
      'A dentry reference (dget) is not dropped.',
    ],
    next: ['Match every get with its put, error paths included.'],
    read: ['filesystems/vfs.rst'],
  },
];
