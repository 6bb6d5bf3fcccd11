// SPDX-License-Identifier: GPL-2.0-only
/*
 * The controller of a kiln: firing programs in eight slots, behind an ioctl interface.
 *
 * The device is there and tells its commands apart; what they do is yours. See brief.md.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "kiln.h"

static long kiln_status(void __user *argument)
{
	struct kiln_status status = { .limit = 1300 };

	/* TODO: count the programs that are loaded, and their seconds */
	return copy_to_user(argument, &status, sizeof(status)) ? -EFAULT : 0;
}

static long kiln_program(struct file *file, void __user *argument)
{
	/* TODO: how large is the caller's structure, and what may be in it? */
	return -EOPNOTSUPP;
}

static long kiln_show(void __user *argument)
{
	/* TODO: how much of your structure does the caller have room for? */
	return -EOPNOTSUPP;
}

static long kiln_limit(void __user *argument)
{
	/* TODO: who may do this? */
	return -EOPNOTSUPP;
}

static long kiln_ioctl(struct file *file, unsigned int request, unsigned long argument)
{
	void __user *arg = (void __user *)argument;

	switch (request) {
	case KILN_STATUS:
		return kiln_status(arg);
	case KILN_PROGRAM:
		return kiln_program(file, arg);
	case KILN_SHOW:
		return kiln_show(arg);
	case KILN_LIMIT:
		return kiln_limit(arg);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations kiln_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = kiln_ioctl,
	/* TODO: 32-bit programs come in through another door */
};

static struct miscdevice kiln_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "kiln",
	.fops = &kiln_fops,
};
module_misc_device(kiln_device);

MODULE_DESCRIPTION("An ioctl interface that can be extended and leaks nothing");
MODULE_LICENSE("GPL");
