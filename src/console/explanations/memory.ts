// SPDX-License-Identifier: Apache-2.0
import type { Entry } from '../explain.ts';

/** What the other detectors of memory errors and data races report. */
export const memory: readonly Entry[] = [
  {
    kind: 'kfence',
    meaning:
      'KFENCE, which guards a small sample of all allocations, found an error in one of them: an access outside the object, after its free, or a free that does not fit. It reports real errors only.',
    causes: [
      'The object is used after another path has freed it.',
      'A length or an index goes past the object. "Memory corruption" means that bytes next to it were found changed when it was freed.',
      'The same pointer is freed twice, or a pointer that was not allocated.',
    ],
    next: [
      'The error is there every time, KFENCE only meets it by chance: run the same steps on a kernel with KASAN.',
    ],
    read: ['dev-tools/kfence.rst', 'dev-tools/kasan.rst'],
  },
  {
    kind: 'kcsan',
    meaning:
      'Two contexts touched the same memory at the same time, at least one of them wrote, and nothing ordered or marked the accesses. The compiler may tear, fuse or repeat such accesses, and the value seen depends on timing.',
    causes: [
      'Data shared with an interrupt handler, a work item or another task is accessed without its lock on one side.',
      'A flag or counter is meant to be read without a lock, but not marked with READ_ONCE and WRITE_ONCE, or not an atomic_t.',
    ],
    next: [
      'Decide which rule should protect the data. If it is a lock, take it on both sides; if lockless access is meant, mark it and say which barriers order it.',
      'Marking an access only to silence the report hides the error.',
    ],
    read: ['dev-tools/kcsan.rst', 'memory-barriers.txt', 'atomic_t.txt'],
  },
  {
    kind: 'kmsan',
    meaning:
      'A value that was never initialized decided something: a branch, an address, or data that left the kernel.',
    causes: [
      'A structure is filled field by field and then copied whole, with padding or unset fields in it.',
      'A function can return without setting what its caller reads.',
      'Fewer bytes arrived from the device or from user space than the code goes on to read.',
    ],
    next: [
      '"Uninit was created at" shows where the memory came from: clear it there (kzalloc, = {}), or set every field.',
    ],
    read: ['dev-tools/kmsan.rst'],
  },
  {
    kind: 'slab',
    when: /already free|are to be freed/,
    meaning: 'An object was freed a second time; the slab allocator found it on its list of free objects.',
    causes: [
      'Two paths each believe that they own the object.',
      'An error path frees what the normal teardown frees again.',
    ],
    next: ['The report shows who freed the object before; the trace shows who frees it now.'],
    read: ['mm/slub.rst', 'dev-tools/kasan.rst'],
  },
  {
    kind: 'slab',
    when: /remaining|still has objects/,
    meaning:
      'A slab cache is destroyed while objects of it are still allocated. The cache stays, and so do the objects.',
    causes: [
      'Objects are leaked: some path does not free what it allocated.',
      'Objects that are freed by call_rcu are not waited for: rcu_barrier is missing before kmem_cache_destroy.',
    ],
    next: ['The report lists the remaining objects and where each was allocated.'],
    read: ['mm/slub.rst', 'RCU/rcuref.rst'],
  },
  {
    kind: 'slab',
    meaning:
      'The slab allocator found its guard bytes, its poison or its free list changed. Something wrote outside its own object, or into an object after it was freed. The report comes when the allocator looks, which may be long after the write.',
    causes: [
      'A write past the end or before the start of the object: the redzone is overwritten.',
      'A write to the object after its free: the poison (6b) is overwritten.',
    ],
    next: [
      'The report shows who allocated and who freed the object; the owner of the neighboring object is a suspect too.',
      'A kernel with KASAN reports the write itself rather than its traces.',
    ],
    read: ['mm/slub.rst', 'dev-tools/kasan.rst'],
  },
  {
    kind: 'usercopy',
    when: /FORTIFY/,
    meaning:
      'A string or memory function was about to go past the end of a buffer whose size the compiler knows.',
    causes: [
      'The length is not checked against the size of the destination.',
      'A copy spans several members of a structure on purpose; struct_group says so to the compiler.',
    ],
    next: ['The report names the function, the length and the size of the buffer. Use strscpy for strings.'],
    read: ['process/deprecated.rst', 'security/self-protection.rst'],
  },
  {
    kind: 'usercopy',
    meaning:
      'A copy between kernel and user space would have gone past the object in the kernel, or touched memory that is never to be copied. Such a copy leaks kernel memory or lets user space overwrite it.',
    causes: [
      'The length given by user space is not limited to the size of the object.',
      'An object of a slab cache is copied that declares no region for user copies (kmem_cache_create_usercopy).',
      'The buffer is a local variable of a function that is gone, or spans stack frames.',
    ],
    next: ['Limit the length to what the object holds (min, or simple_read_from_buffer for reads).'],
    read: ['security/self-protection.rst', 'core-api/mm-api.rst'],
  },
  {
    kind: 'leak',
    when: /unload/,
    meaning:
      'The module was unloaded while memory that it allocated was still in use. No code is left that could free it.',
    causes: [
      'The exit path, or an error path before it, does not free what init or probe allocated.',
      'Objects that belong to open files or queued work are not freed on release.',
      'Objects handed to call_rcu were still waiting: the exit function has to call rcu_barrier.',
    ],
    next: [
      'The report names the line of the allocation. Follow its pointer to every path that ends its life.',
      'The sizes are those of the slots in the slab, which may be larger than what was asked for.',
    ],
    read: ['mm/allocation-profiling.rst', 'dev-tools/kmemleak.rst'],
  },
  {
    kind: 'leak',
    meaning:
      'kmemleak scanned the memory of the kernel and found no pointer to an allocated object any more: nothing can free it.',
    causes: [
      'An error path returns without freeing what was allocated before.',
      'The only pointer was overwritten, for instance by a second open or a second probe.',
      'Teardown frees a container and forgets what its members point to.',
    ],
    next: [
      'The backtrace is that of the allocation: look for the path from there on that drops the pointer.',
      'If a pointer does exist, but in a form that kmemleak can not see (shifted, or only in a device), kmemleak_not_leak says so.',
    ],
    read: ['dev-tools/kmemleak.rst'],
  },
  {
    kind: 'bad-page',
    when: /rss-counter/,
    meaning:
      'A process ended, and the number of pages it was said to have did not come down to zero. The kernel says no more than that.',
    causes: [
      'A driver put pages into a mapping, or took them out of one, without the functions that count them.',
      'A page table was changed behind the back of the memory management.',
    ],
    next: [
      'Look at mmap and fault of the files that the process had mapped: vm_insert_page and vmf_insert_pfn count.',
    ],
    read: ['mm/process_addrs.rst', 'mm/page_tables.rst'],
  },
  {
    kind: 'bad-page',
    when: /page map/,
    meaning:
      'A page table has an entry that does not fit its mapping: it leads to memory without a struct page although the mapping does not say that it may.',
    causes: [
      'mmap fills the mapping by hand, or clears VM_PFNMAP or VM_MIXEDMAP after remap_pfn_range or vmf_insert_pfn.',
      'The page table was overwritten.',
    ],
    next: [
      'The report names the functions of the mapping. Use one of the helpers, and leave the flags it sets.',
    ],
    read: ['mm/page_tables.rst', 'driver-api/basics.rst'],
  },
  {
    kind: 'bad-page',
    meaning:
      'The bookkeeping of a page, a page table or a process does not fit: a page was freed while still in use, was used after its free, or its descriptor was overwritten.',
    causes: [
      'A page is freed although it is still mapped or referenced, or freed twice.',
      'A driver maps pages to user space with the wrong function, or does not hold a reference to them.',
      'Memory corruption elsewhere.',
    ],
    next: [
      '"page dumped because" says which field is wrong. Check get_page and put_page, and the order passed to free_pages.',
    ],
    read: ['mm/page_owner.rst', 'mm/physical_memory.rst'],
  },
];
