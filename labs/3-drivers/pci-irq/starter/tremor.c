// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver for the recorder of ground motion. datasheet.md says what the chip
 * is and does; brief.md says what the driver has to be.
 */
#include <linux/module.h>
#include <linux/pci.h>

static ushort threshold = 40000;
module_param(threshold, ushort, 0444);
MODULE_PARM_DESC(threshold, "amplitude above which an event is a shock");

static int tremor_probe(struct pci_dev *pdev, const struct pci_device_id *ids)
{
	return -ENODEV;
}

static void tremor_remove(struct pci_dev *pdev)
{
}

static const struct pci_device_id tremor_ids[] = {
	/* The data sheet has the identifiers. */
	{ }
};
MODULE_DEVICE_TABLE(pci, tremor_ids);

static struct pci_driver tremor_driver = {
	.name = "tremor",
	.id_table = tremor_ids,
	.probe = tremor_probe,
	.remove = tremor_remove,
};
module_pci_driver(tremor_driver);

MODULE_DESCRIPTION("Recorder of ground motion");
MODULE_LICENSE("GPL");
