// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver for the arithmetic unit. datasheet.md says what the chip is and
 * does; brief.md says what the driver has to be.
 */
#include <linux/module.h>
#include <linux/pci.h>

static int reckoner_probe(struct pci_dev *pdev, const struct pci_device_id *ids)
{
	return -ENODEV;
}

static void reckoner_remove(struct pci_dev *pdev)
{
}

static const struct pci_device_id reckoner_ids[] = {
	/* The data sheet has the identifiers. */
	{ }
};
MODULE_DEVICE_TABLE(pci, reckoner_ids);

static struct pci_driver reckoner_driver = {
	.name = "reckoner",
	.id_table = reckoner_ids,
	.probe = reckoner_probe,
	.remove = reckoner_remove,
};
module_pci_driver(reckoner_driver);

MODULE_DESCRIPTION("Arithmetic unit");
MODULE_LICENSE("GPL");
