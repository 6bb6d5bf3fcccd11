// SPDX-License-Identifier: Apache-2.0
// Logs that our kernels printed: test/canaries makes these mistakes and writes them.

/** Sample → its reports, as 'kind: title | detail @ frame to show'. */
export const real: Readonly<Record<string, string | readonly string[]>> = {
  'atomic-irqs-off':
    'atomic-sleep: sleeping function called from invalid context | interrupts disabled @ allocate_with_interrupts_off [canaries]',
  'atomic-mutex': [
    'atomic-sleep: sleeping function called from invalid context | preemption disabled @ take_mutex_under_spinlock [canaries]',
    'lockdep: invalid wait context | table_lock @ take_mutex_under_spinlock [canaries]',
  ],
  'atomic-rcu':
    'atomic-sleep: sleeping function called from invalid context | inside an RCU read-side section or another place that must not block @ allocate_as_a_reader [canaries]',
  'atomic-schedule': 'atomic-sleep: scheduling while atomic |  @ sleep_without_preemption [canaries]',
  'atomic-sleep':
    'atomic-sleep: sleeping function called from invalid context | preemption disabled @ allocate_under_spinlock [canaries]',
  'atomic-workqueue': [
    'atomic-sleep: work function returned in atomic context or with a lock held | return_with_a_lock @ return_with_a_lock [canaries]',
    'lockdep: possible circular locking dependency | (wq_completion)events, table_lock @ return_with_a_lock [canaries]',
  ],
  'bad-page-map': 'bad-page: bad page map |  @ canary_mmap [canaries]',
  'bad-page-state':
    'bad-page: bad page state | PAGE_FLAGS_CHECK_AT_FREE flag(s) set @ free_a_locked_page [canaries]',
  'bad-rss-counter':
    'bad-page: bad rss-counter state | MM_FILEPAGES is 1 at the end of the process @ nowhere',
  'bug-on': 'bug: BUG, an assertion that stops the kernel | /lab/checks.c @ fail_an_assertion [canaries]',
  'debug-objects-active-timer':
    'debug-objects: free of an active timer_list | its function is beacon_tick @ free_a_running_timer [canaries]',
  'debug-objects-active-work':
    'debug-objects: free of an active work_struct | its function is beacon_work @ free_queued_work [canaries]',
  'debug-objects-init':
    'debug-objects: initialization of an active timer_list | its function is beacon_tick @ initialize_a_running_timer [canaries]',
  'debug-objects-rcu': [
    'debug-objects: activation of an active rcu_head |  @ hand_over_twice [canaries]',
    'debug-objects: use of an active rcu_head |  @ hand_over_twice [canaries]',
  ],
  'debug-objects-stack':
    'debug-objects: object on the stack, but initialized as if it were not |  @ initialize_on_the_stack [canaries]',
  'debug-objects-unknown':
    'debug-objects: use of an uninitialized timer_list |  @ stop_what_was_never_set_up [canaries]',
  'dma-not-mapped':
    'dma-api: device driver tries to free DMA memory it has not allocated | platform canary @ unmap_what_was_not_mapped [canaries]',
  'dma-pending':
    'dma-api: device driver has pending DMA allocations while released from device | pci 0000:00:1f.2 @ let_go_while_mapped [canaries]',
  'dma-size':
    'dma-api: device driver frees DMA memory with different size | platform canary @ unmap_another_size [canaries]',
  'dma-unchecked':
    'dma-api: device driver failed to check map error | platform canary @ unmap_without_asking [canaries]',
  'dma-vmalloc':
    'warning: platform canary: rejecting DMA map of vmalloc memory | include/linux/dma-mapping.h @ map_vmalloc_memory [canaries]',
  'fortify-field':
    'warning: memcpy: detected field-spanning write (size 12) of single field "label.name" (size 8) | /lab/checks.c @ fill_over_a_field [canaries]',
  'fortify-overflow':
    'usercopy: buffer overflow found by FORTIFY_SOURCE | memcpy: write of 32 bytes, buffer of 16 @ fill_over_a_buffer [canaries]',
  'hung-task': 'hung-task: task blocked | uninterruptible for more than 5 s @ wait_for_nobody [canaries]',
  'irq-enabled': [
    'warning: DEBUG_LOCKS_WARN_ON(lockdep_hardirq_context()) | kernel/locking/lockdep.c @ enable_interrupts [canaries]',
    'warning: irq 28 handler enable_interrupts enabled interrupts | kernel/irq/handle.c @ enable_interrupts [canaries]',
  ],
  'irq-nobody-cared': 'irq: interrupt that nobody cared about | irq 28 @ not_mine [canaries]',
  'kasan-after-rcu': 'kasan: slab-use-after-free | read of 8 bytes @ read_after_grace_period [canaries]',
  'kasan-double-free': 'kasan: double-free | freed a second time @ free_twice [canaries]',
  'kasan-global': 'kasan: global-out-of-bounds | read of 1 byte @ overrun_a_table [canaries]',
  'kasan-invalid-free': 'kasan: invalid-free | free of what was not allocated @ free_the_middle [canaries]',
  'kasan-negative-size': 'kasan: negative size | read of -2 bytes @ move_a_negative_length [canaries]',
  'kasan-null': 'kasan: null-ptr-deref | write of 8 bytes @ clear_a_null_pointer [canaries]',
  'kasan-out-of-bounds': 'kasan: slab-out-of-bounds | read of 1 byte @ read_past_the_end [canaries]',
  'kasan-page': 'kasan: use-after-free | write of 1 byte @ use_a_freed_page [canaries]',
  'kasan-stack': 'kasan: stack-out-of-bounds | write of 1 byte @ overrun_the_stack [canaries]',
  'kasan-use-after-free': 'kasan: slab-use-after-free | write of 8 bytes @ write_after_free [canaries]',
  'kasan-user-memory': 'kasan: user-memory-access | write of 8 bytes @ clear_user_memory [canaries]',
  'kasan-vmalloc': 'kasan: vmalloc-out-of-bounds | read of 1 byte @ overrun_vmalloc [canaries]',
  'kasan-wild': 'kasan: wild-memory-access | write of 8 bytes @ clear_poison [canaries]',
  'kasan-write': 'kasan: slab-out-of-bounds | write of 8 bytes @ write_past_the_end [canaries]',
  kmemleak: 'leak: memory that nothing points to | 96 bytes @ drop_the_pointer [canaries]',
  'leak-at-unload':
    'leak: memory still allocated at module unload | 128 bytes from leave_it_to_the_exit @ leave_it_to_the_exit [canaries]',
  'list-add-double': 'list-corruption: entry added to a list twice |  @ add_twice [canaries]',
  'list-add':
    'list-corruption: list_add corruption | next->prev points elsewhere @ add_to_a_broken_list [canaries]',
  'list-del-bug':
    'list-corruption: list_del corruption | entry was already removed @ remove_twice [canaries]',
  'list-del-prev':
    'list-corruption: list_del corruption | prev->next points elsewhere @ remove_from_a_broken_list [canaries]',
  'list-del': 'list-corruption: list_del corruption | entry was already removed @ remove_twice [canaries]',
  'lock-uninitialized': 'lockdep: lock used before it was initialized |  @ forget_to_initialize [canaries]',
  'lockdep-circular':
    'lockdep: possible circular locking dependency | table_lock, entry_lock @ take_in_both_orders [canaries]',
  'lockdep-exit': 'lockdep: still has locks held | table_lock @ end_with_a_lock [canaries]',
  'lockdep-freed': 'lockdep: held lock freed | &shelf->lock @ free_what_is_locked [canaries]',
  'lockdep-held': 'lockdep: lock held when returning to user space | table_lock @ keep_a_lock [canaries]',
  'lockdep-inconsistent':
    'lockdep: inconsistent lock state | inner, HARDIRQ-ON-W -> IN-HARDIRQ-W @ take_inner_for_interrupt [canaries]',
  'lockdep-inversion':
    'lockdep: possible irq lock inversion dependency | outer, inner @ take_outer [canaries]',
  'lockdep-irq-order':
    'lockdep: HARDIRQ-safe -> HARDIRQ-unsafe lock order | inner, outer @ nest_unsafe_in_safe [canaries]',
  'lockdep-key': 'lockdep: lock key was not registered |  @ key_from_the_heap [canaries]',
  'lockdep-nest': 'lockdep: nested lock was not taken | entry_lock @ promise_an_outer_lock [canaries]',
  'lockdep-recursive': 'lockdep: possible recursive locking | &pair[i] @ take_two_of_a_kind [canaries]',
  'lockdep-softirq':
    'lockdep: inconsistent lock state | inner, SOFTIRQ-ON-W -> IN-SOFTIRQ-W @ take_inner_for_timer [canaries]',
  'lockdep-subclass': 'lockdep: looking up invalid subclass: 8 |  @ name_an_impossible_subclass [canaries]',
  'lockdep-unlock': 'lockdep: bad unlock balance | table_lock @ unlock_what_is_not_held [canaries]',
  'oops-divide': 'oops: division error |  @ divide_by_zero [canaries]',
  'oops-double-fault': 'oops: double fault |  @ lose_the_stack [canaries]',
  'oops-general-protection': 'oops: general protection fault |  @ follow_poison_unwatched [canaries]',
  'oops-int3': 'oops: breakpoint instruction |  @ leave_a_breakpoint [canaries]',
  'oops-invalid-opcode': 'oops: invalid instruction |  @ execute_what_is_forbidden [canaries]',
  'oops-jump-lost': 'oops: jump to a bad address |  @ call_nowhere [canaries]',
  'oops-jump-to-data': 'oops: jump to data |  @ call_data [canaries]',
  'oops-jump-to-nowhere': 'oops: jump to a bad address |  @ call_nowhere [canaries]',
  'oops-kasan-null':
    'oops: null pointer dereference | access at offset 0x18 to 0x1f @ follow_null [canaries]',
  'oops-kasan-page-fault': 'oops: page fault at a bad address | access @ follow_into_vmalloc [canaries]',
  'oops-kasan-user': 'oops: direct access to user memory |  @ follow_user_pointer [canaries]',
  'oops-kasan-wild': 'oops: wild memory access |  @ follow_poison [canaries]',
  'oops-null-call': 'oops: call through a null pointer |  @ call_null [canaries]',
  'oops-null': 'oops: null pointer dereference | write at offset 0x18 @ follow_null_unwatched [canaries]',
  'oops-page-fault': 'oops: page fault at a bad address | read @ follow_unmapped_unwatched [canaries]',
  'oops-read-only': 'oops: write to read-only memory | write @ write_a_constant [canaries]',
  'oops-stack-overflow': 'oops: kernel stack overflow |  @ recurse [canaries]',
  'oops-user': 'oops: direct access to user memory | read @ follow_user_unwatched [canaries]',
  'panic-stack-end':
    'panic: kernel panic | corrupted stack end detected inside scheduler @ overwrite_the_end_of_the_stack [canaries]',
  panic: 'panic: kernel panic | canaries: 3 parcels are lost @ give_up [canaries]',
  'rcu-sleep':
    'warning: Voluntary context switch within RCU read-side critical section! | kernel/rcu/tree_plugin.h @ sleep_as_a_reader [canaries]',
  'rcu-stall':
    'rcu-stall: RCU grace period stalled | a task stayed inside a read-side section @ read_for_ever [canaries]',
  'rcu-suspicious':
    'rcu: suspicious RCU usage | rcu_dereference_check() without its lock @ read_without_rcu [canaries]',
  'refcount-inc-zero':
    'refcount: reference count: addition on 0 | use-after-free @ get_what_is_gone [canaries]',
  'refcount-leak':
    'refcount: reference count: decrement hit 0 | leaking memory @ put_the_last_unseen [canaries]',
  'refcount-saturated': 'refcount: reference count: saturated | leaking memory @ get_too_often [canaries]',
  'refcount-underflow':
    'refcount: reference count: underflow | use-after-free @ put_once_too_often [canaries]',
  'slab-double-free': 'slab: Object already free | in cache canary_cache @ free_an_object_twice [canaries]',
  'slab-poison': 'slab: poison overwritten | in cache canary_cache @ write_to_a_free_object [canaries]',
  'slab-redzone': 'slab: right redzone overwritten | in cache canary_cache @ overrun_an_object [canaries]',
  'slab-remaining': [
    'slab: Objects remaining on __kmem_cache_shutdown() | in cache canary_cache @ destroy_a_cache_in_use [canaries]',
    'warning: kmem_cache_destroy canary_cache: Slab cache still has objects when called from destroy_a_cache_in_use | mm/slab_common.c @ destroy_a_cache_in_use [canaries]',
  ],
  'soft-lockup': 'lockup: soft lockup | CPU busy in the kernel for 3 s @ keep_the_processor [canaries]',
  'spinlock-magic': 'spinlock: spinlock bad magic | inner @ overwrite_a_lock [canaries]',
  'sysfs-duplicate': 'sysfs: duplicate name in sysfs | /kernel/canary @ add_a_name_twice [canaries]',
  'teardown-inodes':
    'teardown: inodes still in use after unmount | canary (canary) @ unmount_with_an_inode_in_use [canaries]',
  'teardown-netdev': 'teardown: network device still referenced | canary0, 2 references @ nowhere',
  'ubsan-array':
    "ubsan: array-index-out-of-bounds | index 16 is out of range for type 'int [16]' @ index_past_the_array [canaries]",
  'ubsan-bool':
    "ubsan: invalid-load | load of value 7 is not a valid value for type '_Bool' @ load_an_impossible_bool [canaries]",
  'ubsan-shift':
    "ubsan: shift-out-of-bounds | shift exponent 32 is too large for 32-bit type 'int' @ shift_by_the_width [canaries]",
  'usercopy-from':
    'usercopy: copy from user space past an object | 64 bytes @ take_more_than_fits [canaries]',
  usercopy: 'usercopy: copy to user space past an object | 64 bytes @ show_more_than_there_is [canaries]',
  'warn-blocking':
    'warning: do not call blocking ops when !TASK_RUNNING; state=1 set at block_while_waiting | kernel/sched/core.c @ block_while_waiting [canaries]',
  'warn-free-irq':
    'warning: Trying to free already-free IRQ 5 | kernel/irq/manage.c @ free_an_interrupt_of_nobody [canaries]',
  'warn-message':
    'warning: canaries: 3 parcels, and 2 expected | /lab/checks.c @ warn_with_a_message [canaries]',
  'warn-no-release':
    "warning: Device 'canary' does not have a release() function, it is broken and must be fixed. See Documentation/core-api/kobject.rst. | drivers/base/core.c @ register_without_a_release [canaries]",
  'warn-on': 'warning: WARN_ON | /lab/checks.c @ warn_on [canaries]',
  'warn-preempt':
    'warning: initcall canaries_init returned with preemption imbalance | init/main.c @ canaries_init [canaries]',
  'warn-proc-duplicate':
    "warning: proc_dir_entry '/proc/canary' already registered | fs/proc/generic.c @ add_to_proc_twice [canaries]",
  'warn-timer-preempt':
    'warning: timer: return_without_preemption preempt leak: 00000101 -> 00000102 | kernel/time/timer.c @ return_without_preemption [canaries]',
  'workqueue-lockup': 'lockup: workqueue lockup | work waits for 5 s @ hold_up_the_queue [canaries]',
};
