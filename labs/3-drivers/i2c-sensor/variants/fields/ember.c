// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hwmon driver for the temperature sensor, with fields of a regmap.
 *
 * Nobody waits who need not: switching the chip on returns at once, and a work
 * that runs when the longest conversion is over does what the errata ask for
 * and lets alerts through. Who wants a result before that waits for the work.
 */
#include <linux/bitops.h>
#include <linux/hwmon.h>
#include <linux/i2c.h>
#include <linux/interrupt.h>
#include <linux/jiffies.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/regmap.h>
#include <linux/spinlock.h>
#include <linux/util_macros.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "chip.h"

#define SETTLE	(usecs_to_jiffies(EMBER_CONVERSION_MAX_US) + 1)

enum field { CHIP, MODE, PERIOD, ALERT, VALUE, HIGH, LOW, FIELDS };

#define FIELD(reg, mask) REG_FIELD(reg, __builtin_ctz(mask), 31 - __builtin_clz(mask))

static const struct reg_field fields[FIELDS] = {
	[CHIP] = FIELD(EMBER_ID, EMBER_ID_CHIP),
	[MODE] = FIELD(EMBER_CONFIG, EMBER_CONFIG_MODE),
	[PERIOD] = FIELD(EMBER_CONFIG, EMBER_CONFIG_PERIOD),
	[ALERT] = FIELD(EMBER_CONFIG, EMBER_CONFIG_ALERT),
	[VALUE] = FIELD(EMBER_TEMPERATURE, EMBER_TEMPERATURE_VALUE),
	[HIGH] = FIELD(EMBER_HIGH, EMBER_HIGH_VALUE),
	[LOW] = FIELD(EMBER_LOW, EMBER_LOW_VALUE),
};

enum start { OFF, STARTING, RUNNING };

struct ember {
	struct regmap *map;
	struct regmap_field *field[FIELDS];
	struct device *hwmon;
	struct mutex lock;	/* start, and the chip's mode */
	enum start start;
	int failed;		/* what the settling ended in */
	wait_queue_head_t settled;
	struct delayed_work settle;
	spinlock_t alarms_lock;	/* what follows */
	u32 alarms;		/* bits of STATUS */
};

static const int periods[] = { EMBER_QUICK, EMBER_NORMAL, EMBER_SLOW, EMBER_RARE };
static const unsigned int codes[] = {
	EMBER_CONFIG_PERIOD_QUICK, EMBER_CONFIG_PERIOD_NORMAL,
	EMBER_CONFIG_PERIOD_SLOW, EMBER_CONFIG_PERIOD_RARE,
};

static int ember_off(struct ember *e)
{
	int err;

	e->start = OFF;
	err = regmap_field_write(e->field[ALERT], 0);
	return err ?: regmap_field_write(e->field[MODE], EMBER_CONFIG_MODE_OFF);
}

static int ember_on(struct ember *e)
{
	int err = regmap_field_write(e->field[MODE], EMBER_CONFIG_MODE_CONTINUOUS);

	if (err)
		return err;
	e->start = STARTING;
	mod_delayed_work(system_wq, &e->settle, SETTLE);
	return 0;
}

static void ember_settle(struct work_struct *work)
{
	struct ember *e = container_of(work, struct ember, settle.work);
	u32 status;
	int err;

	guard(mutex)(&e->lock);
	if (e->start != STARTING)
		return;
	err = regmap_read(e->map, EMBER_STATUS, &status);
	if (!err && !(status & EMBER_STATUS_READY))
		err = -EIO;
	if (!err && EMBER_HAS_FALSE_COLD)
		err = regmap_write(e->map, EMBER_STATUS, EMBER_STATUS_COLD);
	if (!err)
		err = regmap_field_write(e->field[ALERT], 1);
	e->failed = err;
	e->start = err ? OFF : RUNNING;
	wake_up_all(&e->settled);
}

static int ember_input(struct ember *e, long *value)
{
	unsigned int code;
	int err;

	for (;;) {
		if (wait_event_interruptible(e->settled, READ_ONCE(e->start) != STARTING))
			return -ERESTARTSYS;
		guard(mutex)(&e->lock);
		if (e->start == STARTING)
			continue;
		if (e->start == OFF)
			return e->failed ?: -EIO;
		err = regmap_field_read(e->field[VALUE], &code);
		if (err)
			return err;
		*value = (long)sign_extend32(code, 11) * EMBER_RESOLUTION;
		return 0;
	}
}

static int ember_read(struct device *dev, enum hwmon_sensor_types type, u32 attr, int channel,
		      long *value)
{
	struct ember *e = dev_get_drvdata(dev);
	unsigned int code;
	u32 bit;
	int err;

	if (type == hwmon_chip) {
		err = regmap_field_read(e->field[PERIOD], &code);
		if (err)
			return err;
		for (int i = 0; i < ARRAY_SIZE(codes); i++)
			if (codes[i] == code)
				*value = periods[i];
		return 0;
	}
	switch (attr) {
	case hwmon_temp_input:
		return ember_input(e, value);
	case hwmon_temp_max:
	case hwmon_temp_min:
		err = regmap_field_read(e->field[attr == hwmon_temp_max ? HIGH : LOW], &code);
		if (err)
			return err;
		*value = (long)sign_extend32(code, 8) * EMBER_STEP;
		return 0;
	default:
		bit = attr == hwmon_temp_max_alarm ? EMBER_STATUS_HOT : EMBER_STATUS_COLD;
		scoped_guard(spinlock, &e->alarms_lock) {
			*value = !!(e->alarms & bit);
			e->alarms &= ~bit;
		}
		return 0;
	}
}

static int ember_write(struct device *dev, enum hwmon_sensor_types type, u32 attr, int channel,
		       long value)
{
	struct ember *e = dev_get_drvdata(dev);
	int at, err;

	if (type == hwmon_temp) {
		value = clamp_t(long, value, -256 * EMBER_STEP, 255 * EMBER_STEP);
		value = DIV_ROUND_CLOSEST(value, EMBER_STEP);
		return regmap_field_write(e->field[attr == hwmon_temp_max ? HIGH : LOW],
					  value & 0x1ff);
	}
	at = find_closest(value, periods, ARRAY_SIZE(periods));
	guard(mutex)(&e->lock);
	err = ember_off(e);
	if (!err)
		err = regmap_field_write(e->field[PERIOD], codes[at]);
	if (!err)
		err = ember_on(e);
	e->failed = err;
	return err;
}

static umode_t ember_is_visible(const void *data, enum hwmon_sensor_types type, u32 attr,
				int channel)
{
	if (type == hwmon_chip)
		return 0644;
	return attr == hwmon_temp_max || attr == hwmon_temp_min ? 0644 : 0444;
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
	u32 status;

	if (regmap_read(e->map, EMBER_STATUS, &status))
		return IRQ_NONE;
	status &= EMBER_STATUS_HOT | EMBER_STATUS_COLD;
	if (!status || regmap_write(e->map, EMBER_STATUS, status))
		return IRQ_NONE;
	scoped_guard(spinlock, &e->alarms_lock)
		e->alarms |= status;
	if (status & EMBER_STATUS_HOT)
		hwmon_notify_event(e->hwmon, hwmon_temp, hwmon_temp_max_alarm, 0);
	if (status & EMBER_STATUS_COLD)
		hwmon_notify_event(e->hwmon, hwmon_temp, hwmon_temp_min_alarm, 0);
	return IRQ_HANDLED;
}

static void ember_end(void *data)
{
	struct ember *e = data;

	scoped_guard(mutex, &e->lock)
		ember_off(e);
	cancel_delayed_work_sync(&e->settle);
}

static const struct regmap_config ember_regmap = {
	.reg_bits = 8,
	.val_bits = 16,
	.val_format_endian = EMBER_ID_BIG ? REGMAP_ENDIAN_BIG : REGMAP_ENDIAN_LITTLE,
};

static int ember_probe(struct i2c_client *client)
{
	struct device *dev = &client->dev;
	struct ember *e;
	unsigned int id;
	int err;

	e = devm_kzalloc(dev, sizeof(*e), GFP_KERNEL);
	if (!e)
		return -ENOMEM;
	mutex_init(&e->lock);
	spin_lock_init(&e->alarms_lock);
	init_waitqueue_head(&e->settled);
	INIT_DELAYED_WORK(&e->settle, ember_settle);
	e->map = devm_regmap_init_i2c(client, &ember_regmap);
	if (IS_ERR(e->map))
		return PTR_ERR(e->map);
	err = devm_regmap_field_bulk_alloc(dev, e->map, e->field, fields, FIELDS);
	if (err)
		return err;
	err = regmap_field_read(e->field[CHIP], &id);
	if (err)
		return err;
	if (id != EMBER_ID_CHIP_RESET)
		return -ENODEV;

	err = devm_add_action_or_reset(dev, ember_end, e);
	if (err)
		return err;
	err = ember_off(e);
	if (err)
		return err;
	/* Alerts come only once the work has let them through, after all this. */
	e->hwmon = devm_hwmon_device_register_with_info(dev, "ember", e, &ember_info, NULL);
	if (IS_ERR(e->hwmon))
		return PTR_ERR(e->hwmon);
	err = devm_request_threaded_irq(dev, client->irq, NULL, ember_alert,
					IRQF_TRIGGER_LOW | IRQF_ONESHOT, NULL, e);
	if (err)
		return err;
	guard(mutex)(&e->lock);
	return ember_on(e);
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
