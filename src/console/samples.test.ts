// SPDX-License-Identifier: Apache-2.0
// Every sample: which reports are in it, and at what they point. Protects against reports that are
// missed, counted twice, misnamed or blamed on the wrong code.
import { expect, test } from 'vitest';
import { blame, blameKernel, findReports, frameName, parseLog } from './index.ts';
import { sample, sampleNames } from './samples/samples.ts';

const modules = 'echo hello ops queue refs ring rcumod rmod spin st tick two waiter ctr edudrv'.split(' ');

// Sample: its reports, as 'kind: title | detail @ frame to show'.
const expected: Record<string, string[]> = {
  'atomic-sleep.log': [
    'atomic-sleep: sleeping function called from invalid context | preemption disabled @ st_read+0x3b [st]',
  ],
  'bug-on.log': [
    'bug: BUG, an assertion that stops the kernel | /lab/queue/queue.c:77 @ queue_drop+0x33 [queue]',
  ],
  'clean-boot.log': [],
  'debug-objects-active-timer.log': [
    'debug-objects: free of an active timer_list | its function is tick_fn @ tick_exit+0x15 [tick]',
  ],
  'dma-unchecked.log': [
    'dma-api: device driver failed to check map error | edudrv 0000:00:04.0 @ edu_xfer+0x15 [edudrv]',
  ],
  'hung-task.log': [
    'hung-task: task blocked | uninterruptible for more than 120 s @ wait_read+0x34 [waiter]',
  ],
  'irq-nobody-cared.log': ['irq: interrupt that nobody cared about | irq 11 @ edu_irq [edudrv]'],
  'kasan-double-free.log': ['kasan: double-free | freed a second time @ echo_exit+0x1f [echo]'],
  'kasan-out-of-bounds.log': ['kasan: slab-out-of-bounds | read of 1 byte @ ring_write+0x8e [ring]'],
  'kasan-use-after-free.log': ['kasan: slab-use-after-free | write of 8 bytes @ echo_release+0x4c [echo]'],
  'kcsan.log': ['kcsan: data-race | write of 8 bytes against read @ ctr_bump+0x2b [ctr]'],
  'kfence.log': ['kfence: out-of-bounds | read @ ring_read+0x44 [ring]'],
  'kmemleak-debugfs.log': [
    'leak: memory that nothing points to | 64 bytes @ 0xffffffffc0209031',
    'leak: memory that nothing points to | 16 bytes @ echo_open+0x3a [echo]',
  ],
  'leak-at-unload.log': [
    'leak: memory still allocated at module unload | 64 bytes from refs_init @ refs_init [refs]',
  ],
  'list-del-bug.log': [
    'list-corruption: list_del corruption | entry was already removed @ queue_drop+0x2f [queue]',
  ],
  'lock-uninitialized.log': [
    'lockdep: lock used before it was initialized |  @ spin_init+0x31 [spin]',
    'spinlock: spinlock bad magic |  @ spin_init+0x31 [spin]',
  ],
  'lockdep-circular.log': [
    'lockdep: possible circular locking dependency | table_lock, &dev->lock#2 @ two_read+0x3f [two]',
  ],
  'lockdep-held.log': ['lockdep: lock held when returning to user space | &dev->lock @ two_read+0x2e [two]'],
  'lockdep-inconsistent.log': [
    'lockdep: inconsistent lock state | &dev->lock, HARDIRQ-ON-W -> IN-HARDIRQ-W @ edu_irq+0x21 [edudrv]',
  ],
  'lockdep-unlock.log': ['lockdep: bad unlock balance | &dev->lock @ two_read+0x53 [two]'],
  'oops-arm64.log': ['oops: null pointer dereference | write at offset 0x8 @ echo_write+0x38 [echo]'],
  'oops-journal.log': ['oops: null pointer dereference | write at offset 0x10 @ hello_init+0x1c [hello]'],
  'oops-kasan-null.log': [
    'oops: null pointer dereference | access at offset 0x8 to 0xf @ echo_read+0x2a [echo]',
  ],
  'oops-null-call.log': ['oops: call through a null pointer |  @ ops_read+0x61 [ops]'],
  'panic-init.log': [
    'panic: kernel panic | VFS: Unable to mount root fs on unknown-block(0,0) @ mount_root_generic+0x2a1',
  ],
  'rcu-stall.log': ['rcu-stall: RCU grace period stalled | seen from another CPU @ spin_init+0x12 [spin]'],
  'rcu-suspicious.log': [
    'rcu: suspicious RCU usage | rcu_dereference_check() without its lock @ rcumod_read+0x8f [rcumod]',
  ],
  'refcount-late-message.log': [
    'refcount: reference count: underflow | use-after-free @ refs_put+0x52 [refs]',
  ],
  'refcount-underflow.log': ['refcount: reference count: underflow | use-after-free @ refs_put+0x52 [refs]'],
  'rust-panic.log': [
    'rust-panic: Rust code panicked | index out of bounds: the len is 4 but the index is 4 @ _RNvXCs1234_4rmodNtB2_4RmodNtCs5678_6kernel6Module4init+0x2f [rmod]',
  ],
  'slab-redzone.log': [
    'slab: right redzone overwritten | in a cache object of kmalloc-16 @ ring_release+0x21 [ring]',
  ],
  'soft-lockup.log': ['lockup: soft lockup | CPU busy in the kernel for 26 s @ spin_init+0x12 [spin]'],
  'teardown-netdev.log': ['teardown: network device still referenced | demo0, 2 references @ nowhere'],
  'two-cpus.log': [
    'kasan: slab-use-after-free | write of 8 bytes @ echo_release+0x4c [echo]',
    'refcount: reference count: underflow | use-after-free @ refs_put+0x52 [refs]',
  ],
  'ubsan-array.log': [
    "ubsan: array-index-out-of-bounds | index 16 is out of range for type 'u8 [16]' @ ring_write+0xf7 [ring]",
  ],
  'usercopy.log': ['usercopy: copy to user space past an object | 128 bytes @ queue_drop+0x2f [queue]'],
  'warn-message.log': [
    "warning: Device 'echo0' does not have a release() function, it is broken and must be fixed. See Documentation/core-api/kobject.rst. | drivers/base/core.c:2635 @ refs_exit+0x15 [refs]",
  ],
  'warn-new-format.log': ['warning: WARN_ON | /lab/refs/refs.c:77 @ refs_put+0x52 [refs]'],
};

test('every sample is in the table', () => {
  expect([...sampleNames].sort()).toEqual(Object.keys(expected).sort());
});

test.each(Object.entries(expected))('%s', (name, reports) => {
  const found = findReports(parseLog(sample(name)));
  const lines = found.map((report) => {
    const frame = blame(report, modules) ?? blameKernel(report);
    return `${report.kind}: ${report.title} | ${report.detail} @ ${frame ? frameName(frame) : 'nowhere'}`;
  });
  expect(lines).toEqual(reports);
  expect(found.filter(({ truncated }) => truncated)).toEqual([]);
});

test('the end of a report is found, not the end of the log', () => {
  const messages = parseLog(sample('kasan-use-after-free.log'));
  const [report] = findReports(messages);
  expect(messages[report?.first ?? 0]?.text).toMatch(/^BUG: KASAN: slab-use-after-free/);
  expect(messages[report?.last ?? 0]?.text).toBe('Disabling lock debugging due to kernel taint');
});
