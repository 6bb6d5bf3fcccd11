// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/capsule: a block driver for a voyage data recorder's capsule.
 *
 * The frame is there; hardware.h says what the controller does. See brief.md.
 */
#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/module.h>
#include <linux/scatterlist.h>

#include "hardware.h"

static struct hw_facts facts;
static struct blk_mq_tag_set tags;
static struct gendisk *disk;

static blk_status_t capsule_queue_rq(struct blk_mq_hw_ctx *hctx, const struct blk_mq_queue_data *bd)
{
	struct request *rq = bd->rq;

	/* TODO: make a command of it and submit that; this ends everything with an error */
	blk_mq_start_request(rq);
	return BLK_STS_IOERR;
}

/* In hard interrupt context. */
static void capsule_done(void *context, unsigned int slot, enum hw_status status, u32 moved)
{
	/* TODO: which request is it, and is it over? */
}

/* TODO: what has to happen when a request ends, and what when it takes too long? */
static const struct blk_mq_ops capsule_mq_ops = {
	.queue_rq = capsule_queue_rq,
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
	tags.queue_depth = 1;
	tags.numa_node = NUMA_NO_NODE;
	err = blk_mq_alloc_tag_set(&tags);
	if (err)
		goto no_tags;

	/* TODO: tell the block layer what the capsule can do */
	disk = blk_mq_alloc_disk(&tags, &limits, NULL);
	if (IS_ERR(disk)) {
		err = PTR_ERR(disk);
		goto no_disk;
	}
	strscpy(disk->disk_name, "capsule", sizeof(disk->disk_name));
	disk->fops = &capsule_ops;
	disk->flags = GENHD_FL_NO_PART;
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
