// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/belt, another way: a kfifo, which needs no lock between one reader and
 * one writer. A mutex on each end makes sure that there is one at a time. The
 * kfifo's size is a power of two, so the writing end keeps count of the limit.
 * One wait queue serves all.
 */
#include <linux/fs.h>
#include <linux/kfifo.h>
#include <linux/log2.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

static unsigned int capacity = 64;
module_param(capacity, uint, 0444);
MODULE_PARM_DESC(capacity, "bytes the belt holds, 1 to 4096 (default 64)");

static DEFINE_MUTEX(reading_end);
static DEFINE_MUTEX(writing_end);
static DECLARE_WAIT_QUEUE_HEAD(changed);
static DECLARE_KFIFO_PTR(belt, u8);

static bool has_bytes(void)
{
	return !kfifo_is_empty(&belt);
}

static bool has_room(void)
{
	return kfifo_len(&belt) < capacity;
}

static ssize_t belt_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	unsigned int copied = 0;
	int err;

	if (!count)
		return 0;
	if (mutex_lock_interruptible(&reading_end))
		return -ERESTARTSYS;
	while (!has_bytes()) {
		mutex_unlock(&reading_end);
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_event_interruptible(changed, has_bytes()))
			return -ERESTARTSYS;
		if (mutex_lock_interruptible(&reading_end))
			return -ERESTARTSYS;
	}
	err = kfifo_to_user(&belt, buf, min_t(size_t, count, INT_MAX), &copied);
	mutex_unlock(&reading_end);
	wake_up_all(&changed);
	return err ?: copied;
}

/* Puts what fits on the belt, at least one byte; the count, or why not. */
static int write_some(struct file *file, const char __user *buf, size_t count)
{
	unsigned int room, copied = 0;
	int err;

	if (mutex_lock_interruptible(&writing_end))
		return -ERESTARTSYS;
	while (!has_room()) {
		mutex_unlock(&writing_end);
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_event_interruptible(changed, has_room()))
			return -ERESTARTSYS;
		if (mutex_lock_interruptible(&writing_end))
			return -ERESTARTSYS;
	}
	/* Readers can only make it larger. */
	room = capacity - kfifo_len(&belt);
	err = kfifo_from_user(&belt, buf, min_t(size_t, count, room), &copied);
	mutex_unlock(&writing_end);
	wake_up_all(&changed);
	return err ?: copied;
}

static ssize_t belt_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	size_t done = 0;

	while (done < count) {
		int n = write_some(file, buf + done, count - done);

		if (n < 0)
			return done ?: n;
		done += n;
	}
	return done;
}

static __poll_t belt_poll(struct file *file, poll_table *wait)
{
	__poll_t events = 0;

	poll_wait(file, &changed, wait);
	if (has_bytes())
		events |= EPOLLIN | EPOLLRDNORM;
	if (has_room())
		events |= EPOLLOUT | EPOLLWRNORM;
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

	if (capacity < 1 || capacity > 4096)
		return -EINVAL;
	err = kfifo_alloc(&belt, max(roundup_pow_of_two(capacity), 2UL), GFP_KERNEL);
	if (err)
		return err;
	err = misc_register(&belt_device);
	if (err)
		kfifo_free(&belt);
	return err;
}
module_init(belt_init);

static void __exit belt_exit(void)
{
	misc_deregister(&belt_device);
	kfifo_free(&belt);
}
module_exit(belt_exit);

MODULE_DESCRIPTION("A bounded queue of bytes whose users sleep");
MODULE_LICENSE("GPL");
