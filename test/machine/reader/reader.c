// SPDX-License-Identifier: GPL-2.0-only
/* Binds to a PCI device by its identifiers and reads the first register of BAR 0. */
#include <linux/io.h>
#include <linux/module.h>
#include <linux/pci.h>

static ushort vendor, device;
module_param(vendor, ushort, 0);
module_param(device, ushort, 0);

static uint value = 0xdeadbeef; /* until a device was read */
module_param(value, uint, 0444);

static struct pci_device_id reader_ids[2];

static int reader_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	void __iomem *registers;
	int err;

	err = pcim_enable_device(pdev);
	if (err)
		return err;
	registers = pcim_iomap(pdev, 0, 0);
	if (!registers)
		return -ENOMEM;
	value = ioread32(registers);
	return 0;
}

static struct pci_driver reader_driver = {
	.name = "reader",
	.id_table = reader_ids,
	.probe = reader_probe,
};

static int __init reader_init(void)
{
	reader_ids[0] = (struct pci_device_id){ PCI_DEVICE(vendor, device) };
	return pci_register_driver(&reader_driver);
}
module_init(reader_init);

static void __exit reader_exit(void)
{
	pci_unregister_driver(&reader_driver);
}
module_exit(reader_exit);

MODULE_DESCRIPTION("Reads a register");
MODULE_LICENSE("GPL");
