// SPDX-License-Identifier: Apache-2.0
import type { Entry } from '../explain.ts';

const kasanDocs = ['dev-tools/kasan.rst'];

/** What KASAN reports. */
export const kasan: readonly Entry[] = [
  {
    kind: 'kasan',
    when: /^(?:slab-)?use-after-free/,
    meaning:
      'The code used memory after it had been given back. The memory may already belong to someone else, so a read returns their data and a write corrupts it.',
    causes: [
      'One path frees the object while another still holds a plain pointer to it: a missing reference count.',
      'Teardown frees the object before the timer, work item, interrupt handler or open file that uses it has been stopped and waited for.',
      'An error path frees the object, and the caller goes on using it or frees it as well.',
      'An object that readers reach under RCU is freed at once instead of after a grace period.',
    ],
    next: [
      'Compare the three stacks: who used the object, who freed it, who allocated it. Ask what should have kept the freeing side waiting.',
      'Check the order of teardown: first make the object unreachable, then wait for its users (timer_delete_sync, cancel_work_sync, free_irq, synchronize_rcu), then free it.',
    ],
    read: [...kasanDocs, 'core-api/kref.rst', 'RCU/rcuref.rst'],
  },
  {
    kind: 'kasan',
    when: /^slab-out-of-bounds/,
    meaning:
      'The code read or wrote outside an object from kmalloc or a slab cache: before its start or past its end. What lies there belongs to someone else.',
    causes: [
      'A length or index that came from user space or from the device was not checked against the size of the buffer.',
      'The allocation is too small: sizeof of the pointer instead of the object, a count times size that overflowed, no room for a terminating NUL.',
      'A loop bound is off by one.',
      'container_of or a cast names a larger structure than the one that was allocated.',
    ],
    next: [
      'Compare the size of the object with the offset of the access: the difference is often the size of one element or of one field.',
      'Follow the length back to where it entered the driver, and check it there. struct_size and array_size keep sizes from overflowing.',
    ],
    read: [...kasanDocs, 'core-api/memory-allocation.rst', 'process/deprecated.rst'],
  },
  {
    kind: 'kasan',
    when: /^stack-out-of-bounds|^alloca-out-of-bounds/,
    meaning: 'The code read or wrote outside a local variable on the kernel stack.',
    causes: [
      'A local array is indexed or filled past its end.',
      'The address of a local variable was kept after its function had returned.',
      'A helper was told a larger size than the local buffer has, for instance a bitmap operation on a u32 as if it were an unsigned long.',
    ],
    next: [
      'The report lists the variables of the frame with their offsets; the access lies next to one of them.',
    ],
    read: kasanDocs,
  },
  {
    kind: 'kasan',
    when: /^global-out-of-bounds/,
    meaning: 'The code read or wrote outside a global or static variable.',
    causes: [
      'A static table is indexed with a value that was not checked.',
      'A table of identifiers, such as an of_device_id or pci_device_id array, lacks the empty entry that ends it.',
    ],
    next: ['The report names the variable that lies next to the access.'],
    read: kasanDocs,
  },
  {
    kind: 'kasan',
    when: /^vmalloc-out-of-bounds/,
    meaning:
      'The code touched memory past the end of a vmalloc area or of a module, or an area that was already unmapped.',
    causes: [
      'An index or length goes past a vmalloc buffer.',
      'Something still uses memory of a module, or of an area, that is gone: a timer, a work item or a registered callback.',
    ],
    next: ['If the address was in a module: look for what the module registered and did not unregister.'],
    read: kasanDocs,
  },
  {
    kind: 'kasan',
    when: /^double-free/,
    meaning:
      'An object was freed a second time. Had the memory been handed out again in between, the second free would have taken it from its new owner.',
    causes: [
      'Two paths each believe that they own the object, often an error path and the normal teardown.',
      'Memory from devm_kmalloc was freed with kfree; the driver core frees it again on unbind.',
      'A callback frees the object, and its caller does so too.',
    ],
    next: [
      'The freed stack shows the first free, the trace the second. Decide which of the two owns the object.',
    ],
    read: [...kasanDocs, 'driver-api/driver-model/devres.rst'],
  },
  {
    kind: 'kasan',
    when: /^invalid-free/,
    meaning:
      'A pointer was freed that no allocation returned: into the middle of an object, to a variable, or to memory of another allocator.',
    causes: [
      'The pointer was advanced before it was freed.',
      'A structure embedded in another one was freed by itself; the outer one is what was allocated.',
      'The object comes from a different allocator than the function that frees it expects.',
    ],
    next: [
      'Compare the freed address with the object in the report: an offset other than 0 is often that of a member.',
    ],
    read: [...kasanDocs, 'core-api/memory-allocation.rst'],
  },
  {
    kind: 'kasan',
    when: /^null-ptr-deref/,
    meaning: 'The code used a null pointer, or a member at a small offset from one.',
    causes: [
      'A result that can be NULL was not checked: an allocation, a lookup, an optional resource.',
      'A field is used before it is set, for instance private data before probe has stored it.',
    ],
    next: ['The address is the offset of the member within its structure; pahole shows which one it is.'],
    read: [...kasanDocs, 'admin-guide/bug-hunting.rst'],
  },
  {
    kind: 'kasan',
    when: /^user-memory-access/,
    meaning:
      'Kernel code followed an address of user space directly. Such addresses must go through copy_from_user and its relatives, which check them and survive a fault.',
    causes: [
      'A pointer passed by a system call is dereferenced without copy_from_user, copy_to_user, get_user or put_user.',
      'A pointer inside a structure that was copied from user space is itself taken for a kernel pointer.',
      'A corrupted or uninitialized pointer happens to look like a user address.',
    ],
    next: ['Mark such pointers __user and run sparse: it finds every direct use.'],
    read: [...kasanDocs, 'dev-tools/sparse.rst', 'core-api/mm-api.rst'],
  },
  {
    kind: 'kasan',
    when: /^wild-memory-access/,
    meaning: 'The code used an address at which there is no memory of any kind. The pointer is garbage.',
    causes: [
      'The pointer was never initialized, or the structure that holds it was overwritten.',
      'An error pointer (ERR_PTR) was used without IS_ERR.',
      'A list entry was used after list_del, which leaves poison values such as dead000000000100.',
    ],
    next: [
      'Look at the value of the address: 6b6b… is freed slab memory, dead… is list poison, ffff… with a small end is an error code.',
    ],
    read: [...kasanDocs, 'core-api/kernel-api.rst'],
  },
  {
    kind: 'kasan',
    when: /^negative size/,
    meaning:
      'A copy or a fill was asked for with a negative length, which as an unsigned number is nearly all of the address space.',
    causes: [
      'A length was computed as a difference without checking which side is larger.',
      'A function that returns a negative errno was used as a length.',
    ],
    next: ['Follow the length back to the subtraction or the call it comes from, and check it there.'],
    read: [...kasanDocs, 'process/deprecated.rst'],
  },
  {
    kind: 'kasan',
    meaning: 'KASAN found an access to memory that must not be accessed.',
    causes: [
      'A length is negative or was computed wrongly.',
      'The object is used outside its lifetime or its bounds.',
    ],
    next: ['Read the description of the address in the report, then the stacks.'],
    read: kasanDocs,
  },
];
