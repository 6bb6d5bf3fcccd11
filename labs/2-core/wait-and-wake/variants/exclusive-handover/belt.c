// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/belt, another way: a spinlock, waits written out by hand, and sleepers
 * that are woken one at a time. Whoever was woken and leaves, for whatever
 * reason, passes the wake-up on when there is still something to be had.
 *
 * User memory can't be touched under a spinlock, so bytes travel through a
 * small buffer on the stack.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>

#define CAPACITY_MAX 4096
#define CARRY 128

static unsigned int capacity = 64;
module_param(capacity, uint, 0444);
MODULE_PARM_DESC(capacity, "bytes the belt holds, 1 to 4096 (default 64)");

static DEFINE_SPINLOCK(lock);
static DECLARE_WAIT_QUEUE_HEAD(readers);
static DECLARE_WAIT_QUEUE_HEAD(writers);
static u8 *bytes;
/* Counters of all bytes ever put and taken; their difference is what is there. */
static u64 put, taken;

static unsigned int filled(void)
{
	return put - taken;
}

static unsigned int take(u8 *to, size_t count)
{
	unsigned int n, i;

	spin_lock(&lock);
	n = min_t(size_t, count, filled());
	for (i = 0; i < n; i++, taken++)
		to[i] = bytes[taken % capacity];
	spin_unlock(&lock);
	return n;
}

static unsigned int add(const u8 *from, size_t count)
{
	unsigned int n, i;

	spin_lock(&lock);
	n = min_t(size_t, count, capacity - filled());
	for (i = 0; i < n; i++, put++)
		bytes[put % capacity] = from[i];
	spin_unlock(&lock);
	return n;
}

static bool can_take(void)
{
	bool can;

	spin_lock(&lock);
	can = filled() > 0;
	spin_unlock(&lock);
	return can;
}

static bool can_add(void)
{
	bool can;

	spin_lock(&lock);
	can = filled() < capacity;
	spin_unlock(&lock);
	return can;
}

static void next_reader(void)
{
	if (can_take())
		wake_up_interruptible_poll(&readers, EPOLLIN | EPOLLRDNORM);
}

static void next_writer(void)
{
	if (can_add())
		wake_up_interruptible_poll(&writers, EPOLLOUT | EPOLLWRNORM);
}

/* One turn of sleep; 0 when it is worth another try. */
static int nap(wait_queue_head_t *queue, bool (*can)(void))
{
	DEFINE_WAIT(entry);
	int err = 0;

	/* In the queue first, then a look: a change in between wakes us. */
	prepare_to_wait_exclusive(queue, &entry, TASK_INTERRUPTIBLE);
	if (!can()) {
		if (signal_pending(current))
			err = -ERESTARTSYS;
		else
			schedule();
	}
	finish_wait(queue, &entry);
	if (!err && signal_pending(current) && !can())
		err = -ERESTARTSYS;
	return err;
}

static ssize_t belt_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	u8 carry[CARRY];
	size_t done = 0;
	int err = 0;

	while (done < count) {
		unsigned int n = take(carry, min_t(size_t, count - done, CARRY));

		if (n) {
			if (copy_to_user(buf + done, carry, n)) {
				err = -EFAULT;
				break;
			}
			done += n;
			continue;
		}
		if (done)
			break;
		if (file->f_flags & O_NONBLOCK) {
			err = -EAGAIN;
			break;
		}
		err = nap(&readers, can_take);
		if (err)
			break;
	}
	next_writer();
	next_reader();
	return done ?: err;
}

static ssize_t belt_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	u8 carry[CARRY];
	size_t done = 0;
	int err = 0;

	while (done < count) {
		size_t want = min_t(size_t, count - done, CARRY);
		unsigned int n;

		if (copy_from_user(carry, buf + done, want)) {
			err = -EFAULT;
			break;
		}
		n = add(carry, want);
		if (n) {
			done += n;
			next_reader();
			continue;
		}
		if (file->f_flags & O_NONBLOCK) {
			err = -EAGAIN;
			break;
		}
		err = nap(&writers, can_add);
		if (err)
			break;
	}
	next_writer();
	return done ?: err;
}

static __poll_t belt_poll(struct file *file, poll_table *wait)
{
	poll_wait(file, &readers, wait);
	poll_wait(file, &writers, wait);
	return (can_take() ? EPOLLIN | EPOLLRDNORM : 0) | (can_add() ? EPOLLOUT | EPOLLWRNORM : 0);
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
	bytes = vmalloc(capacity);
	if (!bytes)
		return -ENOMEM;
	err = misc_register(&belt_device);
	if (err)
		vfree(bytes);
	return err;
}
module_init(belt_init);

static void __exit belt_exit(void)
{
	misc_deregister(&belt_device);
	vfree(bytes);
}
module_exit(belt_exit);

MODULE_DESCRIPTION("A bounded queue of bytes whose users sleep");
MODULE_LICENSE("GPL");
