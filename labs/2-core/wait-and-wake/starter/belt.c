// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/belt: a bounded queue of bytes between processes.
 *
 * The device is there; the queue is yours to make. See brief.md.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/poll.h>

static unsigned int capacity = 64;
module_param(capacity, uint, 0444);
MODULE_PARM_DESC(capacity, "bytes the belt holds, 1 to 4096 (default 64)");

static ssize_t belt_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	/* TODO: sleep while there is nothing, then hand over what there is */
	return -EOPNOTSUPP;
}

static ssize_t belt_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	/* TODO: sleep while there is no room, until everything is on the belt */
	return -EOPNOTSUPP;
}

static __poll_t belt_poll(struct file *file, poll_table *wait)
{
	/* TODO: which events are ready, and who tells the poller of the next? */
	return 0;
}

static const struct file_operations belt_fops = {
	.owner = THIS_MODULE,
	.open = stream_open,
	.read = belt_read,
	.write = belt_write,
	.poll = belt_poll,
};

static struct miscdevice belt_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "belt",
	.fops = &belt_fops,
};

static int __init belt_init(void)
{
	/* TODO: refuse a capacity that makes no sense; get the memory for the rest */
	return misc_register(&belt_device);
}
module_init(belt_init);

static void __exit belt_exit(void)
{
	misc_deregister(&belt_device);
}
module_exit(belt_exit);

MODULE_DESCRIPTION("A bounded queue of bytes whose users sleep");
MODULE_LICENSE("GPL");
