// SPDX-License-Identifier: GPL-2.0-only
/*
 * The capsule's controller: a model of hardware, and not part of the driver. It
 * has a medium, a volatile cache before it, slots for commands, and interrupts.
 * What goes wrong in it is set by parameters of the module.
 */
#include <linux/bitmap.h>
#include <linux/hrtimer.h>
#include <linux/irq_work.h>
#include <linux/module.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>

#include "hardware.h"

/* How a command ends. */
enum course { IN_TIME, LOST, LATE };

struct slot {
	bool used;
	enum course course;
	struct hw_command command;
	struct hrtimer timer;
	struct irq_work at_once;
};

static DEFINE_SPINLOCK(lock);
static struct slot slots_of_hw[HW_SLOTS_MAX];
static u8 *cache, *medium;
static unsigned long *dirty;	/* blocks whose contents differ from the medium's */
static unsigned int under_way;
static hw_done done_by_driver;
static void *driver_context;

static uint block_size = 512;
module_param(block_size, uint, 0444);
static uint blocks = 512;
module_param(blocks, uint, 0444);
static uint slots = 4;
module_param(slots, uint, 0444);
static uint segments = 8;
module_param(segments, uint, 0444);
static uint most = 16;
module_param(most, uint, 0444);
static uint patience_ms = 500;
module_param(patience_ms, uint, 0444);

static uint delay_us = 1000;
module_param(delay_us, uint, 0644);
MODULE_PARM_DESC(delay_us, "how long a command takes; 0: it ends before hw_submit() returns");
static uint portion;
module_param(portion, uint, 0644);
MODULE_PARM_DESC(portion, "blocks that a command moves at most; 0: no limit");
static int bad_block = -1;
module_param(bad_block, int, 0644);
MODULE_PARM_DESC(bad_block, "a block that can not be read or written; -1: none");
static uint busy;
module_param(busy, uint, 0644);
MODULE_PARM_DESC(busy, "how many of the next commands are refused with -EBUSY");
static uint lose;
module_param(lose, uint, 0644);
MODULE_PARM_DESC(lose, "how many of the next commands never end by themselves");
static uint late;
module_param(late, uint, 0644);
MODULE_PARM_DESC(late, "how many of the next commands end soon after it was tried to abort them");
static uint flushes;
module_param(flushes, uint, 0444);
MODULE_PARM_DESC(flushes, "HW_FLUSH commands carried out");
static uint peak;
module_param(peak, uint, 0644);
MODULE_PARM_DESC(peak, "the largest number of commands that were under way at one time");

static void to_medium(u32 first, u32 count)
{
	size_t from = (size_t)first * block_size;

	memcpy(medium + from, cache + from, (size_t)count * block_size);
	bitmap_clear(dirty, first, count);
}

/* Everything that was only in the cache is lost. */
static int power_cut_set(const char *value, const struct kernel_param *param)
{
	unsigned long flags;
	unsigned int block;
	int err = 0;

	spin_lock_irqsave(&lock, flags);
	if (!cache || under_way) {
		err = -EBUSY;
	} else {
		for_each_set_bit(block, dirty, blocks)
			memcpy(cache + (size_t)block * block_size,
			       medium + (size_t)block * block_size, block_size);
		bitmap_zero(dirty, blocks);
	}
	spin_unlock_irqrestore(&lock, flags);
	return err;
}

static const struct kernel_param_ops power_cut_ops = { .set = power_cut_set };
module_param_cb(power_cut, &power_cut_ops, NULL, 0200);
MODULE_PARM_DESC(power_cut, "written: the power fails and comes back, while no command is under way");

static enum hw_status carry_out(const struct hw_command *command, u32 *moved)
{
	enum hw_status status = HW_GOOD;
	u32 count = command->count;
	size_t bytes;
	u8 *at;

	*moved = 0;
	if (command->op == HW_FLUSH) {
		to_medium(0, blocks);
		flushes++;
		return HW_GOOD;
	}
	if (portion)
		count = min(count, portion);
	if (bad_block >= 0 && bad_block >= command->block && bad_block < command->block + count) {
		count = bad_block - command->block;
		status = HW_MEDIUM;
	}
	at = cache + (size_t)command->block * block_size;
	bytes = (size_t)count * block_size;
	if (command->op == HW_READ) {
		sg_copy_from_buffer(command->sg, command->segments, at, bytes);
	} else {
		sg_copy_to_buffer(command->sg, command->segments, at, bytes);
		bitmap_set(dirty, command->block, count);
		if (command->force)
			to_medium(command->block, count);
	}
	*moved = count;
	return status;
}

/* In hard interrupt context. */
static void finish(struct slot *slot)
{
	enum hw_status status;
	unsigned long flags;
	u32 moved;

	spin_lock_irqsave(&lock, flags);
	status = carry_out(&slot->command, &moved);
	slot->used = false;
	under_way--;
	spin_unlock_irqrestore(&lock, flags);
	done_by_driver(driver_context, slot - slots_of_hw, status, moved);
}

static enum hrtimer_restart timer_expired(struct hrtimer *timer)
{
	finish(container_of(timer, struct slot, timer));
	return HRTIMER_NORESTART;
}

static void interrupt_at_once(struct irq_work *work)
{
	finish(container_of(work, struct slot, at_once));
}

static void end_after(struct slot *slot, u32 microseconds)
{
	if (microseconds)
		hrtimer_start(&slot->timer, ns_to_ktime((u64)microseconds * NSEC_PER_USEC),
			      HRTIMER_MODE_REL);
	else
		irq_work_queue(&slot->at_once);
}

static bool makes_sense(const struct hw_command *command)
{
	struct scatterlist *sg;
	size_t bytes = 0;
	unsigned int i;

	if (command->op == HW_FLUSH)
		return true;
	if (WARN_ONCE(command->op != HW_READ && command->op != HW_WRITE, "no such command"))
		return false;
	if (WARN_ONCE(command->count < 1 || command->count > most,
		      "a command for %u blocks; the capsule takes 1 to %u", command->count, most))
		return false;
	if (WARN_ONCE(command->block >= blocks || command->count > blocks - command->block,
		      "blocks that the capsule does not have: %u from %u",
		      command->count, command->block))
		return false;
	if (WARN_ONCE(command->segments > segments,
		      "a command with %u segments; the capsule takes %u",
		      command->segments, segments))
		return false;
	for_each_sg(command->sg, sg, command->segments, i)
		bytes += sg->length;
	return !WARN_ONCE(bytes != (size_t)command->count * block_size,
			  "%zu bytes of memory for %u blocks", bytes, command->count);
}

int hw_submit(unsigned int number, const struct hw_command *command)
{
	struct slot *slot = &slots_of_hw[number];
	unsigned long flags;
	int err = -EINVAL;

	if (WARN_ONCE(number >= slots, "slot %u of %u", number, slots) || !makes_sense(command))
		return -EINVAL;
	spin_lock_irqsave(&lock, flags);
	if (WARN_ONCE(slot->used, "a second command in slot %u", number))
		goto out;
	err = -EBUSY;
	if (busy) {
		busy--;
		goto out;
	}
	err = 0;
	slot->used = true;
	slot->command = *command;
	slot->course = IN_TIME;
	peak = max(peak, ++under_way);
	if (lose) {
		lose--;
		slot->course = LOST;
	} else if (late) {
		late--;
		slot->course = LATE;
	} else {
		end_after(slot, delay_us);
	}
out:
	spin_unlock_irqrestore(&lock, flags);
	return err;
}

bool hw_abort(unsigned int number)
{
	struct slot *slot = &slots_of_hw[number];
	bool stopped = false;
	unsigned long flags;

	if (WARN_ONCE(number >= slots, "slot %u of %u", number, slots))
		return false;
	spin_lock_irqsave(&lock, flags);
	if (slot->used && slot->course == LOST) {
		slot->used = false;
		under_way--;
		stopped = true;
	} else if (slot->used && slot->course == LATE) {
		slot->course = IN_TIME;
		end_after(slot, 20000);
	}
	spin_unlock_irqrestore(&lock, flags);
	return stopped;
}

int hw_power_on(struct hw_facts *facts, hw_done done, void *context)
{
	unsigned int i;

	if (!is_power_of_2(block_size) || block_size < 512 || block_size > 4096 || !blocks ||
	    !slots || slots > HW_SLOTS_MAX || segments < 2 || segments > HW_SEGMENTS_MAX ||
	    most < PAGE_SIZE / block_size || most > SZ_64K / block_size)
		return -EINVAL;
	cache = vcalloc(blocks, block_size);
	medium = vcalloc(blocks, block_size);
	dirty = bitmap_zalloc(blocks, GFP_KERNEL);
	if (!cache || !medium || !dirty) {
		hw_power_off();
		return -ENOMEM;
	}
	for (i = 0; i < slots; i++) {
		slots_of_hw[i].used = false;
		hrtimer_init(&slots_of_hw[i].timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
		slots_of_hw[i].timer.function = timer_expired;
		init_irq_work(&slots_of_hw[i].at_once, interrupt_at_once);
	}
	done_by_driver = done;
	driver_context = context;
	*facts = (struct hw_facts) {
		.block_size = block_size, .blocks = blocks, .slots = slots,
		.segments = segments, .most = most, .patience_ms = patience_ms,
	};
	return 0;
}

void hw_power_off(void)
{
	unsigned int i;

	WARN_ONCE(under_way, "switched off with %u commands under way", under_way);
	if (done_by_driver) {
		for (i = 0; i < slots; i++) {
			hrtimer_cancel(&slots_of_hw[i].timer);
			irq_work_sync(&slots_of_hw[i].at_once);
		}
	}
	vfree(cache);
	vfree(medium);
	bitmap_free(dirty);
	cache = NULL;
}
