// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rack, another way: no cell has a lock. One spinlock guards which cells are
 * in use and all charges; a command waits, holding nothing, until all of its cells
 * are free at once, and marks them at that very moment. Who holds nothing while
 * waiting can not be part of a circle.
 */
#include <linux/bitops.h>
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

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

/* Taken by the charger in hard interrupt context, and for all of this: */
static DEFINE_SPINLOCK(lock);
static u64 charges[CELLS_MAX];
static u64 ticks;
static unsigned long in_use;	/* one bit for each cell */

static DECLARE_WAIT_QUEUE_HEAD(freed);
static struct hrtimer charger;

static enum hrtimer_restart charger_tick(struct hrtimer *timer)
{
	unsigned long flags;

	spin_lock_irqsave(&lock, flags);
	for (unsigned int i = 0; i < count; i++)
		charges[i]++;
	ticks++;
	spin_unlock_irqrestore(&lock, flags);

	hrtimer_forward_now(timer, ns_to_ktime(period_us * NSEC_PER_USEC));
	return HRTIMER_RESTART;
}

/* Call with the lock held. */
static void give_back(unsigned long which)
{
	in_use &= ~which;
	wake_up_all(&freed);
}

static int move(unsigned int from, unsigned int to, unsigned int units)
{
	unsigned long both;
	ktime_t time;
	int err;

	if (from >= count || to >= count || from == to || !units || units > UNITS_MAX)
		return -EINVAL;
	both = BIT(from) | BIT(to);

	spin_lock_irq(&lock);
	err = wait_event_interruptible_lock_irq(freed, !(in_use & both), lock);
	if (!err && charges[from] < units)
		err = -ENODATA;
	if (err) {
		spin_unlock_irq(&lock);
		return err;
	}
	in_use |= both;
	spin_unlock_irq(&lock);

	time = ns_to_ktime((u64)units * pace_us * NSEC_PER_USEC);
	if (time)
		err = wait_event_interruptible_hrtimeout(freed, false, time);

	spin_lock_irq(&lock);
	if (!err || err == -ETIME) {
		charges[from] -= units;
		charges[to] += units;
		err = 0;
	}
	give_back(both);
	spin_unlock_irq(&lock);
	return err;
}

static int reset(unsigned int charge)
{
	int err;

	if (charge > CHARGE_MAX)
		return -EINVAL;

	spin_lock_irq(&lock);
	err = wait_event_interruptible_lock_irq(freed, !in_use, lock);
	if (!err) {
		for (unsigned int i = 0; i < count; i++)
			charges[i] = charge;
		ticks = 0;
	}
	spin_unlock_irq(&lock);
	return err;
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
	u64 seen[CELLS_MAX], at;
	char text[512];
	int used;

	spin_lock_irq(&lock);
	at = ticks;
	memcpy(seen, charges, sizeof(seen));
	spin_unlock_irq(&lock);

	used = scnprintf(text, sizeof(text), "ticks %llu\n", at);
	for (unsigned int i = 0; i < count; i++)
		used += scnprintf(text + used, sizeof(text) - used, "%llu\n", seen[i]);
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
	for (unsigned int i = 0; i < count; i++)
		charges[i] = start;
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
	hrtimer_cancel(&charger);
}
module_exit(cells_exit);

MODULE_DESCRIPTION("A rack of cells that fill each other");
MODULE_LICENSE("GPL");
