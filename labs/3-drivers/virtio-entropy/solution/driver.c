// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver for virtio entropy devices, which become generators of hw_random.
 *
 * A buffer is with the device or with the driver, never with both: it is given away
 * when somebody wants bytes, and nothing in it is looked at before it is back. What
 * the device says of it is checked once, when it comes back.
 */
#include <linux/completion.h>
#include <linux/hw_random.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>

#include "twin.h"

#define BUFFER_BYTES 64

struct tap {
	struct hwrng rng;
	char name[32];
	struct virtqueue *vq;
	struct completion answered;
	bool gone;
	/* The rest belongs to read(), which hw_random calls for one reader at a time. */
	bool asked;		/* the device has the buffer, or the answer is there */
	unsigned int answer;	/* what the device says to have written */
	unsigned int next;	/* bytes from here to the end are for the next readers */
	unsigned int end;
	u8 *buffer;		/* of its own, for a device writes to it */
};

/* In interrupt context. */
static void tap_answered(struct virtqueue *vq)
{
	struct tap *tap = vq->vdev->priv;
	unsigned int length;

	if (!virtqueue_get_buf(vq, &length))
		return;
	tap->answer = length;
	complete(&tap->answered);
}

static int ask(struct tap *tap)
{
	struct scatterlist sg;
	int err;

	sg_init_one(&sg, tap->buffer, BUFFER_BYTES);
	err = virtqueue_add_inbuf(tap->vq, &sg, 1, tap->buffer, GFP_KERNEL);
	if (err)
		return err;
	if (!virtqueue_kick(tap->vq))
		return -EIO;
	tap->asked = true;
	return 0;
}

/* Gets at least one byte from the device. */
static int refill(struct tap *tap, bool wait)
{
	int err;

	if (!tap->asked) {
		err = ask(tap);
		if (err)
			return err;
	}
	if (!wait) {
		if (!try_wait_for_completion(&tap->answered))
			return -EAGAIN;
	} else if (wait_for_completion_interruptible(&tap->answered)) {
		return -ERESTARTSYS;
	}
	if (READ_ONCE(tap->gone))
		return -ENODEV;

	tap->asked = false;
	/* It can not have written more than there was room for: no word of it is believed. */
	if (!tap->answer || tap->answer > BUFFER_BYTES)
		return -EIO;
	tap->next = 0;
	tap->end = tap->answer;
	return 0;
}

static int tap_read(struct hwrng *rng, void *data, size_t max, bool wait)
{
	struct tap *tap = container_of(rng, struct tap, rng);
	size_t done = 0;
	int err = 0;

	while (done < max) {
		size_t n;

		if (READ_ONCE(tap->gone)) {
			err = -ENODEV;
			break;
		}
		if (tap->next == tap->end) {
			/* What is there is enough: the caller asks again if it wants more. */
			err = refill(tap, wait && !done);
			if (err)
				break;
		}
		n = min_t(size_t, max - done, tap->end - tap->next);
		memcpy(data + done, tap->buffer + tap->next, n);
		/* Nobody else shall ever see these. */
		memzero_explicit(tap->buffer + tap->next, n);
		tap->next += n;
		done += n;
	}
	if (done)
		return done;
	return err == -EAGAIN ? 0 : err;
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
	init_completion(&tap->answered);
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
	complete_all(&tap->answered);
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
