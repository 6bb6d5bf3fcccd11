// SPDX-License-Identifier: GPL-2.0-only
/* Reads and writes registers of a chip on the carrier's SPI bus. */
#include <linux/module.h>
#include <linux/spi/spi.h>

static uint id, config;
module_param(id, uint, 0444);
module_param(config, uint, 0444);

static int peer_probe(struct spi_device *spi)
{
	u8 number = 0x80, write[] = { 0x02, 0xa5 }, value[2];
	int err = spi_write_then_read(spi, &number, 1, value, 2);

	if (err)
		return err;
	id = value[0] << 8 | value[1];
	err = spi_write(spi, write, sizeof(write));
	if (err)
		return err;
	number = 0x82;
	err = spi_write_then_read(spi, &number, 1, value, 1);
	config = value[0];
	return err;
}

static const struct spi_device_id peer_ids[] = { { "peer" }, { } };
MODULE_DEVICE_TABLE(spi, peer_ids);

static struct spi_driver peer_driver = {
	.driver = { .name = "peer" },
	.probe = peer_probe,
	.id_table = peer_ids,
};
module_spi_driver(peer_driver);

MODULE_DESCRIPTION("Peer of a chip on SPI");
MODULE_LICENSE("GPL");
