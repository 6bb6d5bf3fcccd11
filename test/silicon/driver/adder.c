// SPDX-License-Identifier: GPL-2.0-only
/* Has a device add up bytes in memory: doorbell, DMA both ways, and a message when it is done. */
#include <linux/completion.h>
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/pci.h>

#define ADDER_ID	0x00
#define ADDER_ADDRESS	0x04
#define ADDER_LENGTH	0x08 /* writing it begins; the sum goes behind the bytes */

#define BYTES		64
#define READS		1000

static uint id, sum, turns = 1;
static ulong read_ns;
module_param(id, uint, 0444);
module_param(sum, uint, 0444);
module_param(read_ns, ulong, 0444);
module_param(turns, uint, 0);

static DECLARE_COMPLETION(done);

static irqreturn_t adder_irq(int irq, void *data)
{
	complete(&done);
	return IRQ_HANDLED;
}

/*
 * Waits without sleeping: messages come from outside, and where an idle machine's
 * clock jumps to its next timer, a sleep would be over before they are there.
 */
static int wait_awake(void)
{
	u64 end = ktime_get_ns() + 4 * NSEC_PER_SEC;

	while (!try_wait_for_completion(&done)) {
		if (ktime_get_ns() > end)
			return -ETIMEDOUT;
		cpu_relax();
	}
	return 0;
}

static int adder_add(struct pci_dev *pdev, void __iomem *registers)
{
	dma_addr_t address;
	int err;
	u8 *bytes = dmam_alloc_coherent(&pdev->dev, BYTES + sizeof(__le32), &address, GFP_KERNEL);

	if (!bytes)
		return -ENOMEM;
	for (int i = 0; i < BYTES; i++)
		bytes[i] = i;
	iowrite32(address, registers + ADDER_ADDRESS);
	for (uint turn = 0; turn < turns; turn++) {
		reinit_completion(&done);
		iowrite32(BYTES, registers + ADDER_LENGTH);
		err = wait_awake();
		if (err)
			return err;
	}
	sum = le32_to_cpup((__le32 *)(bytes + BYTES));
	return 0;
}

static int adder_probe(struct pci_dev *pdev, const struct pci_device_id *ids)
{
	void __iomem *registers;
	u64 start;
	int err;

	err = pcim_enable_device(pdev);
	if (err)
		return err;
	registers = pcim_iomap(pdev, 0, 0);
	if (!registers)
		return -ENOMEM;
	err = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(32));
	if (err)
		return err;
	pci_set_master(pdev);
	err = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_MSI);
	if (err < 0)
		return err;
	err = devm_request_irq(&pdev->dev, pci_irq_vector(pdev, 0), adder_irq, 0, "adder", NULL);
	if (err)
		return err;
	start = ktime_get_ns();
	for (int i = 0; i < READS; i++)
		id = ioread32(registers + ADDER_ID);
	read_ns = div_u64(ktime_get_ns() - start, READS);
	return adder_add(pdev, registers);
}

static const struct pci_device_id adder_ids[] = {
	{ PCI_DEVICE(0x1de5, 0xadde) },
	{ }
};
MODULE_DEVICE_TABLE(pci, adder_ids);

static struct pci_driver adder_driver = {
	.name = "adder",
	.id_table = adder_ids,
	.probe = adder_probe,
};
module_pci_driver(adder_driver);

MODULE_DESCRIPTION("Adds up bytes");
MODULE_LICENSE("GPL");
