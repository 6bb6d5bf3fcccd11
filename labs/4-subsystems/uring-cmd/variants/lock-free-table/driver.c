// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/kiln: commands by io_uring about the temperature of a kiln.
 *
 * Another way: a table with a slot for each place, and no lock. A slot goes through its
 * states again and again, in a number that only grows, so that who advances it by
 * cmpxchg() knows that nothing has changed since the number was read. Who advances it
 * from WAITING ends the command. Temperatures that are reached at once are answered
 * without waiting at all.
 */
#include <linux/atomic.h>
#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/io_uring/cmd.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/semaphore.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "kiln.h"
#include "probe.h"

#define WAITS_MAX 1024

/* The two low bits of the number. */
enum state { EMPTY, SETTING_UP, WAITING, ENDING };
#define STATES 3

struct slot {
	atomic_t number;
	struct io_uring_cmd *cmd;
	struct file *file;
	void __user *address;
	u32 degrees, tag;
	struct kiln_record record;
};

static unsigned int waits = 64;
module_param(waits, uint, 0444);
MODULE_PARM_DESC(waits, "how many commands can wait at one time, 1 to 1024 (default 64)");

static struct slot *slots;
static DEFINE_SEMAPHORE(trimmer, 1);
static int irq;

static struct slot *slot_of(struct io_uring_cmd *cmd)
{
	return *io_uring_cmd_to_pdu(cmd, struct slot *);
}

static bool in_state(unsigned int number, enum state state)
{
	return (number & STATES) == state;
}

static unsigned int number_of(struct slot *slot)
{
	return atomic_read_acquire(&slot->number);
}

static bool claim(struct slot *slot, unsigned int number)
{
	return atomic_cmpxchg(&slot->number, number, number + 1) == number;
}

/* By who claimed it. */
static void advance(struct slot *slot)
{
	atomic_set_release(&slot->number, number_of(slot) + 1);
}

static void end(struct io_uring_cmd *cmd, int result, unsigned int issue_flags)
{
	advance(slot_of(cmd));
	io_uring_cmd_done(cmd, result, 0, issue_flags);
}

static int store(void __user *address, struct probe_reading reading)
{
	struct kiln_record record = { .degrees = reading.degrees, .number = reading.number };

	return copy_to_user(address, &record, sizeof(record)) ? -EFAULT : 0;
}

static void end_reached(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	struct slot *slot = slot_of(cmd);
	int result = -ECANCELED;

	if (current->mm && !(issue_flags & IO_URING_F_TASK_DEAD))
		result = copy_to_user(slot->address, &slot->record, sizeof(slot->record)) ?
			 -EFAULT : 0;
	end(cmd, result, issue_flags);
}

static void end_forgotten(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	end(cmd, -ECANCELED, issue_flags);
}

static bool reached(struct slot *slot, struct probe_reading reading)
{
	return reading.number && reading.degrees >= slot->degrees;
}

/* In any context. */
static void look_at(struct slot *slot, struct probe_reading reading)
{
	unsigned int number = number_of(slot);

	if (!in_state(number, WAITING) || !reached(slot, reading) || !claim(slot, number))
		return;
	slot->record.degrees = reading.degrees;
	slot->record.number = reading.number;
	io_uring_cmd_complete_in_task(slot->cmd, end_reached);
}

static int kiln_wait(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	const struct kiln_command *from = io_uring_sqe_cmd(cmd->sqe);
	u32 degrees = READ_ONCE(from->degrees), tag = READ_ONCE(from->tag);
	void __user *address = u64_to_user_ptr(READ_ONCE(from->record));
	struct probe_reading reading = probe_read();
	struct slot *slot;

	if (reading.number && reading.degrees >= degrees)
		return store(address, reading);
	for (slot = slots; slot < slots + waits; slot++) {
		unsigned int number = number_of(slot);

		if (in_state(number, EMPTY) && claim(slot, number))
			break;
	}
	if (slot == slots + waits)
		return -EBUSY;
	slot->cmd = cmd;
	slot->file = cmd->file;
	slot->address = address;
	slot->degrees = degrees;
	slot->tag = tag;
	*io_uring_cmd_to_pdu(cmd, struct slot *) = slot;
	io_uring_cmd_mark_cancelable(cmd, issue_flags);
	advance(slot);
	/* A measurement in between found nobody. */
	look_at(slot, probe_read());
	return -EIOCBQUEUED;
}

static int kiln_forget(struct io_uring_cmd *cmd)
{
	const struct kiln_command *from = io_uring_sqe_cmd(cmd->sqe);
	u32 tag = READ_ONCE(from->tag);
	struct slot *slot;
	int count = 0;

	if (READ_ONCE(from->degrees) || READ_ONCE(from->record))
		return -EINVAL;
	for (slot = slots; slot < slots + waits; slot++) {
		unsigned int number = number_of(slot);

		if (!in_state(number, WAITING) || slot->tag != tag || slot->file != cmd->file ||
		    !claim(slot, number))
			continue;
		io_uring_cmd_complete_in_task(slot->cmd, end_forgotten);
		count++;
	}
	return count ?: -ENOENT;
}

static int kiln_trim(unsigned int issue_flags)
{
	int result;

	if (issue_flags & IO_URING_F_NONBLOCK)
		return -EAGAIN;
	if (down_interruptible(&trimmer))
		return -EINTR;
	result = probe_trim();
	up(&trimmer);
	return result;
}

static int kiln_uring_cmd(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	const struct kiln_command *from = io_uring_sqe_cmd(cmd->sqe);
	struct probe_reading reading;

	if (issue_flags & IO_URING_F_CANCEL) {
		unsigned int number = number_of(slot_of(cmd));

		if (in_state(number, WAITING) && claim(slot_of(cmd), number))
			end(cmd, -ECANCELED, issue_flags);
		return 0;
	}
	if (cmd->cmd_op == KILN_WAIT)
		return kiln_wait(cmd, issue_flags);
	if (cmd->cmd_op == KILN_FORGET)
		return kiln_forget(cmd);
	if (cmd->cmd_op != KILN_READ && cmd->cmd_op != KILN_TRIM)
		return -ENOTTY;
	if (memchr_inv(from, 0, sizeof(*from)))
		return -EINVAL;
	if (cmd->cmd_op == KILN_TRIM)
		return kiln_trim(issue_flags);
	reading = probe_read();
	return reading.number ? reading.degrees : -ENODATA;
}

static irqreturn_t kiln_measured(int irq, void *data)
{
	struct probe_reading reading = probe_read();
	struct slot *slot;

	for (slot = slots; slot < slots + waits; slot++)
		look_at(slot, reading);
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
	slots = kcalloc(waits, sizeof(*slots), GFP_KERNEL);
	if (!slots)
		return -ENOMEM;
	err = probe_power_on(&irq);
	if (err)
		goto no_probe;
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
no_probe:
	kfree(slots);
	return err;
}
module_init(kiln_init);

static void __exit kiln_exit(void)
{
	misc_deregister(&kiln_device);
	free_irq(irq, &kiln_device);
	probe_power_off();
	kfree(slots);
}
module_exit(kiln_exit);

MODULE_DESCRIPTION("Commands by io_uring about the temperature of a kiln");
MODULE_LICENSE("GPL");
