// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does once what nearly every lab does, in a machine that nobody has judged
 * anything on yet, so that the emulator has the kernel's code for it translated
 * when the learner's module comes.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

static int value;
module_param(value, int, 0444);
static DEFINE_MUTEX(lock);
static DECLARE_WAIT_QUEUE_HEAD(queue);
static char *text;

static ssize_t warm_read(struct file *file, char __user *to, size_t count, loff_t *at)
{
	ssize_t ret;

	mutex_lock(&lock);
	ret = simple_read_from_buffer(to, count, at, text, 64);
	mutex_unlock(&lock);
	wake_up_interruptible(&queue);
	return ret;
}

static ssize_t warm_write(struct file *file, const char __user *from, size_t count, loff_t *at)
{
	return simple_write_to_buffer(text, 64, at, from, count);
}

static __poll_t warm_poll(struct file *file, poll_table *table)
{
	poll_wait(file, &queue, table);
	return EPOLLIN;
}

static const struct file_operations warm_operations = {
	.owner = THIS_MODULE,
	.read = warm_read,
	.write = warm_write,
	.poll = warm_poll,
	.llseek = default_llseek,
};

static struct miscdevice warm_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "warm",
	.fops = &warm_operations,
};

static int __init warm_init(void)
{
	text = kzalloc(64, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	return misc_register(&warm_device);
}

static void __exit warm_exit(void)
{
	misc_deregister(&warm_device);
	kfree(text);
}

module_init(warm_init);
module_exit(warm_exit);
MODULE_DESCRIPTION("Gets a machine warm");
MODULE_LICENSE("GPL");
