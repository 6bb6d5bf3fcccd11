// SPDX-License-Identifier: GPL-2.0-only
/* Talks to a chip on the carrier's I2C bus by SMBus calls, regmap and its interrupt. */
#include <linux/completion.h>
#include <linux/i2c.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/regmap.h>

static uint id, limit, config, alerts;
module_param(id, uint, 0444);
module_param(limit, uint, 0444);
module_param(config, uint, 0444);
module_param(alerts, uint, 0444);

static DECLARE_COMPLETION(done);

static irqreturn_t peer_alert(int irq, void *client)
{
	if (!(i2c_smbus_read_byte_data(client, 3) & 1))
		return IRQ_NONE;
	i2c_smbus_write_byte_data(client, 3, 1);
	alerts++;
	complete(&done);
	return IRQ_HANDLED;
}

static const struct regmap_config bytes = { .reg_bits = 8, .val_bits = 8 };

static int peer_probe(struct i2c_client *client)
{
	struct regmap *map = devm_regmap_init_i2c(client, &bytes);
	int err;

	if (IS_ERR(map))
		return PTR_ERR(map);
	id = i2c_smbus_read_word_swapped(client, 0);
	i2c_smbus_write_word_swapped(client, 1, 0x1234);
	limit = i2c_smbus_read_word_swapped(client, 1);
	err = devm_request_threaded_irq(&client->dev, client->irq, NULL, peer_alert,
					IRQF_TRIGGER_LOW | IRQF_ONESHOT, "peer", client);
	if (err)
		return err;
	for (int i = 0; i < 3; i++) {
		reinit_completion(&done);
		err = regmap_write(map, 2, 0x5a);
		if (err)
			return err;
		if (!wait_for_completion_timeout(&done, HZ))
			return -ETIMEDOUT;
	}
	return regmap_read(map, 2, &config);
}

static const struct i2c_device_id peer_ids[] = { { "peer" }, { } };
MODULE_DEVICE_TABLE(i2c, peer_ids);

static struct i2c_driver peer_driver = {
	.driver = { .name = "peer" },
	.probe = peer_probe,
	.id_table = peer_ids,
};
module_i2c_driver(peer_driver);

MODULE_DESCRIPTION("Peer of a chip on I2C");
MODULE_LICENSE("GPL");
