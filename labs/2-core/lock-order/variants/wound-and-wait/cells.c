// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rack, another way: wound/wait mutexes, which may be taken in any order. Who
 * would close a circle is told so, gives back what it has, and begins again with
 * the cell it could not get. The charger's interrupt only counts; a work item does
 * what it counted, so charges are never touched in interrupt context.
 */
#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>
#include <linux/ww_mutex.h>

#define CELLS_MAX	8
#define CHARGE_MAX	1000000
#define UNITS_MAX	10000

static unsigned int count = 4;
module_param(count, uint, 0444);
MODULE_PARM_DESC(count, "number of cells, 2 to 8 (default 4)");

static unsigned int start = 1000;
module_param(start, uint, 0444);
MODULE_PARM_DESC(start, "charge of each cell after loading (default 1000)");

static unsigned int period_us = 1000;
module_param(period_us, uint, 0444);
MODULE_PARM_DESC(period_us, "microseconds between two ticks of the charger (default 1000)");

static unsigned int pace_us = 1000;
module_param(pace_us, uint, 0444);
MODULE_PARM_DESC(pace_us, "microseconds in which one unit is moved (default 1000)");

struct cell {
	struct ww_mutex use;
	u64 charge;	/* under charge_mutex */
};

static DEFINE_WW_CLASS(use_class);
static struct cell cells[CELLS_MAX];
static DEFINE_MUTEX(charge_mutex);
static u64 ticks;	/* under charge_mutex */

static atomic_t pending;	/* ticks that are not in the charges yet */
static struct hrtimer charger;

static void charge_cells(struct work_struct *work)
{
	unsigned int units;

	mutex_lock(&charge_mutex);
	units = atomic_xchg(&pending, 0);
	for (unsigned int i = 0; i < count; i++)
		cells[i].charge += units;
	ticks += units;
	mutex_unlock(&charge_mutex);
}

static DECLARE_WORK(charge_work, charge_cells);

static enum hrtimer_restart charger_tick(struct hrtimer *timer)
{
	atomic_inc(&pending);
	queue_work(system_highpri_wq, &charge_work);
	hrtimer_forward_now(timer, ns_to_ktime(period_us * NSEC_PER_USEC));
	return HRTIMER_RESTART;
}

/* Sleeps; says why when it was not for that long. */
static int pass_time(unsigned int us)
{
	ktime_t end = ktime_add_us(ktime_get(), us);

	while (us) {
		if (signal_pending(current))
			return -ERESTARTSYS;
		set_current_state(TASK_INTERRUPTIBLE);
		if (!schedule_hrtimeout(&end, HRTIMER_MODE_ABS))
			break;
	}
	return 0;
}

static void leave_cells(unsigned long which)
{
	for (unsigned int i = 0; i < count; i++)
		if (which & BIT(i))
			ww_mutex_unlock(&cells[i].use);
}

/* Takes all of these cells, or none. On success the context stays open until end_use(). */
static int use_cells(struct ww_acquire_ctx *ctx, unsigned long which)
{
	unsigned long used = 0;
	int err;

	ww_acquire_init(ctx, &use_class);
retry:
	for (unsigned int i = 0; i < count; i++) {
		if (!(which & BIT(i)) || (used & BIT(i)))
			continue;
		err = ww_mutex_lock_interruptible(&cells[i].use, ctx);
		if (!err) {
			used |= BIT(i);
			continue;
		}
		leave_cells(used);
		used = 0;
		if (err == -EDEADLK) {
			/* An older command has it. Once we have that one, begin again. */
			err = ww_mutex_lock_slow_interruptible(&cells[i].use, ctx);
			if (!err) {
				used = BIT(i);
				goto retry;
			}
		}
		ww_acquire_fini(ctx);
		return -ERESTARTSYS;
	}
	ww_acquire_done(ctx);
	return 0;
}

static void end_use(struct ww_acquire_ctx *ctx, unsigned long which)
{
	leave_cells(which);
	ww_acquire_fini(ctx);
}

static int move(unsigned int from, unsigned int to, unsigned int units)
{
	struct ww_acquire_ctx ctx;
	bool enough;
	int err;

	if (from >= count || to >= count || from == to || !units || units > UNITS_MAX)
		return -EINVAL;
	err = use_cells(&ctx, BIT(from) | BIT(to));
	if (err)
		return err;

	mutex_lock(&charge_mutex);
	enough = cells[from].charge >= units;
	mutex_unlock(&charge_mutex);
	err = enough ? pass_time(units * pace_us) : -ENODATA;
	if (!err) {
		mutex_lock(&charge_mutex);
		cells[from].charge -= units;
		cells[to].charge += units;
		mutex_unlock(&charge_mutex);
	}
	end_use(&ctx, BIT(from) | BIT(to));
	return err;
}

static int reset(unsigned int charge)
{
	struct ww_acquire_ctx ctx;
	int err;

	if (charge > CHARGE_MAX)
		return -EINVAL;
	err = use_cells(&ctx, BIT(count) - 1);
	if (err)
		return err;
	mutex_lock(&charge_mutex);
	for (unsigned int i = 0; i < count; i++)
		cells[i].charge = charge;
	ticks = 0;
	mutex_unlock(&charge_mutex);
	end_use(&ctx, BIT(count) - 1);
	return 0;
}

static ssize_t cells_write(struct file *file, const char __user *buf, size_t length, loff_t *pos)
{
	unsigned int a, b, n;
	char text[64], end;
	char *command;
	int err;

	if (length >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, buf, length))
		return -EFAULT;
	text[length] = '\0';
	command = strim(text);

	if (sscanf(command, "move %u %u %u%c", &a, &b, &n, &end) == 3)
		err = move(a, b, n);
	else if (sscanf(command, "reset %u%c", &n, &end) == 1)
		err = reset(n);
	else
		err = -EINVAL;
	return err ?: length;
}

static ssize_t cells_read(struct file *file, char __user *buf, size_t length, loff_t *pos)
{
	u64 charges[CELLS_MAX], at;
	char text[512];
	int used;

	mutex_lock(&charge_mutex);
	at = ticks;
	for (unsigned int i = 0; i < count; i++)
		charges[i] = cells[i].charge;
	mutex_unlock(&charge_mutex);

	used = scnprintf(text, sizeof(text), "ticks %llu\n", at);
	for (unsigned int i = 0; i < count; i++)
		used += scnprintf(text + used, sizeof(text) - used, "%llu\n", charges[i]);
	return simple_read_from_buffer(buf, length, pos, text, used);
}

static const struct file_operations cells_fops = {
	.owner = THIS_MODULE,
	.read = cells_read,
	.write = cells_write,
	.llseek = default_llseek,
};

static struct miscdevice cells_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "cells",
	.fops = &cells_fops,
};

static int __init cells_init(void)
{
	int err;

	if (count < 2 || count > CELLS_MAX || start > CHARGE_MAX || period_us < 100 ||
	    period_us > 1000000 || pace_us > 1000)
		return -EINVAL;
	for (unsigned int i = 0; i < count; i++) {
		ww_mutex_init(&cells[i].use, &use_class);
		cells[i].charge = start;
	}
	hrtimer_init(&charger, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	charger.function = charger_tick;

	err = misc_register(&cells_device);
	if (err)
		return err;
	hrtimer_start(&charger, ns_to_ktime(period_us * NSEC_PER_USEC), HRTIMER_MODE_REL);
	return 0;
}
module_init(cells_init);

static void __exit cells_exit(void)
{
	misc_deregister(&cells_device);
	hrtimer_cancel(&charger);	/* nobody queues the work any more */
	cancel_work_sync(&charge_work);
}
module_exit(cells_exit);

MODULE_DESCRIPTION("A rack of cells that fill each other");
MODULE_LICENSE("GPL");
