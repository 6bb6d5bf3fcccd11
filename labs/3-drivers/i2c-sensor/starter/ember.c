// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver for the temperature sensor. datasheet.md says what the chip is and
 * does; brief.md says what the driver has to be.
 */
#include <linux/i2c.h>
#include <linux/module.h>

static int ember_probe(struct i2c_client *client)
{
	return -ENODEV;
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
