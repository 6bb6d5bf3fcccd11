// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/kiln: commands by io_uring about the temperature of a kiln.
 *
 * The device is there and KILN_READ works; the rest is to be written. See brief.md,
 * kiln.h for what programs see, and probe.h for the thermometer.
 */
#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/io_uring/cmd.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "kiln.h"
#include "probe.h"

#define WAITS_MAX 1024

static unsigned int waits = 64;
module_param(waits, uint, 0444);
MODULE_PARM_DESC(waits, "how many commands can wait at one time, 1 to 1024 (default 64)");

static int irq;

static int kiln_read(struct io_uring_cmd *cmd)
{
	struct probe_reading reading = probe_read();

	/* TODO: fields that it does not use */
	return reading.number ? reading.degrees : -ENODATA;
}

static int kiln_uring_cmd(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	/* TODO: what does issue_flags say? */
	switch (cmd->cmd_op) {
	case KILN_READ:
		return kiln_read(cmd);
	case KILN_WAIT:
		/* TODO: the command is in io_uring_sqe_cmd(cmd->sqe) */
		return -EOPNOTSUPP;
	case KILN_FORGET:
	case KILN_TRIM:
		/* TODO */
		return -EOPNOTSUPP;
	default:
		return -ENOTTY;
	}
}

static irqreturn_t kiln_measured(int irq, void *data)
{
	/* TODO: whose wait is over, and who may end it? */
	return IRQ_HANDLED;
}

static const struct file_operations kiln_fops = {
	.owner = THIS_MODULE,
	.uring_cmd = kiln_uring_cmd,
};

static struct miscdevice kiln_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "kiln",
	.fops = &kiln_fops,
};

static int __init kiln_init(void)
{
	int err;

	if (waits < 1 || waits > WAITS_MAX)
		return -EINVAL;
	err = probe_power_on(&irq);
	if (err)
		return err;
	err = request_irq(irq, kiln_measured, 0, "kiln", &kiln_device);
	if (err)
		goto no_irq;
	err = misc_register(&kiln_device);
	if (err)
		goto no_device;
	return 0;

no_device:
	free_irq(irq, &kiln_device);
no_irq:
	probe_power_off();
	return err;
}
module_init(kiln_init);

static void __exit kiln_exit(void)
{
	misc_deregister(&kiln_device);
	free_irq(irq, &kiln_device);
	probe_power_off();
}
module_exit(kiln_exit);

MODULE_DESCRIPTION("Commands by io_uring about the temperature of a kiln");
MODULE_LICENSE("GPL");
