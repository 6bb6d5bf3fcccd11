// SPDX-License-Identifier: GPL-2.0-only
/* What checks compiled into the code find: UBSAN, BUG, WARN, reference counts, lists, copies. */
#include <linux/bug.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include "canaries.h"

struct label {
	char name[8];
	char rest[8];
};

static volatile int sink;
static int table[16];
static const char source[64] = "a text that is longer than the room for it";

static void index_past_the_array(void)
{
	sink = table[unknown(16)]; /* HERE ubsan-array */
}

static void shift_by_the_width(void)
{
	sink = 1 << unknown(32); /* HERE ubsan-shift */
}

static void load_an_impossible_bool(void)
{
	unsigned char raw = 7;
	bool *flag = unknown((bool *)&raw);

	sink = *flag; /* HERE ubsan-bool */
}

static void fail_an_assertion(void)
{
	BUG_ON(unknown(1)); /* HERE bug-on */
}

static void warn_on(void)
{
	WARN_ON(unknown(1)); /* HERE warn-on */
}

static void warn_with_a_message(void)
{
	WARN(unknown(1), "canaries: %d parcels, and %d expected\n", 3, 2); /* HERE warn-message */
}

static void put_once_too_often(void)
{
	refcount_t count = REFCOUNT_INIT(1);

	sink = refcount_dec_and_test(&count);
	sink = refcount_dec_and_test(&count); /* HERE refcount-underflow */
}

static void get_what_is_gone(void)
{
	refcount_t count = REFCOUNT_INIT(0);

	refcount_inc(&count); /* HERE refcount-inc-zero */
}

static void get_too_often(void)
{
	refcount_t count = REFCOUNT_INIT(INT_MAX);

	refcount_inc(&count); /* HERE refcount-saturated */
}

static void put_the_last_unseen(void)
{
	refcount_t count = REFCOUNT_INIT(1);

	refcount_dec(&count); /* HERE refcount-leak */
}

static void add_to_a_broken_list(void)
{
	LIST_HEAD(head);
	LIST_HEAD(elsewhere);
	LIST_HEAD(first);
	LIST_HEAD(second);

	list_add(&first, &head);
	first.prev = &elsewhere;
	list_add(&second, &head); /* HERE list-add */
}

static void add_twice(void)
{
	LIST_HEAD(head);
	LIST_HEAD(entry);

	list_add(&entry, &head);
	list_add(&entry, &head); /* HERE list-add-double */
}

static void remove_twice(void)
{
	LIST_HEAD(head);
	LIST_HEAD(entry);

	list_add(&entry, &head);
	list_del(&entry);
	list_del(&entry); /* HERE list-del */
}

static void remove_from_a_broken_list(void)
{
	LIST_HEAD(head);
	LIST_HEAD(entry);

	list_add(&entry, &head);
	INIT_LIST_HEAD(&head);
	list_del(&entry); /* HERE list-del-prev */
}

/* To the stack of the task, which would be a place for it. */
static void show_more_than_there_is(void)
{
	void __user *to = (void __user *)current->mm->start_stack;
	char *buffer = unknown(kzalloc(32, GFP_KERNEL));

	if (copy_to_user(to, buffer, unknown(64ul))) /* HERE usercopy */
		sink = 1;
	kfree(buffer);
}

static void take_more_than_fits(void)
{
	void __user *from = (void __user *)current->mm->start_stack;
	char *buffer = unknown(kzalloc(32, GFP_KERNEL));

	if (copy_from_user(buffer, from, unknown(64ul))) /* HERE usercopy-from */
		sink = 1;
	kfree(buffer);
}

static void fill_over_a_field(void)
{
	static struct label label;

	memcpy(label.name, source, unknown(12)); /* HERE fortify-field */
	sink = label.rest[0];
}

static void fill_over_a_buffer(void)
{
	static char small[16];

	memcpy(small, source, unknown(32)); /* HERE fortify-overflow */
	sink = small[0];
}

const struct canary check_canaries[] = {
	{ "ubsan-array", index_past_the_array },
	{ "ubsan-shift", shift_by_the_width },
	{ "ubsan-bool", load_an_impossible_bool },
	{ "bug-on", fail_an_assertion },
	{ "warn-on", warn_on },
	{ "warn-message", warn_with_a_message },
	{ "refcount-underflow", put_once_too_often },
	{ "refcount-inc-zero", get_what_is_gone },
	{ "refcount-saturated", get_too_often },
	{ "refcount-leak", put_the_last_unseen },
	{ "list-add", add_to_a_broken_list },
	{ "list-add-double", add_twice },
	{ "list-del", remove_twice },
	{ "list-del-prev", remove_from_a_broken_list },
	{ "usercopy", show_more_than_there_is },
	{ "usercopy-from", take_more_than_fits },
	{ "fortify-field", fill_over_a_field },
	{ "fortify-overflow", fill_over_a_buffer },
	{ }
};
