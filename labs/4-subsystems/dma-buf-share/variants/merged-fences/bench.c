// SPDX-License-Identifier: GPL-2.0-only
/*
 * The laser of an engraver: a model of hardware, and not part of the driver. Beside it
 * stands an inspector, which belongs to another driver, and to which buffers are given
 * as to any other importer. Parameters of the module set what both of them do.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/irq.h>
#include <linux/irq_sim.h>
#include <linux/irqdomain.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/spinlock.h>

#include "bench.h"

#define KEPT 8

static DEFINE_RAW_SPINLOCK(lock);
static struct platform_device *laser, *inspector;
static struct irq_domain *domain;
static int interrupt;
static struct hrtimer burn;
static const struct laser_piece *pieces;
static unsigned int pieces_count;
static int result;
static u32 engraved[KEPT];
static unsigned int finished;

static uint burn_ms = 5;
module_param(burn_ms, uint, 0644);
MODULE_PARM_DESC(burn_ms, "how long a job takes");
static uint smoke;
module_param(smoke, uint, 0644);
MODULE_PARM_DESC(smoke, "how many of the next jobs fail");
static uint started;
module_param(started, uint, 0444);
MODULE_PARM_DESC(started, "jobs that were begun");

static u32 mix(u32 sum, const u32 *words, size_t bytes)
{
	size_t i;

	for (i = 0; i < bytes / 4; i++)
		sum = (sum ^ words[i]) * 16777619u;
	return sum;
}

/* What a device finds at a DMA address, if the memory is mapped for it. */
static void *memory_at(struct platform_device *device, dma_addr_t at, size_t bytes)
{
	/* It moves nothing; but DMA debugging tells when there is no such mapping. */
	dma_sync_single_for_cpu(&device->dev, at, bytes, DMA_TO_DEVICE);
	return phys_to_virt(at);
}

static enum hrtimer_restart burned(struct hrtimer *timer)
{
	u32 sum = 2166136261u;
	unsigned int i;

	for (i = 0; i < pieces_count; i++)
		sum = mix(sum, memory_at(laser, pieces[i].at, pieces[i].bytes), pieces[i].bytes);
	raw_spin_lock(&lock);
	result = 0;
	if (smoke) {
		smoke--;
		result = -EIO;
	} else {
		engraved[finished++ % KEPT] = sum;
	}
	pieces = NULL;
	raw_spin_unlock(&lock);
	irq_set_irqchip_state(interrupt, IRQCHIP_STATE_PENDING, true);
	return HRTIMER_NORESTART;
}

void laser_start(const struct laser_piece *given, unsigned int count)
{
	unsigned long flags;
	bool busy;

	raw_spin_lock_irqsave(&lock, flags);
	busy = pieces;
	if (!busy) {
		pieces = given;
		pieces_count = count;
		started++;
	}
	raw_spin_unlock_irqrestore(&lock, flags);
	if (!WARN_ONCE(busy, "the laser is given a job while it has one"))
		hrtimer_start(&burn, ms_to_ktime(burn_ms), HRTIMER_MODE_REL);
}

int laser_result(void)
{
	return READ_ONCE(result);
}

static int engraved_get(char *buffer, const struct kernel_param *param)
{
	unsigned int i = finished > KEPT ? finished - KEPT : 0;
	int length = 0;

	for (; i < finished; i++)
		length += sysfs_emit_at(buffer, length, "%u ", engraved[i % KEPT]);
	return length + sysfs_emit_at(buffer, length, "\n");
}

static const struct kernel_param_ops engraved_ops = { .get = engraved_get };
module_param_cb(engraved, &engraved_ops, NULL, 0444);
MODULE_PARM_DESC(engraved, "sums of what the last eight jobs have engraved");

/* The inspector: it has one buffer at a time, maps it when it needs to, and keeps that. */
static DEFINE_MUTEX(inspecting);
static struct dma_buf *buffer;
static struct dma_buf_attachment *attachment;
static struct sg_table *table;

static void give_back(void)
{
	if (!buffer)
		return;
	if (table)
		dma_buf_unmap_attachment_unlocked(attachment, table, DMA_BIDIRECTIONAL);
	table = NULL;
	dma_buf_detach(buffer, attachment);
	dma_buf_put(buffer);
	buffer = NULL;
}

static int take(int fd)
{
	struct dma_buf *given = dma_buf_get(fd);

	if (IS_ERR(given))
		return PTR_ERR(given);
	attachment = dma_buf_attach(given, &inspector->dev);
	if (IS_ERR(attachment)) {
		dma_buf_put(given);
		return PTR_ERR(attachment);
	}
	buffer = given;
	return 0;
}

static bool has_mapping(void)
{
	struct sg_table *new;

	if (!buffer || table)
		return table;
	new = dma_buf_map_attachment_unlocked(attachment, DMA_BIDIRECTIONAL);
	if (!IS_ERR(new))
		table = new;
	return table;
}

static int inspect_set(const char *value, const struct kernel_param *param)
{
	int fd, err;

	err = kstrtoint(value, 0, &fd);
	if (err)
		return err;
	mutex_lock(&inspecting);
	give_back();
	if (fd >= 0)
		err = take(fd);
	mutex_unlock(&inspecting);
	return err;
}

static const struct kernel_param_ops inspect_ops = { .set = inspect_set };
module_param_cb(inspect, &inspect_ops, NULL, 0200);
MODULE_PARM_DESC(inspect, "gives the inspector a buffer of the writing process; -1 takes it back");

static u32 *word_at(unsigned int offset)
{
	struct scatterlist *sg;
	unsigned int i;

	for_each_sgtable_dma_sg(table, sg, i) {
		if (offset < sg_dma_len(sg))
			return memory_at(inspector, sg_dma_address(sg), sg_dma_len(sg)) + offset;
		offset -= sg_dma_len(sg);
	}
	return NULL;
}

static int stamp_set(const char *value, const struct kernel_param *param)
{
	unsigned int offset, word;
	u32 *place;
	int err = -EINVAL;

	if (sscanf(value, "%u %u", &offset, &word) != 2 || offset % 4)
		return -EINVAL;
	mutex_lock(&inspecting);
	place = has_mapping() ? word_at(offset) : NULL;
	if (place) {
		*place = word;
		err = 0;
	}
	mutex_unlock(&inspecting);
	return err;
}

static const struct kernel_param_ops stamp_ops = { .set = stamp_set };
module_param_cb(stamp, &stamp_ops, NULL, 0200);
MODULE_PARM_DESC(stamp, "makes the inspector write: offset and word");

static int seen_get(char *text, const struct kernel_param *param)
{
	u32 sum = 2166136261u;
	struct scatterlist *sg;
	unsigned int i;
	bool any;

	mutex_lock(&inspecting);
	any = has_mapping();
	if (any)
		for_each_sgtable_dma_sg(table, sg, i)
			sum = mix(sum, memory_at(inspector, sg_dma_address(sg), sg_dma_len(sg)),
				  sg_dma_len(sg));
	mutex_unlock(&inspecting);
	return any ? sysfs_emit(text, "%u\n", sum) : sysfs_emit(text, "nothing\n");
}

static const struct kernel_param_ops seen_ops = { .get = seen_get };
module_param_cb(seen, &seen_ops, NULL, 0444);
MODULE_PARM_DESC(seen, "sum of what the inspector sees");

int bench_power_on(struct device **device, int *irq)
{
	domain = irq_domain_create_sim(NULL, 1);
	if (IS_ERR(domain))
		return PTR_ERR(domain);
	laser = platform_device_register_simple("engraver-laser", PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(laser))
		goto no_laser;
	inspector = platform_device_register_simple("inspector", PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(inspector))
		goto no_inspector;
	interrupt = irq_create_mapping(domain, 0);
	hrtimer_init(&burn, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	burn.function = burned;
	*device = &laser->dev;
	*irq = interrupt;
	return 0;

no_inspector:
	platform_device_unregister(laser);
no_laser:
	irq_domain_remove_sim(domain);
	return -ENODEV;
}

void bench_power_off(void)
{
	hrtimer_cancel(&burn);
	give_back();
	irq_dispose_mapping(interrupt);
	platform_device_unregister(inspector);
	platform_device_unregister(laser);
	irq_domain_remove_sim(domain);
}

MODULE_IMPORT_NS(DMA_BUF);
