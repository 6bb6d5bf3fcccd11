// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/echo: one text of at most 1000 bytes that is read, written, sought in
 * and waited on.
 */
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#define ECHO_CAPACITY 1000

/* Protects the text and its end. Nobody sleeps for more text while holding it. */
static DEFINE_MUTEX(echo_lock);
static char echo_text[ECHO_CAPACITY];
static loff_t echo_end;
/* Woken whenever the end has moved. */
static DECLARE_WAIT_QUEUE_HEAD(echo_grown);

static ssize_t echo_read(struct file *file, char __user *buf, size_t count,
			 loff_t *ppos)
{
	ssize_t ret;

	if (!count)
		return 0;
	if (mutex_lock_interruptible(&echo_lock))
		return -ERESTARTSYS;

	while (*ppos >= echo_end) {
		mutex_unlock(&echo_lock);
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_event_interruptible(echo_grown,
					     *ppos < READ_ONCE(echo_end)))
			return -ERESTARTSYS;
		if (mutex_lock_interruptible(&echo_lock))
			return -ERESTARTSYS;
	}

	count = min_t(loff_t, count, echo_end - *ppos);
	if (copy_to_user(buf, echo_text + *ppos, count)) {
		ret = -EFAULT;
	} else {
		*ppos += count;
		ret = count;
	}

	mutex_unlock(&echo_lock);
	return ret;
}

static ssize_t echo_write(struct file *file, const char __user *buf,
			  size_t count, loff_t *ppos)
{
	char *data;

	if (!count)
		return 0;
	if (*ppos >= ECHO_CAPACITY)
		return -ENOSPC;
	count = min_t(loff_t, count, ECHO_CAPACITY - *ppos);

	/*
	 * Never straight into the text: copy_from_user() overwrites all of its
	 * destination, even when it fails, with zeros where it got nothing.
	 */
	data = memdup_user(buf, count);
	if (IS_ERR(data))
		return PTR_ERR(data);

	if (mutex_lock_interruptible(&echo_lock)) {
		kfree(data);
		return -ERESTARTSYS;
	}
	/* Bytes past the end have never been written, so a gap is zeros. */
	memcpy(echo_text + *ppos, data, count);
	*ppos += count;
	/* Sleeping readers look at the end without the lock. */
	WRITE_ONCE(echo_end, max(echo_end, *ppos));
	mutex_unlock(&echo_lock);

	wake_up_interruptible(&echo_grown);
	kfree(data);
	return count;
}

static loff_t echo_llseek(struct file *file, loff_t offset, int whence)
{
	loff_t end;

	mutex_lock(&echo_lock);
	end = echo_end;
	mutex_unlock(&echo_lock);

	return generic_file_llseek_size(file, offset, whence, ECHO_CAPACITY,
					end);
}

static __poll_t echo_poll(struct file *file, poll_table *wait)
{
	__poll_t ready = 0;

	/* First onto the queue, then look: what comes in between wakes us. */
	poll_wait(file, &echo_grown, wait);

	mutex_lock(&echo_lock);
	if (file->f_pos < echo_end)
		ready |= EPOLLIN | EPOLLRDNORM;
	if (file->f_pos < ECHO_CAPACITY)
		ready |= EPOLLOUT | EPOLLWRNORM;
	mutex_unlock(&echo_lock);

	return ready;
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
module_misc_device(echo_device);

MODULE_DESCRIPTION("A character device that gives back what was written");
MODULE_LICENSE("GPL");
