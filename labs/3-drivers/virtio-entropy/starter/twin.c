// SPDX-License-Identifier: GPL-2.0-only
/*
 * The twin: an entropy device in software with one virtqueue (virtio 1.2, section
 * 5.4), as a host would have it, and not part of the driver. What it gives can be
 * recognized, and what it does wrong is set by parameters of the module.
 */
#include <linux/hrtimer.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/unaligned.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_ring.h>

#include "twin.h"

#define RING_SIZE 8

struct buffer {
	u16 head;
	u8 *memory;
	u32 length;
};

struct twin {
	struct virtio_device vdev;
	u8 status;
	struct virtqueue *vq;
	/* What the device has seen of the queue, and the buffers that it holds, oldest first. */
	spinlock_t lock;
	struct vring ring;
	u16 seen;
	u16 used;
	struct buffer held[RING_SIZE];
	unsigned int count;
	struct hrtimer timer;
};

/* Serializes adding and removing. */
static DEFINE_MUTEX(plug_lock);
static struct twin *plugged;
static bool wanted, ready;
static u32 made;	/* words given so far, by this twin and those before it */

static unsigned int mark = 0xa5;
module_param(mark, uint, 0444);
MODULE_PARM_DESC(mark, "the first byte of each word of four bytes that the twin gives");
static unsigned int portion;
module_param(portion, uint, 0644);
MODULE_PARM_DESC(portion, "bytes that it puts into a buffer at most; 0: it fills each");
static unsigned int delay_us = 1000;
module_param(delay_us, uint, 0644);
MODULE_PARM_DESC(delay_us, "how long it takes to answer");
static bool mute;
static unsigned int lies;
module_param(lies, uint, 0644);
MODULE_PARM_DESC(lies, "how many of its next answers say a length that is not true");
static unsigned int lie;
module_param(lie, uint, 0644);
MODULE_PARM_DESC(lie, "that length; with it come four bytes, or none for 0");
static unsigned int answers;
module_param(answers, uint, 0444);
MODULE_PARM_DESC(answers, "how many answers it has given");

static struct twin *to_twin(struct virtio_device *vdev)
{
	return container_of(vdev, struct twin, vdev);
}

/* Takes what the driver has made available since the last time. */
static void take_buffers(struct twin *twin)
{
	struct vring *ring = &twin->ring;
	u16 available = virtio16_to_cpu(&twin->vdev, READ_ONCE(ring->avail->idx));

	rmb();	/* entries after the index, as a device does it */
	for (; twin->seen != available; twin->seen++) {
		u16 head = virtio16_to_cpu(&twin->vdev, ring->avail->ring[twin->seen % RING_SIZE]);
		struct vring_desc *desc = &ring->desc[head % RING_SIZE];
		struct buffer *buffer = &twin->held[twin->count];

		if (WARN_ONCE(twin->count == RING_SIZE, "more buffers than the queue has room for"))
			return;
		buffer->head = head;
		buffer->memory = phys_to_virt(virtio64_to_cpu(&twin->vdev, desc->addr));
		buffer->length = virtio32_to_cpu(&twin->vdev, desc->len);
		if (WARN_ONCE(!(virtio16_to_cpu(&twin->vdev, desc->flags) & VRING_DESC_F_WRITE),
			      "a buffer that the device may not write to"))
			continue;
		if (!WARN_ONCE(!buffer->length, "a buffer without room"))
			twin->count++;
	}
}

static void fill(const struct buffer *buffer, u32 bytes)
{
	u32 i;

	for (i = 0; i < bytes; i += sizeof(u32)) {
		u8 word[sizeof(u32)];

		put_unaligned_be32(mark << 24 | (made++ & 0xffffff), word);
		memcpy(buffer->memory + i, word, min_t(u32, sizeof(word), bytes - i));
	}
}

/* Gives the oldest buffer back. */
static void give_back(struct twin *twin)
{
	struct buffer buffer = twin->held[0];
	u32 said, bytes = buffer.length;
	vring_used_elem_t *used;

	memmove(twin->held, twin->held + 1, --twin->count * sizeof(buffer));
	if (portion)
		bytes = min(bytes, portion);
	said = bytes;
	if (lies) {
		lies--;
		said = lie;
		bytes = lie ? min_t(u32, buffer.length, sizeof(u32)) : 0;
	}
	fill(&buffer, bytes);
	used = &twin->ring.used->ring[twin->used % RING_SIZE];
	used->id = cpu_to_virtio32(&twin->vdev, buffer.head);
	used->len = cpu_to_virtio32(&twin->vdev, said);
	wmb();	/* the entry before the index */
	twin->ring.used->idx = cpu_to_virtio16(&twin->vdev, ++twin->used);
	answers++;
}

static void answer_soon(struct twin *twin)
{
	lockdep_assert_held(&twin->lock);
	if (twin->count && !mute)
		hrtimer_start(&twin->timer, ns_to_ktime((u64)max(delay_us, 10u) * NSEC_PER_USEC),
			      HRTIMER_MODE_REL);
}

/* The device answers, and interrupts. */
static enum hrtimer_restart twin_answers(struct hrtimer *timer)
{
	struct twin *twin = container_of(timer, struct twin, timer);
	bool answered = false;
	unsigned long flags;

	spin_lock_irqsave(&twin->lock, flags);
	if (twin->count && !mute) {
		give_back(twin);
		answered = true;
	}
	answer_soon(twin);
	spin_unlock_irqrestore(&twin->lock, flags);
	if (answered)
		vring_interrupt(0, twin->vq);
	return HRTIMER_NORESTART;
}

static bool twin_notified(struct virtqueue *vq)
{
	struct twin *twin = to_twin(vq->vdev);
	unsigned long flags;

	if (WARN_ONCE(!(twin->status & VIRTIO_CONFIG_S_DRIVER_OK), "notified before DRIVER_OK"))
		return false;
	spin_lock_irqsave(&twin->lock, flags);
	take_buffers(twin);
	if (!hrtimer_is_queued(&twin->timer))
		answer_soon(twin);
	spin_unlock_irqrestore(&twin->lock, flags);
	return true;
}

static void twin_get(struct virtio_device *vdev, unsigned int offset, void *buf, unsigned int len)
{
	WARN_ONCE(1, "an entropy device has no configuration");
	memset(buf, 0xff, len);
}

static u8 twin_get_status(struct virtio_device *vdev)
{
	return to_twin(vdev)->status;
}

static void twin_set_status(struct virtio_device *vdev, u8 status)
{
	to_twin(vdev)->status = status;
}

/* Until it is reset, the device may write to each buffer that it holds; and this one does. */
static void twin_reset(struct virtio_device *vdev)
{
	struct twin *twin = to_twin(vdev);
	unsigned int i;

	hrtimer_cancel(&twin->timer);
	for (i = 0; i < twin->count; i++)
		fill(&twin->held[i], twin->held[i].length);
	twin->count = 0;
	twin->status = 0;
}

static void twin_del_vqs(struct virtio_device *vdev)
{
	struct twin *twin = to_twin(vdev);

	WARN_ONCE(twin->status & VIRTIO_CONFIG_S_DRIVER_OK, "a queue was deleted while the device may use it");
	if (twin->vq)
		vring_del_virtqueue(twin->vq);
	twin->vq = NULL;
}

static int twin_find_vqs(struct virtio_device *vdev, unsigned int nvqs, struct virtqueue *vqs[],
			 struct virtqueue_info infos[], struct irq_affinity *desc)
{
	struct twin *twin = to_twin(vdev);
	struct virtqueue *vq;

	if (nvqs != 1 || !infos[0].name || twin->vq)
		return -ENOENT;
	vq = vring_create_virtqueue(0, RING_SIZE, PAGE_SIZE, vdev, true, false, infos[0].ctx,
				    twin_notified, infos[0].callback, infos[0].name);
	if (!vq)
		return -ENOMEM;
	vq->num_max = RING_SIZE;
	twin->ring = (struct vring) {
		.num = RING_SIZE,
		.desc = phys_to_virt(virtqueue_get_desc_addr(vq)),
		.avail = phys_to_virt(virtqueue_get_avail_addr(vq)),
		.used = phys_to_virt(virtqueue_get_used_addr(vq)),
	};
	twin->seen = 0;
	twin->used = 0;
	twin->vq = vq;
	vqs[0] = vq;
	return 0;
}

static u64 twin_get_features(struct virtio_device *vdev)
{
	return BIT_ULL(VIRTIO_F_VERSION_1);
}

static int twin_finalize_features(struct virtio_device *vdev)
{
	vring_transport_features(vdev);
	if (WARN_ONCE(vdev->features != BIT_ULL(VIRTIO_F_VERSION_1), "other features than offered"))
		return -EINVAL;
	return 0;
}

static const char *twin_bus_name(struct virtio_device *vdev)
{
	return "twin";
}

static const struct virtio_config_ops twin_ops = {
	.get = twin_get,
	.get_status = twin_get_status,
	.set_status = twin_set_status,
	.reset = twin_reset,
	.find_vqs = twin_find_vqs,
	.del_vqs = twin_del_vqs,
	.get_features = twin_get_features,
	.finalize_features = twin_finalize_features,
	.bus_name = twin_bus_name,
};

static void twin_release(struct device *dev)
{
	kfree(to_twin(dev_to_virtio(dev)));
}

static int plug(void)
{
	struct twin *twin = kzalloc(sizeof(*twin), GFP_KERNEL);
	int err;

	if (!twin)
		return -ENOMEM;
	spin_lock_init(&twin->lock);
	hrtimer_init(&twin->timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	twin->timer.function = twin_answers;
	twin->vdev.id.device = VIRTIO_ID_RNG;
	twin->vdev.id.vendor = VIRTIO_DEV_ANY_ID;
	twin->vdev.config = &twin_ops;
	twin->vdev.dev.release = twin_release;
	err = register_virtio_device(&twin->vdev);
	if (err)
		put_device(&twin->vdev.dev);
	else
		plugged = twin;
	return err;
}

static void unplug(void)
{
	struct twin *twin = plugged;

	plugged = NULL;
	if (twin)
		unregister_virtio_device(&twin->vdev);
}

static int twin_set(const char *value, const struct kernel_param *param)
{
	int err = kstrtobool(value, &wanted);

	if (err)
		return err;
	mutex_lock(&plug_lock);
	if (ready && wanted && !plugged)
		err = plug();
	else if (ready && !wanted)
		unplug();
	mutex_unlock(&plug_lock);
	return err;
}

static int twin_show(char *buffer, const struct kernel_param *param)
{
	int length;

	mutex_lock(&plug_lock);
	length = sysfs_emit(buffer, "%s\n", plugged ? dev_name(&plugged->vdev.dev) : "");
	mutex_unlock(&plug_lock);
	return length;
}

static const struct kernel_param_ops twin_param_ops = { .set = twin_set, .get = twin_show };
module_param_cb(twin, &twin_param_ops, NULL, 0644);
MODULE_PARM_DESC(twin, "written, 1 adds the twin and 0 removes it; read: the name of its device");

static int mute_set(const char *value, const struct kernel_param *param)
{
	int err = param_set_bool(value, param);

	if (err)
		return err;
	mutex_lock(&plug_lock);
	if (plugged) {
		spin_lock_irq(&plugged->lock);
		answer_soon(plugged);
		spin_unlock_irq(&plugged->lock);
	}
	mutex_unlock(&plug_lock);
	return 0;
}

static const struct kernel_param_ops mute_ops = { .set = mute_set, .get = param_get_bool };
module_param_cb(mute, &mute_ops, &mute, 0644);
MODULE_PARM_DESC(mute, "it takes buffers and does not give them back");

void twin_init(void)
{
	mutex_lock(&plug_lock);
	ready = true;
	if (wanted)
		WARN_ON(plug());
	mutex_unlock(&plug_lock);
}

void twin_exit(void)
{
	mutex_lock(&plug_lock);
	ready = false;
	unplug();
	mutex_unlock(&plug_lock);
}
