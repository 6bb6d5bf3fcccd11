// SPDX-License-Identifier: GPL-2.0-only
/*
 * The capsule's driver, another way: the queue is deeper than the controller, and
 * slots are given out by a bitmap of the driver's own. A request that moved only in
 * part goes on in its slot, straight from the interrupt, and ends as a whole.
 */
#include <linux/bitmap.h>
#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/spinlock.h>
#include <linux/timer.h>

#include "hardware.h"

#define DEPTH 32

struct capsule_slot {
	struct request *rq;
	struct timer_list again;	/* a rest that the controller refused */
};

struct capsule_request {
	unsigned int slot;
	struct hw_command command;
	struct scatterlist table[HW_SEGMENTS_MAX];
};

static struct hw_facts facts;
static struct blk_mq_tag_set tags;
static struct gendisk *disk;
static struct capsule_slot slots[HW_SLOTS_MAX];
static DECLARE_BITMAP(taken, HW_SLOTS_MAX);
static DEFINE_SPINLOCK(slots_lock);

static int take_slot(struct request *rq)
{
	unsigned long flags;
	unsigned int slot;

	spin_lock_irqsave(&slots_lock, flags);
	slot = find_first_zero_bit(taken, facts.slots);
	if (slot < facts.slots) {
		__set_bit(slot, taken);
		slots[slot].rq = rq;
	}
	spin_unlock_irqrestore(&slots_lock, flags);
	return slot < facts.slots ? slot : -EBUSY;
}

static void give_slot(unsigned int slot)
{
	unsigned long flags;

	spin_lock_irqsave(&slots_lock, flags);
	slots[slot].rq = NULL;
	__clear_bit(slot, taken);
	spin_unlock_irqrestore(&slots_lock, flags);
}

/* Ends a request whose slot has no command any more, and lets the next one in. */
static void end(struct request *rq, blk_status_t status)
{
	struct capsule_request *request = blk_mq_rq_to_pdu(rq);
	struct request_queue *q = rq->q;

	give_slot(request->slot);
	blk_mq_end_request(rq, status);
	blk_mq_run_hw_queues(q, true);
}

static void submit_rest(struct request *rq)
{
	struct capsule_request *request = blk_mq_rq_to_pdu(rq);
	int err = hw_submit(request->slot, &request->command);

	if (err == -EBUSY)
		mod_timer(&slots[request->slot].again, jiffies + 1);
	else if (err)
		end(rq, BLK_STS_IOERR);
}

static void capsule_again(struct timer_list *timer)
{
	struct capsule_slot *slot = from_timer(slot, timer, again);

	submit_rest(slot->rq);
}

static blk_status_t capsule_queue_rq(struct blk_mq_hw_ctx *hctx, const struct blk_mq_queue_data *bd)
{
	struct request *rq = bd->rq;
	struct capsule_request *request = blk_mq_rq_to_pdu(rq);
	struct hw_command *command = &request->command;
	int slot, err;

	slot = take_slot(rq);
	if (slot < 0)
		return BLK_STS_DEV_RESOURCE;	/* end() runs the queue */

	request->slot = slot;
	*command = (struct hw_command) { .op = HW_FLUSH };
	if (req_op(rq) != REQ_OP_FLUSH) {
		command->op = req_op(rq) == REQ_OP_READ ? HW_READ : HW_WRITE;
		command->force = rq->cmd_flags & REQ_FUA;
		command->block = blk_rq_pos(rq) / (facts.block_size >> SECTOR_SHIFT);
		command->count = blk_rq_bytes(rq) / facts.block_size;
		sg_init_table(request->table, HW_SEGMENTS_MAX);
		command->segments = blk_rq_map_sg(rq->q, rq, request->table);
		command->sg = request->table;
	}
	blk_mq_start_request(rq);
	err = hw_submit(slot, command);
	if (!err)
		return BLK_STS_OK;
	give_slot(slot);
	return err == -EBUSY ? BLK_STS_RESOURCE : BLK_STS_IOERR;
}

/* Leaves in the command what has not been moved. */
static void advance(struct hw_command *command, u32 moved)
{
	size_t bytes = (size_t)moved * facts.block_size;

	command->block += moved;
	command->count -= moved;
	while (bytes && bytes >= command->sg->length) {
		bytes -= command->sg->length;
		command->sg = sg_next(command->sg);
		command->segments--;
	}
	if (bytes) {
		command->sg->offset += bytes;
		command->sg->length -= bytes;
	}
}

static void capsule_done(void *context, unsigned int slot, enum hw_status status, u32 moved)
{
	struct request *rq = slots[slot].rq;
	struct capsule_request *request = blk_mq_rq_to_pdu(rq);

	if (status != HW_GOOD) {
		end(rq, BLK_STS_MEDIUM);
	} else if (request->command.op == HW_FLUSH || moved == request->command.count) {
		end(rq, BLK_STS_OK);
	} else {
		advance(&request->command, moved);
		submit_rest(rq);
	}
}

static enum blk_eh_timer_return capsule_timeout(struct request *rq)
{
	struct capsule_request *request = blk_mq_rq_to_pdu(rq);

	if (!hw_abort(request->slot))
		return BLK_EH_RESET_TIMER;
	end(rq, BLK_STS_TIMEOUT);
	return BLK_EH_DONE;
}

static const struct blk_mq_ops capsule_mq_ops = {
	.queue_rq = capsule_queue_rq,
	.timeout = capsule_timeout,
};

static const struct block_device_operations capsule_ops = {
	.owner = THIS_MODULE,
};

static int __init capsule_init(void)
{
	struct queue_limits limits = {};
	unsigned int i;
	int err;

	for (i = 0; i < HW_SLOTS_MAX; i++)
		timer_setup(&slots[i].again, capsule_again, 0);
	err = hw_power_on(&facts, capsule_done, NULL);
	if (err)
		return err;

	tags.ops = &capsule_mq_ops;
	tags.nr_hw_queues = 1;
	tags.queue_depth = DEPTH;
	tags.numa_node = NUMA_NO_NODE;
	tags.cmd_size = sizeof(struct capsule_request);
	tags.timeout = msecs_to_jiffies(facts.patience_ms);
	err = blk_mq_alloc_tag_set(&tags);
	if (err)
		goto no_tags;

	limits.logical_block_size = facts.block_size;
	limits.max_hw_sectors = facts.most * (facts.block_size >> SECTOR_SHIFT);
	limits.max_segments = facts.segments;
	limits.features = BLK_FEAT_WRITE_CACHE | BLK_FEAT_FUA;
	disk = blk_mq_alloc_disk(&tags, &limits, NULL);
	if (IS_ERR(disk)) {
		err = PTR_ERR(disk);
		goto no_disk;
	}
	strscpy(disk->disk_name, "capsule", sizeof(disk->disk_name));
	disk->fops = &capsule_ops;
	disk->flags = GENHD_FL_NO_PART;
	set_capacity(disk, (sector_t)facts.blocks * (facts.block_size >> SECTOR_SHIFT));
	err = add_disk(disk);
	if (err)
		goto not_added;
	return 0;

not_added:
	put_disk(disk);
no_disk:
	blk_mq_free_tag_set(&tags);
no_tags:
	hw_power_off();
	return err;
}
module_init(capsule_init);

static void __exit capsule_exit(void)
{
	unsigned int i;

	del_gendisk(disk);
	put_disk(disk);
	blk_mq_free_tag_set(&tags);
	for (i = 0; i < HW_SLOTS_MAX; i++)
		timer_shutdown_sync(&slots[i].again);
	hw_power_off();
}
module_exit(capsule_exit);

MODULE_DESCRIPTION("A block driver for the capsule of a voyage data recorder");
MODULE_LICENSE("GPL");
