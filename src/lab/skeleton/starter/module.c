// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/@MODULE@: says the number that the module was loaded with.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>

static int number;
module_param(number, int, 0444);
MODULE_PARM_DESC(number, "what a read says");

static ssize_t number_read(struct file *file, char __user *buf, size_t count,
			   loff_t *ppos)
{
	/* TODO: give the number and a newline. */
	return 0;
}

static const struct file_operations number_fops = {
	.owner = THIS_MODULE,
	.read = number_read,
	.llseek = default_llseek,
};

static struct miscdevice number_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "@MODULE@",
	.fops = &number_fops,
};
module_misc_device(number_device);

MODULE_DESCRIPTION("A device that says the number it was given");
MODULE_LICENSE("GPL");
