// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/echo: one text of at most 1000 bytes that is read, written, sought in
 * and waited on. See brief.md for what each call must do.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#define ECHO_CAPACITY 1000

static ssize_t echo_read(struct file *file, char __user *buf, size_t count,
			 loff_t *ppos)
{
	/* TODO: give what lies at *ppos, or sleep until something does. */
	return 0;
}

static ssize_t echo_write(struct file *file, const char __user *buf,
			  size_t count, loff_t *ppos)
{
	/* TODO: keep it. For now all of it is taken, and forgotten. */
	return count;
}

/* TODO: llseek and poll. */
static const struct file_operations echo_fops = {
	.owner = THIS_MODULE,
	.read = echo_read,
	.write = echo_write,
};

static struct miscdevice echo_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "echo",
	.fops = &echo_fops,
};
module_misc_device(echo_device);

MODULE_DESCRIPTION("A character device that gives back what was written");
MODULE_LICENSE("GPL");
