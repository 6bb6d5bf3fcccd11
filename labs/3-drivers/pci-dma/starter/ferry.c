// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver for the data mover. datasheet.md says what the chip is and does;
 * brief.md says what the driver has to be.
 */
#include <linux/module.h>
#include <linux/pci.h>

static int ferry_probe(struct pci_dev *pdev, const struct pci_device_id *ids)
{
	return -ENODEV;
}

static void ferry_remove(struct pci_dev *pdev)
{
}

static const struct pci_device_id ferry_ids[] = {
	/* The data sheet has the identifiers. */
	{ }
};
MODULE_DEVICE_TABLE(pci, ferry_ids);

static struct pci_driver ferry_driver = {
	.name = "ferry",
	.id_table = ferry_ids,
	.probe = ferry_probe,
	.remove = ferry_remove,
};
module_pci_driver(ferry_driver);

MODULE_DESCRIPTION("Data mover");
MODULE_LICENSE("GPL");
