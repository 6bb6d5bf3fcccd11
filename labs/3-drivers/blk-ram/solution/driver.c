// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/capsule: a block driver for a voyage data recorder's capsule.
 *
 * A slot of the controller is a tag of blk-mq, so that the block layer hands out
 * slots and there is no second bookkeeping. Each request ends in one place,
 * capsule_complete(), whether its interrupt or its timeout got there.
 */
#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/module.h>
#include <linux/scatterlist.h>

#include "hardware.h"

/* Comes with each request. */
struct capsule_request {
	blk_status_t status;
	u32 moved;
	struct scatterlist sg[HW_SEGMENTS_MAX];
};

static struct hw_facts facts;
static struct blk_mq_tag_set tags;
static struct gendisk *disk;

static blk_status_t capsule_queue_rq(struct blk_mq_hw_ctx *hctx, const struct blk_mq_queue_data *bd)
{
	struct request *rq = bd->rq;
	struct capsule_request *request = blk_mq_rq_to_pdu(rq);
	struct hw_command command = {};
	int err;

	switch (req_op(rq)) {
	case REQ_OP_READ:
		command.op = HW_READ;
		break;
	case REQ_OP_WRITE:
		command.op = HW_WRITE;
		command.force = rq->cmd_flags & REQ_FUA;
		break;
	case REQ_OP_FLUSH:
		command.op = HW_FLUSH;
		break;
	default:
		return BLK_STS_NOTSUPP;
	}
	if (command.op != HW_FLUSH) {
		sg_init_table(request->sg, HW_SEGMENTS_MAX);
		command.sg = request->sg;
		command.segments = blk_rq_map_sg(rq->q, rq, request->sg);
		command.block = (blk_rq_pos(rq) << SECTOR_SHIFT) / facts.block_size;
		command.count = blk_rq_bytes(rq) / facts.block_size;
	}

	/* First: the interrupt may come before hw_submit() returns. */
	blk_mq_start_request(rq);
	err = hw_submit(rq->tag, &command);
	if (err == -EBUSY)
		return BLK_STS_RESOURCE;	/* the layer comes again, for no event tells when */
	return err ? BLK_STS_IOERR : BLK_STS_OK;
}

/* In hard interrupt context. */
static void capsule_done(void *context, unsigned int slot, enum hw_status status, u32 moved)
{
	struct request *rq = blk_mq_tag_to_rq(tags.tags[0], slot);
	struct capsule_request *request = blk_mq_rq_to_pdu(rq);

	request->status = status == HW_GOOD ? BLK_STS_OK : BLK_STS_MEDIUM;
	request->moved = moved;
	blk_mq_complete_request(rq);
}

static void capsule_complete(struct request *rq)
{
	struct capsule_request *request = blk_mq_rq_to_pdu(rq);
	blk_status_t status = request->status;

	/* What was moved is done with; if that was not all, the rest of it is queued anew. */
	if (status == BLK_STS_OK && req_op(rq) != REQ_OP_FLUSH &&
	    blk_update_request(rq, BLK_STS_OK, request->moved * facts.block_size))
		blk_mq_requeue_request(rq, true);
	else
		blk_mq_end_request(rq, status);
}

static enum blk_eh_timer_return capsule_timeout(struct request *rq)
{
	struct capsule_request *request = blk_mq_rq_to_pdu(rq);

	/* Somebody else completes it: its interrupt is under way, or will be. */
	if (!hw_abort(rq->tag))
		return BLK_EH_RESET_TIMER;

	request->status = BLK_STS_TIMEOUT;
	blk_mq_complete_request(rq);
	return BLK_EH_DONE;
}

static const struct blk_mq_ops capsule_mq_ops = {
	.queue_rq = capsule_queue_rq,
	.complete = capsule_complete,
	.timeout = capsule_timeout,
};

static const struct block_device_operations capsule_ops = {
	.owner = THIS_MODULE,
};

static int __init capsule_init(void)
{
	struct queue_limits limits = {};
	int err;

	err = hw_power_on(&facts, capsule_done, NULL);
	if (err)
		return err;

	tags.ops = &capsule_mq_ops;
	tags.nr_hw_queues = 1;
	tags.queue_depth = facts.slots;
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
	del_gendisk(disk);
	put_disk(disk);
	blk_mq_free_tag_set(&tags);
	hw_power_off();
}
module_exit(capsule_exit);

MODULE_DESCRIPTION("A block driver for the capsule of a voyage data recorder");
MODULE_LICENSE("GPL");
