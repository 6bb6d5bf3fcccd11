// SPDX-License-Identifier: GPL-2.0-only
/* Sleeping where that is forbidden, RCU, and waits that do not end. */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include "canaries.h"

static DEFINE_SPINLOCK(count_lock);
static DEFINE_MUTEX(table_lock);
static int __rcu *shared;
static volatile int sink;

static void allocate_under_spinlock(void)
{
	spin_lock(&count_lock);
	kfree(kmalloc(16, GFP_KERNEL)); /* HERE atomic-sleep */
	spin_unlock(&count_lock);
}

static void allocate_with_interrupts_off(void)
{
	local_irq_disable();
	kfree(kmalloc(16, GFP_KERNEL)); /* HERE atomic-irqs-off */
	local_irq_enable();
}

/* Right on every kernel but a real-time one, whose spinlocks sleep. */
static void take_spinlock_with_interrupts_off(void)
{
	local_irq_disable();
	spin_lock(&count_lock); /* HERE rt-irqs-off */
	spin_unlock(&count_lock);
	local_irq_enable();
}

static void allocate_as_a_reader(void)
{
	rcu_read_lock();
	kfree(kmalloc(16, GFP_KERNEL)); /* HERE atomic-rcu */
	rcu_read_unlock();
}

static void take_mutex_under_spinlock(void)
{
	spin_lock(&count_lock);
	mutex_lock(&table_lock); /* HERE atomic-mutex */
	mutex_unlock(&table_lock);
	spin_unlock(&count_lock);
}

/* With its report the kernel enables preemption again. */
static void sleep_without_preemption(void)
{
	preempt_disable();
	msleep(20); /* HERE atomic-schedule */
}

static void sleep_as_a_reader(void)
{
	rcu_read_lock();
	msleep(20); /* HERE rcu-sleep */
	rcu_read_unlock();
}

static void block_while_waiting(void)
{
	set_current_state(TASK_INTERRUPTIBLE);
	mutex_lock(&table_lock); /* HERE warn-blocking */
	mutex_unlock(&table_lock);
	__set_current_state(TASK_RUNNING);
}

static void return_without_preemption(void)
{
	preempt_disable();
}

static void return_with_a_lock(struct work_struct *work)
{
	mutex_lock(&table_lock); /* HERE atomic-workqueue */
}
static DECLARE_WORK(leaking, return_with_a_lock);

static void let_work_leak(void)
{
	schedule_work(&leaking);
	msleep(20);
}

static void read_without_rcu(void)
{
	int *value = rcu_dereference(shared); /* HERE rcu-suspicious */

	sink = value ? *value : 0;
}

static void nothing(struct rcu_head *rcu)
{
}

static void read_for_ever(void)
{
	static struct rcu_head rcu;

	rcu_read_lock();
	call_rcu(&rcu, nothing);
	loop_for(12000); /* HERE rcu-stall */
	rcu_read_unlock();
}

static void keep_the_processor(void)
{
	preempt_disable();
	loop_for(4000); /* HERE soft-lockup */
	preempt_enable();
}

static void wait_for_nobody(void)
{
	DECLARE_COMPLETION_ONSTACK(never);

	wait_for_completion(&never); /* HERE hung-task */
}

static void hold_up_the_queue(struct work_struct *work)
{
	preempt_disable();
	loop_for(6000); /* HERE workqueue-lockup */
	preempt_enable();
}
static DECLARE_WORK(first, hold_up_the_queue);

static void never_reached(struct work_struct *work)
{
}
static DECLARE_WORK(second, never_reached);

static void queue_behind_another(void)
{
	schedule_work(&first);
	schedule_work(&second);
	msleep(20);
}

static void give_up(void)
{
	panic("canaries: %d parcels are lost", 3); /* HERE panic */
}

static void overwrite_the_end_of_the_stack(void)
{
	WRITE_ONCE(*end_of_stack(current), 0);
	schedule(); /* HERE panic-stack-end */
}

const struct canary context_canaries[] = {
	{ "atomic-sleep", allocate_under_spinlock },
	{ "atomic-irqs-off", allocate_with_interrupts_off },
	{ "rt-irqs-off", take_spinlock_with_interrupts_off },
	{ "atomic-rcu", allocate_as_a_reader },
	{ "atomic-mutex", take_mutex_under_spinlock },
	{ "atomic-schedule", sleep_without_preemption },
	{ "rcu-sleep", sleep_as_a_reader },
	{ "warn-blocking", block_while_waiting },
	{ "warn-preempt", return_without_preemption },
	{ "atomic-workqueue", let_work_leak },
	{ "rcu-suspicious", read_without_rcu },
	{ "rcu-stall", read_for_ever },
	{ "soft-lockup", keep_the_processor },
	{ "hung-task", wait_for_nobody },
	{ "workqueue-lockup", queue_behind_another },
	{ "panic", give_up },
	{ "panic-stack-end", overwrite_the_end_of_the_stack },
	{ }
};
