// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/kiln: commands by io_uring about the temperature of a kiln.
 *
 * A command that waits is on the list. Whoever takes it off, under the lock, is the
 * one who ends it; all others find it gone. It ends in the task that submitted it,
 * because the record has to be stored in that task's memory, and because
 * io_uring_cmd_done() may sleep for a command that can be cancelled.
 */
#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/io_uring/cmd.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>

#include "kiln.h"
#include "probe.h"

#define WAITS_MAX 1024

static unsigned int waits = 64;
module_param(waits, uint, 0444);
MODULE_PARM_DESC(waits, "how many commands can wait at one time, 1 to 1024 (default 64)");

/* The private part of a command that waits, and of one that is about to end. */
struct wait {
	struct list_head entry;
	struct kiln_record __user *record;
	union {
		struct {
			u32 degrees, tag;
		};
		struct probe_reading reading;	/* once it is off the list */
	};
};

static DEFINE_SPINLOCK(lock);
static LIST_HEAD(waiting);
static unsigned int places_taken;	/* by commands on the list, and by those that end */
static DEFINE_MUTEX(trimming);
static int irq;

static struct wait *wait_of(struct io_uring_cmd *cmd)
{
	return io_uring_cmd_to_pdu(cmd, struct wait);
}

static struct io_uring_cmd *command_of(struct wait *wait)
{
	return container_of((void *)wait, struct io_uring_cmd, pdu);
}

/* Nothing may be known of @cmd after this. */
static void end(struct io_uring_cmd *cmd, int result, unsigned int issue_flags)
{
	unsigned long flags;

	spin_lock_irqsave(&lock, flags);
	places_taken--;
	spin_unlock_irqrestore(&lock, flags);
	io_uring_cmd_done(cmd, result, 0, issue_flags);
}

/* In the task that submitted @cmd, or in its worker. */
static void end_reached(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	struct wait *wait = wait_of(cmd);
	struct kiln_record record = {
		.degrees = wait->reading.degrees,
		.number = wait->reading.number,
	};
	int result = 0;

	/* The ring is being closed: this may be a kernel thread, with nobody's memory. */
	if (issue_flags & IO_URING_F_TASK_DEAD)
		result = -ECANCELED;
	else if (copy_to_user(wait->record, &record, sizeof(record)))
		result = -EFAULT;
	end(cmd, result, issue_flags);
}

static void end_forgotten(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	end(cmd, -ECANCELED, issue_flags);
}

/* Whether @wait was still on the list: then the caller ends it. */
static bool take_off(struct wait *wait)
{
	unsigned long flags;
	bool mine;

	spin_lock_irqsave(&lock, flags);
	mine = !list_empty(&wait->entry);
	list_del_init(&wait->entry);
	spin_unlock_irqrestore(&lock, flags);
	return mine;
}

static int kiln_wait(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	const struct kiln_command *from = io_uring_sqe_cmd(cmd->sqe);
	struct wait *wait = wait_of(cmd);
	struct probe_reading reading;
	unsigned long flags;
	bool room, reached;

	/* Once, and now: the entry is the program's again when this function returns. */
	INIT_LIST_HEAD(&wait->entry);
	wait->degrees = READ_ONCE(from->degrees);
	wait->tag = READ_ONCE(from->tag);
	wait->record = u64_to_user_ptr(READ_ONCE(from->record));

	spin_lock_irqsave(&lock, flags);
	room = places_taken < waits;
	if (room)
		places_taken++;
	spin_unlock_irqrestore(&lock, flags);
	if (!room)
		return -EBUSY;

	/* It may sleep, and after this the command ends by io_uring_cmd_done() only. */
	io_uring_cmd_mark_cancelable(cmd, issue_flags);

	spin_lock_irqsave(&lock, flags);
	reading = probe_read();
	reached = reading.number && reading.degrees >= wait->degrees;
	if (reached)
		wait->reading = reading;
	else
		list_add_tail(&wait->entry, &waiting);
	spin_unlock_irqrestore(&lock, flags);
	if (reached)
		end_reached(cmd, issue_flags);
	return -EIOCBQUEUED;
}

static int kiln_forget(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	const struct kiln_command *from = io_uring_sqe_cmd(cmd->sqe);
	u32 tag = READ_ONCE(from->tag);
	struct wait *wait, *next;
	int count = 0;

	if (READ_ONCE(from->degrees) || READ_ONCE(from->record))
		return -EINVAL;

	spin_lock_irq(&lock);
	list_for_each_entry_safe(wait, next, &waiting, entry) {
		struct io_uring_cmd *other = command_of(wait);

		if (wait->tag != tag || other->file != cmd->file)
			continue;
		list_del_init(&wait->entry);
		/* It may be of another ring: @issue_flags say nothing of that one. */
		io_uring_cmd_complete_in_task(other, end_forgotten);
		count++;
	}
	spin_unlock_irq(&lock);
	return count ?: -ENOENT;
}

static bool is_unused(const struct kiln_command *from)
{
	return !READ_ONCE(from->degrees) && !READ_ONCE(from->tag) && !READ_ONCE(from->record);
}

static int kiln_read(struct io_uring_cmd *cmd)
{
	struct probe_reading reading = probe_read();

	if (!is_unused(io_uring_sqe_cmd(cmd->sqe)))
		return -EINVAL;
	return reading.number ? reading.degrees : -ENODATA;
}

static int kiln_trim(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	int result;

	if (!is_unused(io_uring_sqe_cmd(cmd->sqe)))
		return -EINVAL;
	/* io_uring calls again, in a thread that may sleep. */
	if (issue_flags & IO_URING_F_NONBLOCK)
		return -EAGAIN;
	if (mutex_lock_interruptible(&trimming))
		return -EINTR;
	result = probe_trim();
	mutex_unlock(&trimming);
	return result;
}

static int kiln_uring_cmd(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	if (issue_flags & IO_URING_F_CANCEL) {
		/* Only commands that wait were marked. One that is off the list ends already. */
		if (take_off(wait_of(cmd)))
			end(cmd, -ECANCELED, issue_flags);
		return 0;
	}

	switch (cmd->cmd_op) {
	case KILN_READ:
		return kiln_read(cmd);
	case KILN_WAIT:
		return kiln_wait(cmd, issue_flags);
	case KILN_FORGET:
		return kiln_forget(cmd, issue_flags);
	case KILN_TRIM:
		return kiln_trim(cmd, issue_flags);
	default:
		return -ENOTTY;
	}
}

static irqreturn_t kiln_measured(int irq, void *data)
{
	struct probe_reading reading;
	struct wait *wait, *next;

	spin_lock(&lock);
	reading = probe_read();
	list_for_each_entry_safe(wait, next, &waiting, entry) {
		if (reading.degrees < wait->degrees)
			continue;
		list_del_init(&wait->entry);
		wait->reading = reading;
		io_uring_cmd_complete_in_task(command_of(wait), end_reached);
	}
	spin_unlock(&lock);
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
	err = probe_power_on(&irq);
	if (err)
		return err;
	err = request_irq(irq, kiln_measured, 0, "kiln", &kiln_device);
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
	/* Each command holds its file, and the file this module: none is left. */
	misc_deregister(&kiln_device);
	free_irq(irq, &kiln_device);
	probe_power_off();
}
module_exit(kiln_exit);

MODULE_DESCRIPTION("Commands by io_uring about the temperature of a kiln");
MODULE_LICENSE("GPL");
