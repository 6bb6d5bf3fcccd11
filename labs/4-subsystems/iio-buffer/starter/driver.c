// SPDX-License-Identifier: GPL-2.0-only
/*
 * The weather chip of a mast, with a triggered buffer.
 *
 * The device is there, without a channel; what it measures, and when, is yours to make. See
 * brief.md.
 */
#include <linux/iio/iio.h>
#include <linux/module.h>
#include <linux/platform_device.h>

#include "chip.h"

static int mast_read_raw(struct iio_dev *indio_dev, const struct iio_chan_spec *chan,
			 int *val, int *val2, long mask)
{
	/* TODO */
	return -EINVAL;
}

static const struct iio_info mast_info = {
	.read_raw = mast_read_raw,
};

static int mast_probe(struct platform_device *pdev)
{
	struct iio_dev *indio_dev = devm_iio_device_alloc(&pdev->dev, 0);

	if (!indio_dev)
		return -ENOMEM;
	indio_dev->name = "mast";
	indio_dev->info = &mast_info;
	indio_dev->modes = INDIO_DIRECT_MODE;
	/* TODO: channels, a trigger, a buffer, and what happens when it is enabled */
	return devm_iio_device_register(&pdev->dev, indio_dev);
}

static struct platform_driver mast_driver = {
	.driver.name = "mast",
	.probe = mast_probe,
};

static int __init mast_init(void)
{
	int err = platform_driver_register(&mast_driver);

	if (err)
		return err;
	err = chip_init();
	if (err)
		platform_driver_unregister(&mast_driver);
	return err;
}
module_init(mast_init);

static void __exit mast_exit(void)
{
	chip_exit();
	platform_driver_unregister(&mast_driver);
}
module_exit(mast_exit);

MODULE_DESCRIPTION("A weather chip with a triggered buffer");
MODULE_LICENSE("GPL");
