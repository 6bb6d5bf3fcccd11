// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hwmon driver for the temperature sensor.
 *
 * The registers are behind a regmap with a cache: limits and configuration
 * change only when the driver changes them, status and results by themselves.
 * A mutex is held from switching the chip off until it has its first result
 * again, and whoever wants a result takes it too.
 */
#include <linux/bitfield.h>
#include <linux/hwmon.h>
#include <linux/i2c.h>
#include <linux/interrupt.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/regmap.h>
#include <linux/util_macros.h>

#include "chip.h"

#define RESULT_BITS	12
#define LIMIT_BITS	9
#define LIMIT_MAX	((1 << (LIMIT_BITS - 1)) - 1)
#define LIMIT_MIN	(-(1 << (LIMIT_BITS - 1)))
#define POLL_US		5000

#define MODE_OFF	FIELD_PREP(EMBER_CONFIG_MODE, EMBER_CONFIG_MODE_OFF)
#define MODE_ON		FIELD_PREP(EMBER_CONFIG_MODE, EMBER_CONFIG_MODE_CONTINUOUS)

/* Bits of ember.alarms. */
#define HOT		0
#define COLD		1

struct ember {
	struct regmap *map;
	struct mutex lock;	/* the chip off and on again; results */
	struct device *hwmon;
	unsigned long alarms;	/* since each was last asked for */
};

/* By rising time: find_closest() wants that. */
static const int periods[] = { EMBER_QUICK, EMBER_NORMAL, EMBER_SLOW, EMBER_RARE };
static const u32 period_codes[] = {
	EMBER_CONFIG_PERIOD_QUICK,
	EMBER_CONFIG_PERIOD_NORMAL,
	EMBER_CONFIG_PERIOD_SLOW,
	EMBER_CONFIG_PERIOD_RARE,
};

static int ember_wait_ready(struct ember *e)
{
	u32 status;

	return regmap_read_poll_timeout(e->map, EMBER_STATUS, status,
					status & EMBER_STATUS_READY, POLL_US,
					EMBER_CONVERSION_MAX_US + POLL_US);
}

/* Switches the chip on, without alert until what the erratum says is out of the way. */
static int ember_start(struct ember *e)
{
	int err;

	err = regmap_update_bits(e->map, EMBER_CONFIG, EMBER_CONFIG_MODE | EMBER_CONFIG_ALERT,
				 MODE_ON);
	if (err)
		return err;
	err = ember_wait_ready(e);
	if (err)
		return err;
	if (EMBER_HAS_FALSE_COLD) {
		err = regmap_write(e->map, EMBER_STATUS, EMBER_STATUS_COLD);
		if (err)
			return err;
	}
	return regmap_set_bits(e->map, EMBER_CONFIG, EMBER_CONFIG_ALERT);
}

static int ember_stop(struct ember *e)
{
	return regmap_update_bits(e->map, EMBER_CONFIG, EMBER_CONFIG_MODE | EMBER_CONFIG_ALERT,
				  MODE_OFF);
}

static int ember_set_period(struct ember *e, u32 code)
{
	int err;

	guard(mutex)(&e->lock);
	err = ember_stop(e);
	if (err)
		return err;
	err = regmap_update_bits(e->map, EMBER_CONFIG, EMBER_CONFIG_PERIOD,
				 FIELD_PREP(EMBER_CONFIG_PERIOD, code));
	if (err)
		return err;
	return ember_start(e);
}

static int ember_get_period(struct ember *e, long *value)
{
	u32 config;
	int err;

	err = regmap_read(e->map, EMBER_CONFIG, &config);
	if (err)
		return err;
	for (size_t i = 0; i < ARRAY_SIZE(periods); i++) {
		if (FIELD_GET(EMBER_CONFIG_PERIOD, config) == period_codes[i]) {
			*value = periods[i];
			return 0;
		}
	}
	return -EIO;
}

static int ember_get_input(struct ember *e, long *value)
{
	u32 result;
	int err;

	guard(mutex)(&e->lock);
	err = ember_wait_ready(e);
	if (err)
		return err;
	err = regmap_read(e->map, EMBER_TEMPERATURE, &result);
	if (err)
		return err;
	*value = sign_extend32(FIELD_GET(EMBER_TEMPERATURE_VALUE, result), RESULT_BITS - 1) *
		 EMBER_RESOLUTION;
	return 0;
}

static int ember_get_limit(struct ember *e, bool high, long *value)
{
	u32 limit;
	int err;

	err = regmap_read(e->map, high ? EMBER_HIGH : EMBER_LOW, &limit);
	if (err)
		return err;
	limit = high ? FIELD_GET(EMBER_HIGH_VALUE, limit) : FIELD_GET(EMBER_LOW_VALUE, limit);
	*value = sign_extend32(limit, LIMIT_BITS - 1) * EMBER_STEP;
	return 0;
}

static int ember_set_limit(struct ember *e, bool high, long value)
{
	u32 code;

	/* Rounding adds to the value, which may be the largest there is. */
	value = clamp(value, (long)LIMIT_MIN * EMBER_STEP, (long)LIMIT_MAX * EMBER_STEP);
	code = DIV_ROUND_CLOSEST(value, EMBER_STEP) & GENMASK(LIMIT_BITS - 1, 0);
	if (high)
		return regmap_write(e->map, EMBER_HIGH, FIELD_PREP(EMBER_HIGH_VALUE, code));
	return regmap_write(e->map, EMBER_LOW, FIELD_PREP(EMBER_LOW_VALUE, code));
}

static int ember_read(struct device *dev, enum hwmon_sensor_types type, u32 attr, int channel,
		      long *value)
{
	struct ember *e = dev_get_drvdata(dev);

	if (type == hwmon_chip)
		return ember_get_period(e, value);
	switch (attr) {
	case hwmon_temp_input:
		return ember_get_input(e, value);
	case hwmon_temp_max:
	case hwmon_temp_min:
		return ember_get_limit(e, attr == hwmon_temp_max, value);
	case hwmon_temp_max_alarm:
		*value = test_and_clear_bit(HOT, &e->alarms);
		return 0;
	case hwmon_temp_min_alarm:
		*value = test_and_clear_bit(COLD, &e->alarms);
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

static int ember_write(struct device *dev, enum hwmon_sensor_types type, u32 attr, int channel,
		       long value)
{
	struct ember *e = dev_get_drvdata(dev);

	if (type == hwmon_chip)
		return ember_set_period(e, period_codes[find_closest(value, periods,
								     ARRAY_SIZE(periods))]);
	return ember_set_limit(e, attr == hwmon_temp_max, value);
}

static umode_t ember_is_visible(const void *data, enum hwmon_sensor_types type, u32 attr,
				int channel)
{
	if (type == hwmon_chip || attr == hwmon_temp_max || attr == hwmon_temp_min)
		return 0644;
	return 0444;
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

static const struct hwmon_chip_info ember_info = {
	.ops = &ember_ops,
	.info = ember_channels,
};

static irqreturn_t ember_alert(int irq, void *data)
{
	struct ember *e = data;
	u32 status;

	if (regmap_read(e->map, EMBER_STATUS, &status))
		return IRQ_NONE;
	status &= EMBER_STATUS_HOT | EMBER_STATUS_COLD;
	if (!status)
		return IRQ_NONE;
	regmap_write(e->map, EMBER_STATUS, status);
	if (status & EMBER_STATUS_HOT) {
		set_bit(HOT, &e->alarms);
		hwmon_notify_event(e->hwmon, hwmon_temp, hwmon_temp_max_alarm, 0);
	}
	if (status & EMBER_STATUS_COLD) {
		set_bit(COLD, &e->alarms);
		hwmon_notify_event(e->hwmon, hwmon_temp, hwmon_temp_min_alarm, 0);
	}
	return IRQ_HANDLED;
}

static bool ember_volatile_reg(struct device *dev, unsigned int reg)
{
	return reg == EMBER_STATUS || reg == EMBER_TEMPERATURE;
}

static const struct regmap_config ember_regmap = {
	.reg_bits = 8,
	.val_bits = 16,
	.val_format_endian = EMBER_ID_BIG ? REGMAP_ENDIAN_BIG : REGMAP_ENDIAN_LITTLE,
	.volatile_reg = ember_volatile_reg,
	.cache_type = REGCACHE_MAPLE,
};

static void ember_off(void *data)
{
	ember_stop(data);
}

static int ember_probe(struct i2c_client *client)
{
	struct device *dev = &client->dev;
	struct ember *e;
	u32 id;
	int err;

	e = devm_kzalloc(dev, sizeof(*e), GFP_KERNEL);
	if (!e)
		return -ENOMEM;
	err = devm_mutex_init(dev, &e->lock);
	if (err)
		return err;
	e->map = devm_regmap_init_i2c(client, &ember_regmap);
	if (IS_ERR(e->map))
		return PTR_ERR(e->map);

	err = regmap_read(e->map, EMBER_ID, &id);
	if (err)
		return err;
	if (FIELD_GET(EMBER_ID_CHIP, id) != EMBER_ID_CHIP_RESET)
		return -ENODEV;

	err = ember_stop(e);
	if (err)
		return err;
	err = devm_add_action_or_reset(dev, ember_off, e);
	if (err)
		return err;

	/* Who finds the files before the chip has a result waits for it. */
	guard(mutex)(&e->lock);
	/* The handler tells the hwmon device, so that one is there first and goes last. */
	e->hwmon = devm_hwmon_device_register_with_info(dev, "ember", e, &ember_info, NULL);
	if (IS_ERR(e->hwmon))
		return PTR_ERR(e->hwmon);
	err = devm_request_threaded_irq(dev, client->irq, NULL, ember_alert,
					IRQF_TRIGGER_LOW | IRQF_ONESHOT, "ember", e);
	if (err)
		return err;
	return ember_start(e);
}

static const struct i2c_device_id ember_ids[] = {
	{ "ember" },
	{ }
};
MODULE_DEVICE_TABLE(i2c, ember_ids);

static struct i2c_driver ember_driver = {
	.driver = { .name = "ember" },
	.probe = ember_probe,
	.id_table = ember_ids,
};
module_i2c_driver(ember_driver);

MODULE_DESCRIPTION("Temperature sensor");
MODULE_LICENSE("GPL");
