// SPDX-License-Identifier: GPL-2.0-only
/* Locks taken, released or freed against their rules: what lockdep finds. */
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include "canaries.h"

static DEFINE_MUTEX(table_lock);
static DEFINE_MUTEX(entry_lock);
static DEFINE_SPINLOCK(outer);
static DEFINE_SPINLOCK(inner);

struct shelf {
	struct mutex lock;
	spinlock_t count_lock;
};

static void take_in_both_orders(void)
{
	mutex_lock(&table_lock);
	mutex_lock(&entry_lock); /* BEFORE lockdep-circular */
	mutex_unlock(&entry_lock);
	mutex_unlock(&table_lock);

	mutex_lock(&entry_lock);
	mutex_lock(&table_lock); /* HERE lockdep-circular */
	mutex_unlock(&table_lock);
	mutex_unlock(&entry_lock);
}

static void take_two_of_a_kind(void)
{
	struct mutex pair[2];
	int i;

	for (i = 0; i < 2; i++)
		mutex_init(&pair[i]);
	mutex_lock(&pair[0]);
	mutex_lock(&pair[1]); /* HERE lockdep-recursive */
	mutex_unlock(&pair[1]);
	mutex_unlock(&pair[0]);
}

/* Runs the function once in a hard interrupt, and waits for it. */
static void from_interrupt(enum hrtimer_restart (*fn)(struct hrtimer *timer))
{
	static struct hrtimer timer;

	hrtimer_init(&timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	timer.function = fn;
	hrtimer_start(&timer, ms_to_ktime(1), HRTIMER_MODE_REL);
	msleep(20);
}

static enum hrtimer_restart take_inner_for_interrupt(struct hrtimer *timer)
{
	spin_lock(&inner); /* HERE lockdep-inconsistent */
	spin_unlock(&inner);
	return HRTIMER_NORESTART;
}

static void let_the_interrupt_in(void)
{
	spin_lock(&inner);
	spin_unlock(&inner);
	from_interrupt(take_inner_for_interrupt);
}

static void take_inner_for_timer(struct timer_list *timer)
{
	spin_lock(&inner); /* HERE lockdep-softirq */
	spin_unlock(&inner);
}

static void let_the_timer_in(void)
{
	static struct timer_list timer;

	spin_lock(&inner);
	spin_unlock(&inner);
	timer_setup(&timer, take_inner_for_timer, 0);
	mod_timer(&timer, jiffies + 1);
	msleep(50);
}

static enum hrtimer_restart take_outer(struct hrtimer *timer)
{
	spin_lock(&outer); /* HERE lockdep-inversion */
	spin_unlock(&outer);
	return HRTIMER_NORESTART;
}

static void nest_with_interrupts_off(void)
{
	spin_lock_irq(&outer);
	spin_lock(&inner); /* HERE lockdep-irq-order */
	spin_unlock(&inner);
	spin_unlock_irq(&outer);
}

/* outer becomes a lock of interrupts although inner, inside it, is taken with interrupts on. */
static void invert_by_interrupt(void)
{
	nest_with_interrupts_off();
	spin_lock(&inner);
	spin_unlock(&inner);
	from_interrupt(take_outer);
}

/* The same three facts, learned in another order. */
static void nest_unsafe_in_safe(void)
{
	from_interrupt(take_outer);
	spin_lock(&inner);
	spin_unlock(&inner);
	nest_with_interrupts_off();
}

static void unlock_what_is_not_held(void)
{
	mutex_unlock(&table_lock); /* HERE lockdep-unlock */
}

static void free_what_is_locked(void)
{
	struct shelf *shelf = kmalloc(sizeof(*shelf), GFP_KERNEL);

	mutex_init(&shelf->lock);
	mutex_lock(&shelf->lock);
	kfree(shelf); /* HERE lockdep-freed */
}

static void keep_a_lock(void)
{
	mutex_lock(&table_lock); /* HERE lockdep-held */
}

static int end_with_a_lock(void *unused)
{
	mutex_lock(&table_lock); /* HERE lockdep-exit */
	return 0;
}

static void let_a_thread_end_with_a_lock(void)
{
	kthread_run(end_with_a_lock, NULL, "canary");
	msleep(20);
}

static void forget_to_initialize(void)
{
	struct shelf *shelf = kzalloc(sizeof(*shelf), GFP_KERNEL);

	spin_lock(&shelf->count_lock); /* HERE lock-uninitialized */
	spin_unlock(&shelf->count_lock);
	kfree(shelf);
}

static void key_from_the_heap(void)
{
	struct lock_class_key *key = kzalloc(sizeof(*key), GFP_KERNEL);
	struct mutex lock;

	__mutex_init(&lock, "canary", key); /* HERE lockdep-key */
	kfree(key);
}

static void name_an_impossible_subclass(void)
{
	mutex_lock_nested(&entry_lock, MAX_LOCKDEP_SUBCLASSES); /* HERE lockdep-subclass */
	mutex_unlock(&entry_lock);
}

static void promise_an_outer_lock(void)
{
	mutex_lock_nest_lock(&entry_lock, &table_lock); /* HERE lockdep-nest */
	mutex_unlock(&entry_lock);
}

/* As a neighbor would that writes past its end. */
static void overwrite_a_lock(void)
{
#ifdef CONFIG_DEBUG_SPINLOCK
	inner.rlock.magic = 0x6b6b6b6b;
#endif
	spin_lock(&inner); /* HERE spinlock-magic */
	spin_unlock(&inner);
}

const struct canary locking_canaries[] = {
	{ "lockdep-circular", take_in_both_orders },
	{ "lockdep-recursive", take_two_of_a_kind },
	{ "lockdep-inconsistent", let_the_interrupt_in },
	{ "lockdep-softirq", let_the_timer_in },
	{ "lockdep-inversion", invert_by_interrupt },
	{ "lockdep-irq-order", nest_unsafe_in_safe },
	{ "lockdep-unlock", unlock_what_is_not_held },
	{ "lockdep-freed", free_what_is_locked },
	{ "lockdep-held", keep_a_lock },
	{ "lockdep-exit", let_a_thread_end_with_a_lock },
	{ "lock-uninitialized", forget_to_initialize },
	{ "lockdep-key", key_from_the_heap },
	{ "lockdep-subclass", name_an_impossible_subclass },
	{ "lockdep-nest", promise_an_outer_lock },
	{ "spinlock-magic", overwrite_a_lock },
	{ }
};
