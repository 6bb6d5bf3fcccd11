// SPDX-License-Identifier: GPL-2.0-only
/* Access to memory that is not, or no longer, one's own: what KASAN finds. */
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include "canaries.h"

struct parcel {
	struct list_head node;
	unsigned long weight;
	struct rcu_head rcu;
};

static volatile char sink;
static char table[16];

static void read_past_the_end(void)
{
	char *buffer = unknown(kmalloc(40, GFP_KERNEL)); /* ALLOCATED kasan-out-of-bounds */

	sink = buffer[40]; /* HERE kasan-out-of-bounds */
	kfree(buffer);
}

static void write_past_the_end(void)
{
	long *buffer = unknown(kmalloc(96, GFP_KERNEL)); /* ALLOCATED kasan-write */

	WRITE_ONCE(buffer[12], 1); /* HERE kasan-write */
	kfree(buffer);
}

static void write_after_free(void)
{
	struct parcel *parcel = kzalloc(sizeof(*parcel), GFP_KERNEL); /* ALLOCATED kasan-use-after-free */

	kfree(parcel); /* FREED kasan-use-after-free */
	WRITE_ONCE(unknown(parcel)->weight, 1); /* HERE kasan-use-after-free */
}

static void free_parcel(struct rcu_head *rcu)
{
	kfree(container_of(rcu, struct parcel, rcu)); /* FREED kasan-after-rcu */
}

/* A reader that keeps its pointer longer than its read-side section. */
static void read_after_grace_period(void)
{
	struct parcel *parcel = kzalloc(sizeof(*parcel), GFP_KERNEL); /* ALLOCATED kasan-after-rcu */

	call_rcu(&parcel->rcu, free_parcel); /* QUEUED kasan-after-rcu */
	rcu_barrier();
	sink = READ_ONCE(unknown(parcel)->weight); /* HERE kasan-after-rcu */
}

static void free_twice(void)
{
	void *buffer = kmalloc(100, GFP_KERNEL); /* ALLOCATED kasan-double-free */

	kfree(buffer); /* FREED kasan-double-free */
	kfree(unknown(buffer)); /* HERE kasan-double-free */
}

static void free_the_middle(void)
{
	char *buffer = kmalloc(100, GFP_KERNEL); /* ALLOCATED kasan-invalid-free */

	kfree(unknown(buffer) + 8); /* HERE kasan-invalid-free */
}

static void overrun_the_stack(void)
{
	char local[16];
	char *at = unknown(&local[0]);

	at[16] = 1; /* HERE kasan-stack */
}

static void overrun_a_table(void)
{
	char *at = unknown(&table[0]);

	sink = at[16]; /* HERE kasan-global */
}

static void overrun_vmalloc(void)
{
	char *area = unknown(vmalloc(100)); /* ALLOCATED kasan-vmalloc */

	sink = area[100]; /* HERE kasan-vmalloc */
	vfree(area);
}

static void use_a_freed_page(void)
{
	struct page *page = alloc_page(GFP_KERNEL);
	char *at = page_address(page);

	__free_page(page);
	unknown(at)[0] = 1; /* HERE kasan-page */
}

static void move_a_negative_length(void)
{
	char *buffer = unknown(kzalloc(64, GFP_KERNEL)); /* ALLOCATED kasan-negative-size */

	memmove(buffer, buffer + 4, unknown(-2l)); /* HERE kasan-negative-size */
	kfree(buffer);
}

/* The memory functions ask KASAN before they touch anything, and then leave it. */
static void clear_a_null_pointer(void)
{
	memset(unknown((char *)0x18), 0, unknown(8ul)); /* HERE kasan-null */
}

static void clear_user_memory(void)
{
	memset(unknown((char *)0x10000000), 0, unknown(8ul)); /* HERE kasan-user-memory */
}

static void clear_poison(void)
{
	memset(unknown((char *)LIST_POISON1), 0, unknown(8ul)); /* HERE kasan-wild */
}

const struct canary memory_canaries[] = {
	{ "kasan-out-of-bounds", read_past_the_end },
	{ "kasan-write", write_past_the_end },
	{ "kasan-use-after-free", write_after_free },
	{ "kasan-after-rcu", read_after_grace_period },
	{ "kasan-double-free", free_twice },
	{ "kasan-invalid-free", free_the_middle },
	{ "kasan-stack", overrun_the_stack },
	{ "kasan-global", overrun_a_table },
	{ "kasan-vmalloc", overrun_vmalloc },
	{ "kasan-page", use_a_freed_page },
	{ "kasan-negative-size", move_a_negative_length },
	{ "kasan-null", clear_a_null_pointer },
	{ "kasan-user-memory", clear_user_memory },
	{ "kasan-wild", clear_poison },
	{ }
};
