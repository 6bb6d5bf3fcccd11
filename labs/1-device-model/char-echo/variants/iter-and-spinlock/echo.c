// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/echo with iterators: user memory is only touched outside the lock, so
 * a spinlock is enough and nobody can be held up by somebody's page fault.
 */
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/uio.h>
#include <linux/wait.h>

#define ECHO_CAPACITY 1000

struct echo {
	spinlock_t lock;
	wait_queue_head_t readers;
	size_t end;
	char text[ECHO_CAPACITY];
};

static struct echo *echo;

/* Copies what lies at the position; 0 when nothing does. */
static size_t echo_take(char *into, size_t count, loff_t pos)
{
	size_t got = 0;

	spin_lock(&echo->lock);
	if (pos < echo->end) {
		got = min_t(size_t, count, echo->end - pos);
		memcpy(into, echo->text + pos, got);
	}
	spin_unlock(&echo->lock);
	return got;
}

static ssize_t echo_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	bool nowait = iocb->ki_filp->f_flags & O_NONBLOCK ||
		      iocb->ki_flags & IOCB_NOWAIT;
	size_t count = min_t(size_t, iov_iter_count(to), ECHO_CAPACITY);
	ssize_t ret = 0;
	size_t got;
	char *copy;

	if (!count)
		return 0;
	copy = kmalloc(count, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;

	got = echo_take(copy, count, iocb->ki_pos);
	if (!got && nowait)
		ret = -EAGAIN;
	else if (!got)
		ret = wait_event_interruptible(echo->readers,
					       (got = echo_take(copy, count,
								iocb->ki_pos)));
	if (ret)
		goto out;

	if (copy_to_iter(copy, got, to) != got) {
		ret = -EFAULT;
		goto out;
	}
	iocb->ki_pos += got;
	ret = got;
out:
	kfree(copy);
	return ret;
}

static ssize_t echo_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	size_t count = iov_iter_count(from);
	loff_t pos = iocb->ki_pos;
	char *copy;

	if (!count)
		return 0;
	if (pos >= ECHO_CAPACITY)
		return -ENOSPC;
	count = min_t(size_t, count, ECHO_CAPACITY - pos);

	copy = kmalloc(count, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	if (!copy_from_iter_full(copy, count, from)) {
		kfree(copy);
		return -EFAULT;
	}

	spin_lock(&echo->lock);
	if (pos > echo->end)
		memset(echo->text + echo->end, 0, pos - echo->end);
	memcpy(echo->text + pos, copy, count);
	if (pos + count > echo->end)
		echo->end = pos + count;
	spin_unlock(&echo->lock);

	wake_up_all(&echo->readers);
	kfree(copy);
	iocb->ki_pos += count;
	return count;
}

static loff_t echo_llseek(struct file *file, loff_t offset, int whence)
{
	switch (whence) {
	case SEEK_SET:
		break;
	case SEEK_CUR:
		offset += file->f_pos;
		break;
	case SEEK_END:
		offset += READ_ONCE(echo->end);
		break;
	default:
		return -EINVAL;
	}
	return vfs_setpos(file, offset, ECHO_CAPACITY);
}

static __poll_t echo_poll(struct file *file, poll_table *wait)
{
	__poll_t ready = 0;

	poll_wait(file, &echo->readers, wait);
	if (file->f_pos < READ_ONCE(echo->end))
		ready |= EPOLLIN | EPOLLRDNORM;
	if (file->f_pos < ECHO_CAPACITY)
		ready |= EPOLLOUT | EPOLLWRNORM;
	return ready;
}

static const struct file_operations echo_fops = {
	.owner = THIS_MODULE,
	.read_iter = echo_read_iter,
	.write_iter = echo_write_iter,
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
	int ret;

	echo = kmalloc(sizeof(*echo), GFP_KERNEL);
	if (!echo)
		return -ENOMEM;
	spin_lock_init(&echo->lock);
	init_waitqueue_head(&echo->readers);
	echo->end = 0;

	ret = misc_register(&echo_device);
	if (ret)
		kfree(echo);
	return ret;
}
module_init(echo_init);

static void __exit echo_exit(void)
{
	misc_deregister(&echo_device);
	kfree(echo);
}
module_exit(echo_exit);

MODULE_DESCRIPTION("A character device that gives back what was written");
MODULE_LICENSE("GPL");
