// SPDX-License-Identifier: Apache-2.0
// Logs put together from the formats in the kernel's source, for what our kernels can not print.

/** Sample → its reports, as 'kind: title | detail @ frame to show'. */
export const composed: Readonly<Record<string, string | readonly string[]>> = {
  'clean-boot': [],
  kcsan: 'kcsan: data-race | write of 8 bytes against read @ ctr_bump [ctr]',
  kfence: 'kfence: out-of-bounds | read @ ring_read [ring]',
  'kmemleak-debugfs': [
    'leak: memory that nothing points to | 64 bytes @ 0xffffffffc0209031',
    'leak: memory that nothing points to | 16 bytes @ echo_open [echo]',
  ],
  'oops-arm64': 'oops: null pointer dereference | write at offset 0x8 @ echo_write [echo]',
  'oops-journal': 'oops: null pointer dereference | write at offset 0x10 @ hello_init [hello]',
  'panic-init':
    'panic: kernel panic | VFS: Unable to mount root fs on unknown-block(0,0) @ mount_root_generic',
  'rcu-stall-other-cpu': 'rcu-stall: RCU grace period stalled | seen from another CPU @ spin_init [spin]',
  'refcount-late-message': 'refcount: reference count: underflow | use-after-free @ refs_put [refs]',
  'rust-panic':
    'rust-panic: Rust code panicked | index out of bounds: the len is 4 but the index is 4 @ _RNvXCs1234_4rmodNtB2_4RmodNtCs5678_6kernel6Module4init [rmod]',
  'two-cpus': [
    'kasan: slab-use-after-free | write of 8 bytes @ echo_release [echo]',
    'refcount: reference count: underflow | use-after-free @ refs_put [refs]',
  ],
  'warn-new-format': 'warning: WARN_ON | /lab/refs/refs.c @ refs_put [refs]',
};
