// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/echo as a text that never changes: a write makes a new one out of the
 * old one and the caller's bytes, and swaps it in when it is whole.
 */
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#define ECHO_CAPACITY 1000

struct text {
	size_t length;
	char bytes[] __counted_by(length);
};

/* Readers share the text; a writer replaces it. */
static DECLARE_RWSEM(text_lock);
static struct text *text;
static DECLARE_WAIT_QUEUE_HEAD(text_replaced);

static size_t echo_length(void)
{
	size_t length;

	down_read(&text_lock);
	length = text ? text->length : 0;
	up_read(&text_lock);
	return length;
}

static ssize_t echo_read(struct file *file, char __user *buf, size_t count,
			 loff_t *ppos)
{
	DEFINE_WAIT_FUNC(entry, woken_wake_function);
	ssize_t ret = 0;

	if (!count)
		return 0;

	add_wait_queue(&text_replaced, &entry);
	while (*ppos >= echo_length()) {
		if (file->f_flags & O_NONBLOCK)
			ret = -EAGAIN;
		else if (signal_pending(current))
			ret = -ERESTARTSYS;
		if (ret)
			break;
		wait_woken(&entry, TASK_INTERRUPTIBLE, MAX_SCHEDULE_TIMEOUT);
	}
	remove_wait_queue(&text_replaced, &entry);
	if (ret)
		return ret;

	/* The text never gets shorter: there is something, still. */
	down_read(&text_lock);
	ret = simple_read_from_buffer(buf, count, ppos, text->bytes,
				      text->length);
	up_read(&text_lock);
	return ret;
}

static ssize_t echo_write(struct file *file, const char __user *buf,
			  size_t count, loff_t *ppos)
{
	size_t old, length;
	struct text *new;
	ssize_t ret;

	if (!count)
		return 0;
	if (*ppos >= ECHO_CAPACITY)
		return -ENOSPC;
	count = min_t(size_t, count, ECHO_CAPACITY - *ppos);

	down_write(&text_lock);
	old = text ? text->length : 0;
	length = max_t(size_t, old, *ppos + count);
	new = kzalloc(struct_size(new, bytes, length), GFP_KERNEL);
	if (!new) {
		ret = -ENOMEM;
		goto out;
	}
	new->length = length;
	if (old)
		memcpy(new->bytes, text->bytes, old);
	if (copy_from_user(new->bytes + *ppos, buf, count)) {
		kfree(new);
		ret = -EFAULT;
		goto out;
	}
	kfree(text);
	text = new;
	*ppos += count;
	ret = count;
out:
	up_write(&text_lock);
	if (ret > 0)
		wake_up(&text_replaced);
	return ret;
}

static loff_t echo_llseek(struct file *file, loff_t offset, int whence)
{
	if (whence == SEEK_END) {
		offset += echo_length();
		whence = SEEK_SET;
	}
	return fixed_size_llseek(file, offset, whence, ECHO_CAPACITY);
}

static __poll_t echo_poll(struct file *file, poll_table *wait)
{
	poll_wait(file, &text_replaced, wait);
	return (file->f_pos < echo_length() ? EPOLLIN | EPOLLRDNORM : 0) |
	       (file->f_pos < ECHO_CAPACITY ? EPOLLOUT | EPOLLWRNORM : 0);
}

static const struct file_operations echo_fops = {
	.owner = THIS_MODULE,
	.read = echo_read,
	.write = echo_write,
	.llseek = echo_llseek,
	.poll = echo_poll,
};

static struct miscdevice echo_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "echo",
	.fops = &echo_fops,
};

static int __init echo_init(void)
{
	return misc_register(&echo_device);
}
module_init(echo_init);

static void __exit echo_exit(void)
{
	misc_deregister(&echo_device);
	kfree(text);
}
module_exit(echo_exit);

MODULE_DESCRIPTION("A character device that gives back what was written");
MODULE_LICENSE("GPL");
