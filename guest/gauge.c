// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver of the chip in src/silicon/gauge.ts, for tests and for measuring:
 * register reads, doorbell with DMA both ways, and a message when it is done.
 */
#include <linux/completion.h>
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/pci.h>

#define GAUGE_ID	0x00
#define GAUGE_LOW	0x04
#define GAUGE_HIGH	0x08
#define GAUGE_LENGTH	0x0c
#define GAUGE_START	0x10
#define GAUGE_STATUS	0x14
#define   GAUGE_DONE	BIT(0)

static uint id, sum, reads, turns, bytes = 64;
module_param(id, uint, 0444);	/* what the chip reads as */
module_param(sum, uint, 0444);	/* what it made of the bytes */
module_param(reads, uint, 0);	/* how often its identification is read */
module_param(turns, uint, 0);	/* how often it adds up bytes */
module_param(bytes, uint, 0);

static DECLARE_COMPLETION(done);

static irqreturn_t gauge_irq(int irq, void *registers)
{
	iowrite32(GAUGE_DONE, registers + GAUGE_STATUS);
	complete(&done);
	return IRQ_HANDLED;
}

static int gauge_add(struct pci_dev *pdev, void __iomem *registers)
{
	dma_addr_t address;
	u8 *buffer = dmam_alloc_coherent(&pdev->dev, bytes + sizeof(__le32), &address, GFP_KERNEL);

	if (!buffer)
		return -ENOMEM;
	for (uint i = 0; i < bytes; i++)
		buffer[i] = i;
	iowrite32(lower_32_bits(address), registers + GAUGE_LOW);
	iowrite32(upper_32_bits(address), registers + GAUGE_HIGH);
	iowrite32(bytes, registers + GAUGE_LENGTH);
	for (uint turn = 0; turn < turns; turn++) {
		reinit_completion(&done);
		iowrite32(1, registers + GAUGE_START);
		if (!wait_for_completion_timeout(&done, HZ))
			return -ETIMEDOUT;
	}
	sum = le32_to_cpup((__le32 *)(buffer + bytes));
	return 0;
}

static int gauge_probe(struct pci_dev *pdev, const struct pci_device_id *ids)
{
	void __iomem *registers;
	int err;

	err = pcim_enable_device(pdev);
	if (err)
		return err;
	registers = pcim_iomap(pdev, 0, 0);
	if (!registers)
		return -ENOMEM;
	err = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(40));
	if (err)
		return err;
	pci_set_master(pdev);
	err = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_MSI);
	if (err < 0)
		return err;
	err = devm_request_irq(&pdev->dev, pci_irq_vector(pdev, 0), gauge_irq, 0, "gauge", registers);
	if (err)
		return err;
	id = ioread32(registers + GAUGE_ID);
	for (uint i = 0; i < reads; i++)
		id = ioread32(registers + GAUGE_ID);
	return turns ? gauge_add(pdev, registers) : 0;
}

static const struct pci_device_id gauge_ids[] = {
	{ PCI_DEVICE(0x1de5, 0x9a09) },
	{ }
};
MODULE_DEVICE_TABLE(pci, gauge_ids);

static struct pci_driver gauge_driver = {
	.name = "gauge",
	.id_table = gauge_ids,
	.probe = gauge_probe,
};
module_pci_driver(gauge_driver);

MODULE_DESCRIPTION("Measures a modelled chip");
MODULE_LICENSE("GPL");
