// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/cells: a rack of battery cells between which charge is moved.
 *
 * There are two kinds of lock. The mutex of a cell says that a command uses it;
 * its holder sleeps, for as long as a move takes. Cells are taken in the order of
 * their numbers, whichever way the charge goes, so nobody waits in a circle.
 * charge_lock makes the numbers of all cells change and be seen together. The
 * charger takes it in hard interrupt context, so everybody else takes it with
 * interrupts off, and for a few instructions only.
 *
 * Order: mutexes of cells, lower number first; charge_lock.
 */
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/signal.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#define CELLS_MAX	8	/* as many subclasses as lockdep has */
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
	struct mutex use;	/* held by the command that uses the cell */
	u64 charge;	/* under charge_lock */
};

static struct cell cells[CELLS_MAX];
static DEFINE_SPINLOCK(charge_lock);
static u64 ticks;	/* under charge_lock */
static struct hrtimer charger;

/* In hard interrupt context: interrupts are off here. */
static enum hrtimer_restart charger_tick(struct hrtimer *timer)
{
	spin_lock(&charge_lock);
	for (unsigned int i = 0; i < count; i++)
		cells[i].charge++;
	ticks++;
	spin_unlock(&charge_lock);

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

/* The number of a cell is its subclass: lockdep sees the order and would report another one. */
static int use_cell(unsigned int i)
{
	return mutex_lock_interruptible_nested(&cells[i].use, i) ? -ERESTARTSYS : 0;
}

static void leave_cell(unsigned int i)
{
	mutex_unlock(&cells[i].use);
}

static int use_both(unsigned int a, unsigned int b)
{
	int err = use_cell(min(a, b));

	if (err)
		return err;
	err = use_cell(max(a, b));
	if (err)
		leave_cell(min(a, b));
	return err;
}

static int move(unsigned int from, unsigned int to, unsigned int units)
{
	bool enough;
	int err;

	if (from >= count || to >= count || from == to || !units || units > UNITS_MAX)
		return -EINVAL;

	err = use_both(from, to);
	if (err)
		return err;

	/* From here on others only add to it, so there is still enough at the end. */
	spin_lock_irq(&charge_lock);
	enough = cells[from].charge >= units;
	spin_unlock_irq(&charge_lock);

	err = enough ? pass_time(units * pace_us) : -ENODATA;
	if (!err) {
		spin_lock_irq(&charge_lock);
		cells[from].charge -= units;
		cells[to].charge += units;
		spin_unlock_irq(&charge_lock);
	}
	leave_cell(to);
	leave_cell(from);
	return err;
}

static int reset(unsigned int charge)
{
	unsigned int used;
	int err = 0;

	if (charge > CHARGE_MAX)
		return -EINVAL;

	for (used = 0; used < count; used++) {
		err = use_cell(used);
		if (err)
			break;
	}
	if (!err) {
		spin_lock_irq(&charge_lock);
		for (unsigned int i = 0; i < count; i++)
			cells[i].charge = charge;
		ticks = 0;
		spin_unlock_irq(&charge_lock);
	}
	while (used)
		leave_cell(--used);
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
	u64 charges[CELLS_MAX], at;
	char text[512];
	int used;

	/* A copy now; text and user space can wait until the lock is free again. */
	spin_lock_irq(&charge_lock);
	at = ticks;
	for (unsigned int i = 0; i < count; i++)
		charges[i] = cells[i].charge;
	spin_unlock_irq(&charge_lock);

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
		mutex_init(&cells[i].use);
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
	hrtimer_cancel(&charger);
}
module_exit(cells_exit);

MODULE_DESCRIPTION("A rack of cells that fill each other");
MODULE_LICENSE("GPL");
