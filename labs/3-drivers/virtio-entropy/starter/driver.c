// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver for virtio entropy devices, which become generators of hw_random.
 *
 * The frame is there. See brief.md for what a generator does, and twin.h for the
 * second device.
 */
#include <linux/hw_random.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>

#include "twin.h"

struct tap {
	struct hwrng rng;
	char name[32];
	struct virtqueue *vq;
};

static int tap_read(struct hwrng *rng, void *data, size_t max, bool wait)
{
	/* TODO: bytes of the device; how many, or an error */
	return -EIO;
}

static int tap_probe(struct virtio_device *vdev)
{
	struct tap *tap = kzalloc(sizeof(*tap), GFP_KERNEL);
	int err;

	if (!tap)
		return -ENOMEM;
	snprintf(tap->name, sizeof(tap->name), "tap-%s", dev_name(&vdev->dev));
	tap->rng.name = tap->name;
	tap->rng.read = tap_read;
	vdev->priv = tap;

	/* TODO: the queue, and the device's readiness, in which order? */
	err = hwrng_register(&tap->rng);
	if (err)
		kfree(tap);
	return err;
}

static void tap_remove(struct virtio_device *vdev)
{
	struct tap *tap = vdev->priv;

	hwrng_unregister(&tap->rng);
	/* TODO: what may the device still do, and who still sleeps? */
	virtio_reset_device(vdev);
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
