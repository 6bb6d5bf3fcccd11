// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tap, another way: the device always has as many buffers as it may, so that
 * bytes are there before anybody asks. The callback puts what comes back on a list,
 * and readers take from the list under the same lock.
 */
#include <linux/hw_random.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/wait.h>

#include "twin.h"

#define CHUNKS 4
#define CHUNK_BYTES 32

struct chunk {
	struct list_head entry;
	unsigned int used;
	unsigned int length;
	u8 bytes[CHUNK_BYTES] ____cacheline_aligned;
};

struct tap {
	struct hwrng rng;
	struct virtqueue *vq;
	spinlock_t lock;		/* the queue and all below */
	wait_queue_head_t changed;
	struct list_head full;
	bool gone;
	struct chunk *chunks[CHUNKS];
};

/* With the lock held. */
static void give(struct tap *tap, struct chunk *chunk)
{
	struct scatterlist sg;

	memset(chunk->bytes, 0, CHUNK_BYTES);
	sg_init_one(&sg, chunk->bytes, CHUNK_BYTES);
	virtqueue_add_inbuf(tap->vq, &sg, 1, chunk, GFP_ATOMIC);
	virtqueue_kick(tap->vq);
}

static void tap_answered(struct virtqueue *vq)
{
	struct tap *tap = vq->vdev->priv;
	unsigned int length;
	unsigned long flags;
	struct chunk *chunk;

	spin_lock_irqsave(&tap->lock, flags);
	while ((chunk = virtqueue_get_buf(vq, &length))) {
		if (length < 1 || length > CHUNK_BYTES) {
			/* The next reader gives it away again: no liar keeps the processor busy. */
			length = 0;
		}
		chunk->used = 0;
		chunk->length = length;
		list_add_tail(&chunk->entry, &tap->full);
	}
	spin_unlock_irqrestore(&tap->lock, flags);
	wake_up_interruptible(&tap->changed);
}

/* As many bytes as there are, up to max; -EIO when the oldest answer could not be true. */
static int take(struct tap *tap, u8 *data, size_t max)
{
	size_t done = 0;
	int err = 0;

	spin_lock_irq(&tap->lock);
	if (tap->gone)
		err = -ENODEV;
	while (!err && done < max && !list_empty(&tap->full)) {
		struct chunk *chunk = list_first_entry(&tap->full, struct chunk, entry);
		size_t n = min_t(size_t, max - done, chunk->length - chunk->used);

		if (!chunk->length) {
			if (done)
				break;
			err = -EIO;
		}
		memcpy(data + done, chunk->bytes + chunk->used, n);
		done += n;
		chunk->used += n;
		if (chunk->used == chunk->length) {
			list_del(&chunk->entry);
			give(tap, chunk);
		}
	}
	spin_unlock_irq(&tap->lock);
	return done ?: err;
}

static bool has_news(struct tap *tap)
{
	bool news;

	spin_lock_irq(&tap->lock);
	news = tap->gone || !list_empty(&tap->full);
	spin_unlock_irq(&tap->lock);
	return news;
}

static int tap_read(struct hwrng *rng, void *data, size_t max, bool wait)
{
	struct tap *tap = container_of(rng, struct tap, rng);

	if (wait && wait_event_interruptible(tap->changed, has_news(tap)))
		return -ERESTARTSYS;
	return take(tap, data, max);
}

static void free_all(struct tap *tap)
{
	unsigned int i;

	for (i = 0; i < CHUNKS; i++)
		kfree_sensitive(tap->chunks[i]);
	kfree(tap->rng.name);
	kfree(tap);
}

static int tap_probe(struct virtio_device *vdev)
{
	struct tap *tap = kzalloc(sizeof(*tap), GFP_KERNEL);
	unsigned int i;
	int err = -ENOMEM;

	if (!tap)
		return -ENOMEM;
	spin_lock_init(&tap->lock);
	init_waitqueue_head(&tap->changed);
	INIT_LIST_HEAD(&tap->full);
	vdev->priv = tap;
	for (i = 0; i < CHUNKS; i++) {
		tap->chunks[i] = kzalloc(sizeof(*tap->chunks[i]), GFP_KERNEL);
		if (!tap->chunks[i])
			goto fail;
	}
	tap->rng.name = kasprintf(GFP_KERNEL, "tap-%s", dev_name(&vdev->dev));
	if (!tap->rng.name)
		goto fail;
	tap->rng.read = tap_read;
	tap->vq = virtio_find_single_vq(vdev, tap_answered, "requests");
	if (IS_ERR(tap->vq)) {
		err = PTR_ERR(tap->vq);
		goto fail;
	}
	virtio_device_ready(vdev);
	for (i = 0; i < CHUNKS; i++) {
		spin_lock_irq(&tap->lock);
		give(tap, tap->chunks[i]);
		spin_unlock_irq(&tap->lock);
	}
	err = hwrng_register(&tap->rng);
	if (err) {
		virtio_reset_device(vdev);
		vdev->config->del_vqs(vdev);
		goto fail;
	}
	return 0;

fail:
	free_all(tap);
	return err;
}

static void tap_remove(struct virtio_device *vdev)
{
	struct tap *tap = vdev->priv;

	spin_lock_irq(&tap->lock);
	tap->gone = true;
	spin_unlock_irq(&tap->lock);
	wake_up_all(&tap->changed);
	hwrng_unregister(&tap->rng);
	virtio_reset_device(vdev);
	while (virtqueue_detach_unused_buf(tap->vq))
		;
	vdev->config->del_vqs(vdev);
	free_all(tap);
}

static const struct virtio_device_id tap_ids[] = {
	{ VIRTIO_ID_RNG, VIRTIO_DEV_ANY_ID },
	{ }
};
MODULE_DEVICE_TABLE(virtio, tap_ids);

static struct virtio_driver tap_driver = {
	.driver.name = "tap",
	.id_table = tap_ids,
	.probe = tap_probe,
	.remove = tap_remove,
};

static int __init tap_init(void)
{
	int err = register_virtio_driver(&tap_driver);

	if (!err)
		twin_init();
	return err;
}
module_init(tap_init);

static void __exit tap_exit(void)
{
	twin_exit();
	unregister_virtio_driver(&tap_driver);
}
module_exit(tap_exit);

MODULE_DESCRIPTION("Virtio entropy devices as generators of random numbers");
MODULE_LICENSE("GPL");
