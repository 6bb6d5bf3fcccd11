// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hwmon driver for the temperature sensor, with SMBus transfers.
 *
 * Nothing is cached: each file asks the chip. One mutex is around all that
 * takes more than one transfer, the handler of the interrupt too. What is
 * taken is given back by hand, in the reverse order.
 */
#include <linux/bitfield.h>
#include <linux/delay.h>
#include <linux/hwmon.h>
#include <linux/i2c.h>
#include <linux/interrupt.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "chip.h"

struct ember {
	struct i2c_client *client;
	struct device *hwmon;
	struct mutex lock;	/* the chip, and what follows */
	bool hot, cold;		/* since they were last asked for */
};

static const struct {
	long ms;
	u16 code;
} periods[] = {
	{ EMBER_QUICK, EMBER_CONFIG_PERIOD_QUICK },
	{ EMBER_NORMAL, EMBER_CONFIG_PERIOD_NORMAL },
	{ EMBER_SLOW, EMBER_CONFIG_PERIOD_SLOW },
	{ EMBER_RARE, EMBER_CONFIG_PERIOD_RARE },
};

static int get(struct ember *e, u8 reg)
{
	return EMBER_ID_BIG ? i2c_smbus_read_word_swapped(e->client, reg) :
			      i2c_smbus_read_word_data(e->client, reg);
}

static int put(struct ember *e, u8 reg, u16 value)
{
	return EMBER_ID_BIG ? i2c_smbus_write_word_swapped(e->client, reg, value) :
			      i2c_smbus_write_word_data(e->client, reg, value);
}

/* A field of some bits in two's complement. */
static int number(unsigned int field, unsigned int bits)
{
	int value = field;

	return value >= 1 << (bits - 1) ? value - (1 << bits) : value;
}

static int switch_off(struct ember *e)
{
	int config = get(e, EMBER_CONFIG);

	if (config < 0)
		return config;
	config &= ~(EMBER_CONFIG_MODE | EMBER_CONFIG_ALERT);
	return put(e, EMBER_CONFIG,
		   config | FIELD_PREP(EMBER_CONFIG_MODE, EMBER_CONFIG_MODE_OFF));
}

/* From off, with this period; returns when there is a result. */
static int switch_on(struct ember *e, u16 period)
{
	int config = FIELD_PREP(EMBER_CONFIG_PERIOD, period) |
		     FIELD_PREP(EMBER_CONFIG_MODE, EMBER_CONFIG_MODE_CONTINUOUS);
	int err, status;

	err = put(e, EMBER_CONFIG, config);
	if (err)
		return err;
	fsleep(EMBER_CONVERSION_MAX_US);
	status = get(e, EMBER_STATUS);
	if (status < 0)
		return status;
	if (!(status & EMBER_STATUS_READY))
		return -EIO;
	if (EMBER_HAS_FALSE_COLD) {
		err = put(e, EMBER_STATUS, EMBER_STATUS_COLD);
		if (err)
			return err;
	}
	return put(e, EMBER_CONFIG, config | EMBER_CONFIG_ALERT);
}

static int ember_read(struct device *dev, enum hwmon_sensor_types type, u32 attr, int channel,
		      long *value)
{
	struct ember *e = dev_get_drvdata(dev);
	int got;

	guard(mutex)(&e->lock);
	if (type == hwmon_chip) {
		got = get(e, EMBER_CONFIG);
		if (got < 0)
			return got;
		for (int i = 0; i < ARRAY_SIZE(periods); i++)
			if (periods[i].code == FIELD_GET(EMBER_CONFIG_PERIOD, got))
				*value = periods[i].ms;
		return 0;
	}
	switch (attr) {
	case hwmon_temp_input:
		got = get(e, EMBER_STATUS);
		if (got < 0)
			return got;
		if (!(got & EMBER_STATUS_READY))
			return -EIO;
		got = get(e, EMBER_TEMPERATURE);
		if (got < 0)
			return got;
		*value = number(FIELD_GET(EMBER_TEMPERATURE_VALUE, got), 12) * EMBER_RESOLUTION;
		return 0;
	case hwmon_temp_max:
		got = get(e, EMBER_HIGH);
		if (got < 0)
			return got;
		*value = number(FIELD_GET(EMBER_HIGH_VALUE, got), 9) * EMBER_STEP;
		return 0;
	case hwmon_temp_min:
		got = get(e, EMBER_LOW);
		if (got < 0)
			return got;
		*value = number(FIELD_GET(EMBER_LOW_VALUE, got), 9) * EMBER_STEP;
		return 0;
	case hwmon_temp_max_alarm:
		*value = e->hot;
		e->hot = false;
		return 0;
	case hwmon_temp_min_alarm:
		*value = e->cold;
		e->cold = false;
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

static int change_period(struct ember *e, long ms)
{
	int best = 0;
	int err;

	ms = clamp(ms, (long)EMBER_QUICK, (long)EMBER_RARE);
	for (int i = 1; i < ARRAY_SIZE(periods); i++)
		if (abs(periods[i].ms - ms) < abs(periods[best].ms - ms))
			best = i;
	err = switch_off(e);
	return err ?: switch_on(e, periods[best].code);
}

static int ember_write(struct device *dev, enum hwmon_sensor_types type, u32 attr, int channel,
		       long value)
{
	struct ember *e = dev_get_drvdata(dev);
	int code;

	guard(mutex)(&e->lock);
	if (type == hwmon_chip)
		return change_period(e, value);
	value = clamp(value, -256L * EMBER_STEP, 255L * EMBER_STEP);
	code = DIV_ROUND_CLOSEST(value, EMBER_STEP) & 0x1ff;
	if (attr == hwmon_temp_max)
		return put(e, EMBER_HIGH, FIELD_PREP(EMBER_HIGH_VALUE, code));
	return put(e, EMBER_LOW, FIELD_PREP(EMBER_LOW_VALUE, code));
}

static umode_t ember_is_visible(const void *data, enum hwmon_sensor_types type, u32 attr,
				int channel)
{
	switch (attr) {
	case hwmon_temp_input:
	case hwmon_temp_max_alarm:
	case hwmon_temp_min_alarm:
		if (type == hwmon_temp)
			return 0444;
		fallthrough;
	default:
		return 0644;
	}
}

static const struct hwmon_ops ember_ops = {
	.is_visible = ember_is_visible,
	.read = ember_read,
	.write = ember_write,
};

static const struct hwmon_channel_info * const ember_channels[] = {
	HWMON_CHANNEL_INFO(chip, HWMON_C_UPDATE_INTERVAL),
	HWMON_CHANNEL_INFO(temp, HWMON_T_INPUT | HWMON_T_MAX | HWMON_T_MIN |
				 HWMON_T_MAX_ALARM | HWMON_T_MIN_ALARM),
	NULL
};

static const struct hwmon_chip_info ember_info = { .ops = &ember_ops, .info = ember_channels };

static irqreturn_t ember_alert(int irq, void *data)
{
	struct ember *e = data;
	int status;

	scoped_guard(mutex, &e->lock) {
		status = get(e, EMBER_STATUS);
		if (status < 0)
			return IRQ_NONE;
		status &= EMBER_STATUS_HOT | EMBER_STATUS_COLD;
		if (status && put(e, EMBER_STATUS, status))
			return IRQ_NONE;
		e->hot |= !!(status & EMBER_STATUS_HOT);
		e->cold |= !!(status & EMBER_STATUS_COLD);
	}
	if (status & EMBER_STATUS_HOT)
		hwmon_notify_event(e->hwmon, hwmon_temp, hwmon_temp_max_alarm, 0);
	if (status & EMBER_STATUS_COLD)
		hwmon_notify_event(e->hwmon, hwmon_temp, hwmon_temp_min_alarm, 0);
	return status ? IRQ_HANDLED : IRQ_NONE;
}

static int ember_probe(struct i2c_client *client)
{
	struct ember *e = kzalloc(sizeof(*e), GFP_KERNEL);
	int id, config, err;

	if (!e)
		return -ENOMEM;
	e->client = client;
	mutex_init(&e->lock);
	i2c_set_clientdata(client, e);

	id = get(e, EMBER_ID);
	err = id < 0 ? id : FIELD_GET(EMBER_ID_CHIP, id) == EMBER_ID_CHIP_RESET ? 0 : -ENODEV;
	if (err)
		goto free;
	err = switch_off(e);
	if (err)
		goto free;
	config = get(e, EMBER_CONFIG);
	err = config < 0 ? config : switch_on(e, FIELD_GET(EMBER_CONFIG_PERIOD, config));
	if (err)
		goto off;
	e->hwmon = hwmon_device_register_with_info(&client->dev, "ember", e, &ember_info, NULL);
	if (IS_ERR(e->hwmon)) {
		err = PTR_ERR(e->hwmon);
		goto off;
	}
	/* An alarm that came until now still pulls the line. */
	err = request_threaded_irq(client->irq, NULL, ember_alert,
				   IRQF_TRIGGER_LOW | IRQF_ONESHOT, "ember", e);
	if (!err)
		return 0;
	hwmon_device_unregister(e->hwmon);
off:
	switch_off(e);
free:
	kfree(e);
	return err;
}

static void ember_remove(struct i2c_client *client)
{
	struct ember *e = i2c_get_clientdata(client);

	free_irq(client->irq, e);
	hwmon_device_unregister(e->hwmon);
	switch_off(e);
	mutex_destroy(&e->lock);
	kfree(e);
}

static const struct i2c_device_id ember_ids[] = {
	{ "ember" },
	{ }
};
MODULE_DEVICE_TABLE(i2c, ember_ids);

static struct i2c_driver ember_driver = {
	.driver = { .name = "ember" },
	.probe = ember_probe,
	.remove = ember_remove,
	.id_table = ember_ids,
};
module_i2c_driver(ember_driver);

MODULE_DESCRIPTION("Temperature sensor");
MODULE_LICENSE("GPL");
