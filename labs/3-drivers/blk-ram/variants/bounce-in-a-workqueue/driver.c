// SPDX-License-Identifier: GPL-2.0-only
/*
 * The capsule's driver, another way: each slot has a buffer in one piece, so that
 * commands never have more than one segment, and all the work is done where it may
 * sleep. The interrupt only wakes it.
 */
#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/bvec.h>
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "hardware.h"

struct capsule_request {
	struct work_struct work;
	bool asked;		/* a command was submitted, and has ended */
	blk_status_t status;
	u32 moved;
	struct scatterlist sg;
};

static struct hw_facts facts;
static struct blk_mq_tag_set tags;
static struct gendisk *disk;
static struct workqueue_struct *workers;
static void *buffers[HW_SLOTS_MAX];

/* Copies the first bytes of what is left of a request. */
static void copy(struct request *rq, u8 *buffer, size_t bytes)
{
	struct req_iterator iter;
	struct bio_vec bvec;

	rq_for_each_segment(bvec, rq, iter) {
		size_t part = min_t(size_t, bytes, bvec.bv_len);

		if (req_op(rq) == REQ_OP_READ)
			memcpy_to_page(bvec.bv_page, bvec.bv_offset, buffer, part);
		else
			memcpy_from_page(buffer, bvec.bv_page, bvec.bv_offset, part);
		buffer += part;
		bytes -= part;
		if (!bytes)
			break;
	}
}

static void submit(struct request *rq)
{
	struct capsule_request *request = blk_mq_rq_to_pdu(rq);
	struct hw_command command = { .op = HW_FLUSH };
	int err;

	if (req_op(rq) != REQ_OP_FLUSH) {
		command.op = req_op(rq) == REQ_OP_READ ? HW_READ : HW_WRITE;
		command.force = rq->cmd_flags & REQ_FUA;
		command.block = (blk_rq_pos(rq) << SECTOR_SHIFT) / facts.block_size;
		command.count = blk_rq_bytes(rq) / facts.block_size;
		command.sg = &request->sg;
		command.segments = 1;
		sg_init_one(&request->sg, buffers[rq->tag], blk_rq_bytes(rq));
		if (command.op == HW_WRITE)
			copy(rq, buffers[rq->tag], blk_rq_bytes(rq));
	}
	request->asked = true;
	/* The timeout finds nothing to abort meanwhile, and starts its timer again. */
	while ((err = hw_submit(rq->tag, &command)) == -EBUSY)
		msleep(20);
	if (err)
		blk_mq_end_request(rq, BLK_STS_IOERR);
}

static void capsule_work(struct work_struct *work)
{
	struct capsule_request *request = container_of(work, struct capsule_request, work);
	struct request *rq = blk_mq_rq_from_pdu(request);
	size_t bytes = (size_t)request->moved * facts.block_size;

	if (!request->asked) {
		submit(rq);
		return;
	}
	if (request->status == BLK_STS_OK && req_op(rq) != REQ_OP_FLUSH) {
		if (req_op(rq) == REQ_OP_READ)
			copy(rq, buffers[rq->tag], bytes);
		if (blk_update_request(rq, BLK_STS_OK, bytes)) {
			submit(rq);
			return;
		}
	}
	blk_mq_end_request(rq, request->status);
}

static blk_status_t capsule_queue_rq(struct blk_mq_hw_ctx *hctx, const struct blk_mq_queue_data *bd)
{
	struct capsule_request *request = blk_mq_rq_to_pdu(bd->rq);

	blk_mq_start_request(bd->rq);
	request->asked = false;
	queue_work(workers, &request->work);
	return BLK_STS_OK;
}

static void capsule_done(void *context, unsigned int slot, enum hw_status status, u32 moved)
{
	struct capsule_request *request = blk_mq_rq_to_pdu(blk_mq_tag_to_rq(tags.tags[0], slot));

	request->status = status == HW_GOOD ? BLK_STS_OK : BLK_STS_MEDIUM;
	request->moved = moved;
	queue_work(workers, &request->work);
}

static enum blk_eh_timer_return capsule_timeout(struct request *rq)
{
	struct capsule_request *request = blk_mq_rq_to_pdu(rq);

	if (!hw_abort(rq->tag))
		return BLK_EH_RESET_TIMER;
	request->status = BLK_STS_TIMEOUT;
	queue_work(workers, &request->work);
	return BLK_EH_DONE;
}

static int capsule_init_request(struct blk_mq_tag_set *set, struct request *rq,
				unsigned int hctx, unsigned int node)
{
	struct capsule_request *request = blk_mq_rq_to_pdu(rq);

	INIT_WORK(&request->work, capsule_work);
	return 0;
}

static const struct blk_mq_ops capsule_mq_ops = {
	.queue_rq = capsule_queue_rq,
	.init_request = capsule_init_request,
	.timeout = capsule_timeout,
};

static const struct block_device_operations capsule_ops = {
	.owner = THIS_MODULE,
};

static void free_buffers(void)
{
	unsigned int i;

	for (i = 0; i < HW_SLOTS_MAX; i++)
		kfree(buffers[i]);
}

static int __init capsule_init(void)
{
	struct queue_limits limits = {};
	unsigned int i;
	int err;

	err = hw_power_on(&facts, capsule_done, NULL);
	if (err)
		return err;

	err = -ENOMEM;
	workers = alloc_workqueue("capsule", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	if (!workers)
		goto no_workers;
	for (i = 0; i < facts.slots; i++) {
		buffers[i] = kmalloc_array(facts.most, facts.block_size, GFP_KERNEL);
		if (!buffers[i])
			goto no_tags;
	}
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
	free_buffers();
	destroy_workqueue(workers);
no_workers:
	hw_power_off();
	return err;
}
module_init(capsule_init);

static void __exit capsule_exit(void)
{
	del_gendisk(disk);
	put_disk(disk);
	destroy_workqueue(workers);
	blk_mq_free_tag_set(&tags);
	free_buffers();
	hw_power_off();
}
module_exit(capsule_exit);

MODULE_DESCRIPTION("A block driver for the capsule of a voyage data recorder");
MODULE_LICENSE("GPL");
