// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/cells: a rack of battery cells between which charge is moved.
 *
 * The charger ticks, commands are parsed, and the state is made into text. Who
 * uses which cell, and what keeps the numbers together, is yours. See brief.md.
 */
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/kernel.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#define CELLS_MAX	8
#define CHARGE_MAX	1000000

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
	u64 charge;
	/* TODO: what says that a command uses the cell? */
};

static struct cell cells[CELLS_MAX];
static u64 ticks;
static struct hrtimer charger;

/* In hard interrupt context. */
static enum hrtimer_restart charger_tick(struct hrtimer *timer)
{
	/* TODO: processes change and read these numbers too */
	for (unsigned int i = 0; i < count; i++)
		cells[i].charge++;
	ticks++;

	hrtimer_forward_now(timer, ns_to_ktime(period_us * NSEC_PER_USEC));
	return HRTIMER_RESTART;
}

static int move(unsigned int from, unsigned int to, unsigned int units)
{
	/* TODO: refuse what makes no sense, use both cells, let the time pass, move the units */
	return -EOPNOTSUPP;
}

static int reset(unsigned int charge)
{
	/* TODO: use all cells, then set them */
	return -EOPNOTSUPP;
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
	char text[512];
	int used;

	/* TODO: these are numbers of many moments */
	used = scnprintf(text, sizeof(text), "ticks %llu\n", ticks);
	for (unsigned int i = 0; i < count; i++)
		used += scnprintf(text + used, sizeof(text) - used, "%llu\n", cells[i].charge);
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
		cells[i].charge = start;
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
