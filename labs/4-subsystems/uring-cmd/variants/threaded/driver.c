// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/kiln: commands by io_uring about the temperature of a kiln.
 *
 * Another way: the interrupt wakes a thread, so that a mutex is enough. Waits are kept
 * in a tree by their temperature, those that are reached first come first. The mutex is
 * taken by cancelling with the lock of a ring held, so nothing that takes such a lock is
 * called under it.
 */
#include <linux/atomic.h>
#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/io_uring/cmd.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "kiln.h"
#include "probe.h"

#define WAITS_MAX 1024

static unsigned int waits = 64;
module_param(waits, uint, 0444);
MODULE_PARM_DESC(waits, "how many commands can wait at one time, 1 to 1024 (default 64)");

struct wait {
	struct rb_node node;	/* empty when it is not in the tree */
	struct io_uring_cmd *cmd;
	void __user *address;
	u32 degrees, tag;
	struct kiln_record record;
	int result;		/* why it is not in the tree */
};

static DEFINE_MUTEX(lock);
static struct rb_root_cached tree = RB_ROOT_CACHED;
static DEFINE_MUTEX(trimming);
static atomic_t places_left;
static int irq;

static struct wait **wait_of(struct io_uring_cmd *cmd)
{
	return io_uring_cmd_to_pdu(cmd, struct wait *);
}

static bool colder(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct wait, node)->degrees < rb_entry(b, struct wait, node)->degrees;
}

/* In a task that has the memory of the command's process, unless the flags deny it. */
static void end(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	struct wait *wait = *wait_of(cmd);
	int result = wait->result;

	if (!result && (issue_flags & IO_URING_F_TASK_DEAD))
		result = -ECANCELED;
	if (!result && copy_to_user(wait->address, &wait->record, sizeof(wait->record)))
		result = -EFAULT;
	kfree(wait);
	atomic_inc(&places_left);
	io_uring_cmd_done(cmd, result, 0, issue_flags);
}

static void remove(struct wait *wait, int result)
{
	lockdep_assert_held(&lock);
	rb_erase_cached(&wait->node, &tree);
	RB_CLEAR_NODE(&wait->node);
	wait->result = result;
}

static void reach(struct wait *wait, struct probe_reading reading)
{
	wait->record.degrees = reading.degrees;
	wait->record.number = reading.number;
}

static int kiln_wait(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	const struct kiln_command *from = io_uring_sqe_cmd(cmd->sqe);
	struct probe_reading reading;
	struct wait *wait;
	bool reached;

	if (atomic_dec_if_positive(&places_left) < 0)
		return -EBUSY;
	wait = kzalloc(sizeof(*wait), GFP_KERNEL);
	if (!wait) {
		atomic_inc(&places_left);
		return -ENOMEM;
	}
	RB_CLEAR_NODE(&wait->node);
	wait->cmd = cmd;
	wait->degrees = READ_ONCE(from->degrees);
	wait->tag = READ_ONCE(from->tag);
	wait->address = u64_to_user_ptr(READ_ONCE(from->record));
	*wait_of(cmd) = wait;
	io_uring_cmd_mark_cancelable(cmd, issue_flags);

	mutex_lock(&lock);
	reading = probe_read();
	reached = reading.number && reading.degrees >= wait->degrees;
	if (reached)
		reach(wait, reading);
	else
		rb_add_cached(&wait->node, &tree, colder);
	mutex_unlock(&lock);
	if (reached)
		end(cmd, issue_flags);
	return -EIOCBQUEUED;
}

static void cancel(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	struct wait *wait = *wait_of(cmd);
	bool mine;

	mutex_lock(&lock);
	mine = !RB_EMPTY_NODE(&wait->node);
	if (mine)
		remove(wait, -ECANCELED);
	mutex_unlock(&lock);
	if (mine)
		end(cmd, issue_flags);
}

static int kiln_forget(struct io_uring_cmd *cmd)
{
	const struct kiln_command *from = io_uring_sqe_cmd(cmd->sqe);
	u32 tag = READ_ONCE(from->tag);
	struct rb_node *node, *next;
	int count = 0;

	if (READ_ONCE(from->degrees) || READ_ONCE(from->record))
		return -EINVAL;
	mutex_lock(&lock);
	for (node = rb_first_cached(&tree); node; node = next) {
		struct wait *wait = rb_entry(node, struct wait, node);

		next = rb_next(node);
		if (wait->tag != tag || wait->cmd->file != cmd->file)
			continue;
		remove(wait, -ECANCELED);
		io_uring_cmd_complete_in_task(wait->cmd, end);
		count++;
	}
	mutex_unlock(&lock);
	return count ?: -ENOENT;
}

static int kiln_trim(void)
{
	int result;

	if (mutex_lock_killable(&trimming))
		return -EINTR;
	result = probe_trim();
	mutex_unlock(&trimming);
	return result;
}

static int kiln_uring_cmd(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	struct kiln_command command;
	struct probe_reading reading;

	if (issue_flags & IO_URING_F_CANCEL) {
		cancel(cmd, issue_flags);
		return 0;
	}
	switch (cmd->cmd_op) {
	case KILN_WAIT:
		return kiln_wait(cmd, issue_flags);
	case KILN_FORGET:
		return kiln_forget(cmd);
	case KILN_READ:
	case KILN_TRIM:
		break;
	default:
		return -ENOTTY;
	}

	memcpy(&command, io_uring_sqe_cmd(cmd->sqe), sizeof(command));
	if (command.degrees || command.tag || command.record)
		return -EINVAL;
	if (cmd->cmd_op == KILN_TRIM)
		return issue_flags & IO_URING_F_NONBLOCK ? -EAGAIN : kiln_trim();
	reading = probe_read();
	return reading.number ? reading.degrees : -ENODATA;
}

static irqreturn_t kiln_measured(int irq, void *data)
{
	struct probe_reading reading;
	struct rb_node *node;

	mutex_lock(&lock);
	reading = probe_read();
	while ((node = rb_first_cached(&tree))) {
		struct wait *wait = rb_entry(node, struct wait, node);

		if (wait->degrees > reading.degrees)
			break;
		remove(wait, 0);
		reach(wait, reading);
		io_uring_cmd_complete_in_task(wait->cmd, end);
	}
	mutex_unlock(&lock);
	return IRQ_HANDLED;
}

static const struct file_operations kiln_fops = {
	.owner = THIS_MODULE,
	.uring_cmd = kiln_uring_cmd,
};

static struct miscdevice kiln_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "kiln",
	.fops = &kiln_fops,
};

static int __init kiln_init(void)
{
	int err;

	if (waits < 1 || waits > WAITS_MAX)
		return -EINVAL;
	atomic_set(&places_left, waits);
	err = probe_power_on(&irq);
	if (err)
		return err;
	err = request_threaded_irq(irq, NULL, kiln_measured, IRQF_ONESHOT, "kiln", &kiln_device);
	if (err)
		goto no_irq;
	err = misc_register(&kiln_device);
	if (err)
		goto no_device;
	return 0;

no_device:
	free_irq(irq, &kiln_device);
no_irq:
	probe_power_off();
	return err;
}
module_init(kiln_init);

static void __exit kiln_exit(void)
{
	misc_deregister(&kiln_device);
	free_irq(irq, &kiln_device);
	probe_power_off();
}
module_exit(kiln_exit);

MODULE_DESCRIPTION("Commands by io_uring about the temperature of a kiln");
MODULE_LICENSE("GPL");
