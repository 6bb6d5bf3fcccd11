// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/belt: a bounded queue of bytes between processes.
 *
 * One mutex guards the queue and is never held while waiting for it to change,
 * so that whoever could end the wait can get in. A sleeper that was woken knows
 * only that something changed; it takes the mutex and looks again.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#define CAPACITY_MAX 4096

static unsigned int capacity = 64;
module_param(capacity, uint, 0444);
MODULE_PARM_DESC(capacity, "bytes the belt holds, 1 to 4096 (default 64)");

static DEFINE_MUTEX(lock);
static DECLARE_WAIT_QUEUE_HEAD(readable);
static DECLARE_WAIT_QUEUE_HEAD(writable);
static u8 *bytes;
static unsigned int first;	/* place of the oldest byte */
static unsigned int used;	/* waiters peek at it without the mutex */

static bool may_read(void)
{
	return READ_ONCE(used) > 0;
}

static bool may_write(void)
{
	return READ_ONCE(used) < capacity;
}

/* Returns with the mutex held once @ready() is true; else says why not. */
static int lock_when(struct file *file, wait_queue_head_t *queue, bool (*ready)(void))
{
	for (;;) {
		if (mutex_lock_interruptible(&lock))
			return -ERESTARTSYS;
		if (ready())
			return 0;
		mutex_unlock(&lock);

		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_event_interruptible(*queue, ready()))
			return -ERESTARTSYS;
	}
}

static ssize_t belt_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	unsigned int n, straight;
	int err;

	if (!count)
		return 0;
	err = lock_when(file, &readable, may_read);
	if (err)
		return err;

	n = min_t(size_t, count, used);
	straight = min(n, capacity - first);
	if (copy_to_user(buf, bytes + first, straight) ||
	    copy_to_user(buf + straight, bytes, n - straight)) {
		err = -EFAULT;
	} else {
		first = (first + n) % capacity;
		WRITE_ONCE(used, used - n);
	}
	mutex_unlock(&lock);
	if (err)
		return err;

	wake_up_interruptible(&writable);
	return n;
}

static ssize_t belt_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	size_t done = 0;
	int err = 0;

	while (done < count) {
		unsigned int n, last, straight;

		err = lock_when(file, &writable, may_write);
		if (err)
			break;

		n = min_t(size_t, count - done, capacity - used);
		last = (first + used) % capacity;
		straight = min(n, capacity - last);
		if (copy_from_user(bytes + last, buf + done, straight) ||
		    copy_from_user(bytes, buf + done + straight, n - straight))
			err = -EFAULT;
		else
			WRITE_ONCE(used, used + n);
		mutex_unlock(&lock);
		if (err)
			break;

		done += n;
		/* Now, not after the loop: we may be about to wait for the readers. */
		wake_up_interruptible(&readable);
	}
	/* What is on the belt stays there, so the caller has to learn of it. */
	return done ?: err;
}

static __poll_t belt_poll(struct file *file, poll_table *wait)
{
	__poll_t events = 0;

	poll_wait(file, &readable, wait);
	poll_wait(file, &writable, wait);
	mutex_lock(&lock);
	if (may_read())
		events |= EPOLLIN | EPOLLRDNORM;
	if (may_write())
		events |= EPOLLOUT | EPOLLWRNORM;
	mutex_unlock(&lock);
	return events;
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
	int err;

	if (capacity < 1 || capacity > CAPACITY_MAX)
		return -EINVAL;
	bytes = kmalloc(capacity, GFP_KERNEL);
	if (!bytes)
		return -ENOMEM;
	err = misc_register(&belt_device);
	if (err)
		kfree(bytes);
	return err;
}
module_init(belt_init);

static void __exit belt_exit(void)
{
	misc_deregister(&belt_device);
	kfree(bytes);
}
module_exit(belt_exit);

MODULE_DESCRIPTION("A bounded queue of bytes whose users sleep");
MODULE_LICENSE("GPL");
