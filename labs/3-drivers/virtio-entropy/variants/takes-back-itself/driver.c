// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tap, another way: the callback only wakes, and the queue is touched by readers
 * alone, whom hw_random lets in one after the other. A liar is asked three times.
 */
#include <linux/hw_random.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/wait.h>

#include "twin.h"

#define BUFFER_BYTES 48
#define ATTEMPTS 3

struct tap {
	struct hwrng rng;
	char name[32];
	struct virtqueue *vq;
	wait_queue_head_t changed;
	bool gone;
	bool away;		/* the device has the buffer */
	unsigned int left;	/* bytes still to be given out, at the buffer's beginning */
	u8 *buffer;
};

static void tap_answered(struct virtqueue *vq)
{
	struct tap *tap = vq->vdev->priv;

	wake_up_interruptible(&tap->changed);
}

/* True when the buffer is the driver's. */
static bool fetch(struct tap *tap)
{
	unsigned int length;

	if (!tap->away)
		return true;
	if (!virtqueue_get_buf(tap->vq, &length))
		return false;
	tap->away = false;
	tap->left = length <= BUFFER_BYTES ? length : 0;
	return true;
}

static int send(struct tap *tap)
{
	struct scatterlist sg;
	int err;

	sg_init_one(&sg, tap->buffer, BUFFER_BYTES);
	err = virtqueue_add_inbuf(tap->vq, &sg, 1, tap, GFP_KERNEL);
	if (err)
		return err;
	tap->away = true;
	virtqueue_kick(tap->vq);
	return 0;
}

static int tap_read(struct hwrng *rng, void *data, size_t max, bool wait)
{
	struct tap *tap = container_of(rng, struct tap, rng);
	unsigned int attempt;
	int err;

	for (attempt = 0; attempt < ATTEMPTS; attempt++) {
		if (!tap->away && !tap->left) {
			err = send(tap);
			if (err)
				return err;
		}
		if (wait) {
			err = wait_event_interruptible(tap->changed,
						       READ_ONCE(tap->gone) || fetch(tap));
			if (err)
				return err;
		} else if (!fetch(tap)) {
			return READ_ONCE(tap->gone) ? -ENODEV : 0;
		}
		if (READ_ONCE(tap->gone))
			return -ENODEV;
		if (tap->left) {
			/* From the end, so that what is left begins where it began. */
			max = min_t(size_t, max, tap->left);
			tap->left -= max;
			memcpy(data, tap->buffer + tap->left, max);
			memzero_explicit(tap->buffer + tap->left, max);
			return max;
		}
	}
	return -EIO;
}

static int tap_probe(struct virtio_device *vdev)
{
	struct tap *tap = kzalloc(sizeof(*tap), GFP_KERNEL);
	int err = -ENOMEM;

	if (!tap)
		return -ENOMEM;
	tap->buffer = kzalloc(BUFFER_BYTES, GFP_KERNEL);
	if (!tap->buffer)
		goto no_buffer;
	init_waitqueue_head(&tap->changed);
	snprintf(tap->name, sizeof(tap->name), "tap-%s", dev_name(&vdev->dev));
	tap->rng.name = tap->name;
	tap->rng.read = tap_read;
	vdev->priv = tap;

	tap->vq = virtio_find_single_vq(vdev, tap_answered, "requests");
	if (IS_ERR(tap->vq)) {
		err = PTR_ERR(tap->vq);
		goto no_queue;
	}
	/* hw_random may read before hwrng_register() returns, and nothing is asked before this. */
	virtio_device_ready(vdev);
	err = hwrng_register(&tap->rng);
	if (err)
		goto not_registered;
	return 0;

not_registered:
	virtio_reset_device(vdev);
	vdev->config->del_vqs(vdev);
no_queue:
	kfree(tap->buffer);
no_buffer:
	kfree(tap);
	return err;
}

static void tap_remove(struct virtio_device *vdev)
{
	struct tap *tap = vdev->priv;

	/* Whoever sleeps in read() has to leave it, or hwrng_unregister() waits for ever. */
	WRITE_ONCE(tap->gone, true);
	wake_up_all(&tap->changed);
	hwrng_unregister(&tap->rng);

	/* Until here the device may write to the buffer, and call tap_answered(). */
	virtio_reset_device(vdev);
	virtqueue_detach_unused_buf(tap->vq);
	vdev->config->del_vqs(vdev);
	kfree_sensitive(tap->buffer);
	kfree(tap);
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
