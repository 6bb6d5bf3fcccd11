// SPDX-License-Identifier: GPL-2.0-only
/*
 * The weather chip of a mast, with a triggered buffer.
 *
 * The chip runs while the buffer is enabled: from before the trigger is attached until after it
 * is detached, as detaching waits for the last handler. For a single value it runs for that long,
 * and the core sees to it that this is not while the buffer is enabled.
 */
#include <linux/cleanup.h>
#include <linux/iio/buffer.h>
#include <linux/iio/iio.h>
#include <linux/iio/trigger.h>
#include <linux/iio/trigger_consumer.h>
#include <linux/iio/triggered_buffer.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/regmap.h>
#include <linux/unaligned.h>

#include "chip.h"

#define MAST_CTRL 0x01
#define MAST_CTRL_RUN BIT(0)
#define MAST_DATA 0x10
#define MAST_DATA_SIZE 6

enum { PRESSURE, TEMPERATURE, HUMIDITY, TIMESTAMP };

struct mast {
	struct regmap *map;
	/*
	 * What programs get: the channels that are enabled, each at its own alignment, and the
	 * time at that of eight bytes. It is never on the stack, so the gaps are always zero.
	 */
	struct {
		u8 channels[8];
		aligned_s64 time;
	} scan;
};

static const struct iio_chan_spec mast_channels[] = {
	{
		.type = IIO_PRESSURE,
		.info_mask_separate = BIT(IIO_CHAN_INFO_RAW),
		.scan_index = PRESSURE,
		.scan_type = {
			.sign = 'u', .realbits = 20, .storagebits = 32,
			.endianness = IIO_CPU,
		},
	}, {
		.type = IIO_TEMP,
		.info_mask_separate = BIT(IIO_CHAN_INFO_RAW),
		.scan_index = TEMPERATURE,
		.scan_type = {
			.sign = 's', .realbits = 12, .storagebits = 16, .shift = 4,
			.endianness = IIO_BE,
		},
	}, {
		.type = IIO_HUMIDITYRELATIVE,
		.info_mask_separate = BIT(IIO_CHAN_INFO_RAW),
		.scan_index = HUMIDITY,
		.scan_type = { .sign = 'u', .realbits = 8, .storagebits = 8 },
	},
	IIO_CHAN_SOFT_TIMESTAMP(TIMESTAMP),
};

static int mast_set_run(struct mast *mast, bool run)
{
	return regmap_write(mast->map, MAST_CTRL, run ? MAST_CTRL_RUN : 0);
}

static u32 pressure_of(const u8 *data)
{
	return get_unaligned_be24(data) >> 4;
}

/* All registers in one go: the chip keeps them as they were when the first one was read. */
static int mast_read_data(struct mast *mast, u8 data[MAST_DATA_SIZE])
{
	return regmap_bulk_read(mast->map, MAST_DATA, data, MAST_DATA_SIZE);
}

static int mast_read_once(struct mast *mast, u8 data[MAST_DATA_SIZE])
{
	int err = mast_set_run(mast, true);

	if (err)
		return err;
	err = mast_read_data(mast, data);
	return mast_set_run(mast, false) ?: err;
}

static int mast_read_raw(struct iio_dev *indio_dev, const struct iio_chan_spec *chan,
			 int *val, int *val2, long mask)
{
	struct mast *mast = iio_priv(indio_dev);
	u8 data[MAST_DATA_SIZE];
	int err;

	if (mask != IIO_CHAN_INFO_RAW)
		return -EINVAL;
	err = iio_device_claim_direct_mode(indio_dev);
	if (err)
		return err;
	err = mast_read_once(mast, data);
	iio_device_release_direct_mode(indio_dev);
	if (err)
		return err;
	switch (chan->scan_index) {
	case PRESSURE:
		*val = pressure_of(data);
		return IIO_VAL_INT;
	case TEMPERATURE:
		*val = (s16)get_unaligned_be16(data + 3) >> 4;
		return IIO_VAL_INT;
	case HUMIDITY:
		*val = data[5];
		return IIO_VAL_INT;
	default:
		return -EINVAL;
	}
}

static const struct iio_info mast_info = {
	.read_raw = mast_read_raw,
};

static int mast_preenable(struct iio_dev *indio_dev)
{
	return mast_set_run(iio_priv(indio_dev), true);
}

static int mast_postdisable(struct iio_dev *indio_dev)
{
	return mast_set_run(iio_priv(indio_dev), false);
}

static const struct iio_buffer_setup_ops mast_buffer_ops = {
	.preenable = mast_preenable,
	.postdisable = mast_postdisable,
};

static irqreturn_t mast_handler(int irq, void *p)
{
	struct iio_poll_func *pf = p;
	struct iio_dev *indio_dev = pf->indio_dev;
	struct mast *mast = iio_priv(indio_dev);
	u8 data[MAST_DATA_SIZE];
	unsigned int at = 0;

	if (mast_read_data(mast, data))
		goto done;
	memset(&mast->scan, 0, sizeof(mast->scan));
	/* In the order of their index, and each at a multiple of its size. */
	if (test_bit(PRESSURE, indio_dev->active_scan_mask)) {
		u32 pressure = pressure_of(data);

		memcpy(mast->scan.channels, &pressure, sizeof(pressure));
		at = sizeof(pressure);
	}
	if (test_bit(TEMPERATURE, indio_dev->active_scan_mask)) {
		memcpy(mast->scan.channels + at, data + 3, 2);
		at += 2;
	}
	if (test_bit(HUMIDITY, indio_dev->active_scan_mask))
		mast->scan.channels[at] = data[5];
	iio_push_to_buffers_with_timestamp(indio_dev, &mast->scan, pf->timestamp);
done:
	iio_trigger_notify_done(indio_dev->trig);
	return IRQ_HANDLED;
}

static const struct iio_trigger_ops mast_trigger_ops = {
	.validate_device = iio_trigger_validate_own_device,
};

static int mast_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct iio_trigger *trigger;
	struct iio_dev *indio_dev;
	struct mast *mast;
	int irq, err;

	indio_dev = devm_iio_device_alloc(dev, sizeof(*mast));
	if (!indio_dev)
		return -ENOMEM;
	mast = iio_priv(indio_dev);
	mast->map = dev_get_regmap(dev->parent, NULL);
	if (!mast->map)
		return -ENODEV;
	irq = platform_get_irq(pdev, 0);
	if (irq < 0)
		return irq;
	indio_dev->name = "mast";
	indio_dev->info = &mast_info;
	indio_dev->modes = INDIO_DIRECT_MODE;
	indio_dev->channels = mast_channels;
	indio_dev->num_channels = ARRAY_SIZE(mast_channels);

	trigger = devm_iio_trigger_alloc(dev, "%s-dev%d", indio_dev->name,
					 iio_device_id(indio_dev));
	if (!trigger)
		return -ENOMEM;
	trigger->ops = &mast_trigger_ops;
	err = devm_request_irq(dev, irq, iio_trigger_generic_data_rdy_poll, IRQF_NO_THREAD,
			       dev_name(dev), trigger);
	if (err)
		return err;
	err = devm_iio_trigger_register(dev, trigger);
	if (err)
		return err;
	indio_dev->trig = iio_trigger_get(trigger);

	err = devm_iio_triggered_buffer_setup(dev, indio_dev, iio_pollfunc_store_time,
					      mast_handler, &mast_buffer_ops);
	if (err)
		return err;
	return devm_iio_device_register(dev, indio_dev);
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
