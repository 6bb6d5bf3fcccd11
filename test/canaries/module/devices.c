// SPDX-License-Identifier: GPL-2.0-only
/* Mistakes of drivers: DMA, interrupts, devices without an end, pages given to user space. */
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/etherdevice.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irq_sim.h>
#include <linux/irqdesc.h>
#include <linux/irqdomain.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/netdevice.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include "canaries.h"

static struct platform_device *new_device(void)
{
	struct platform_device *pdev = platform_device_register_simple("canary", PLATFORM_DEVID_NONE, NULL, 0);

	dma_coerce_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(32));
	return pdev;
}

static void unmap_without_asking(void)
{
	struct platform_device *pdev = new_device();
	void *buffer = kmalloc(64, GFP_KERNEL);
	dma_addr_t at = dma_map_single(&pdev->dev, buffer, 64, DMA_TO_DEVICE); /* MAPPED dma-unchecked */

	dma_unmap_single(&pdev->dev, at, 64, DMA_TO_DEVICE); /* HERE dma-unchecked */
	platform_device_unregister(pdev);
	kfree(buffer);
}

static void unmap_another_size(void)
{
	struct platform_device *pdev = new_device();
	void *buffer = kmalloc(64, GFP_KERNEL);
	dma_addr_t at = dma_map_single(&pdev->dev, buffer, 64, DMA_TO_DEVICE); /* MAPPED dma-size */

	if (!dma_mapping_error(&pdev->dev, at))
		dma_unmap_single(&pdev->dev, at, 32, DMA_TO_DEVICE); /* HERE dma-size */
	platform_device_unregister(pdev);
	kfree(buffer);
}

static void unmap_what_was_not_mapped(void)
{
	struct platform_device *pdev = new_device();

	dma_unmap_single(&pdev->dev, 0x1000, 64, DMA_TO_DEVICE); /* HERE dma-not-mapped */
	platform_device_unregister(pdev);
}

static void map_vmalloc_memory(void)
{
	struct platform_device *pdev = new_device();
	void *buffer = vmalloc(64);

	dma_map_single(&pdev->dev, buffer, 64, DMA_TO_DEVICE); /* HERE dma-vmalloc */
	platform_device_unregister(pdev);
	vfree(buffer);
}

static void *mapped;

static int canary_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	dma_addr_t at;

	mapped = kmalloc(64, GFP_KERNEL);
	at = dma_map_single(&pdev->dev, mapped, 64, DMA_FROM_DEVICE); /* MAPPED dma-pending */
	return dma_mapping_error(&pdev->dev, at);
}

/* The kernel checks devices on PCI only; the disk controller of the machine has no other driver. */
static const struct pci_device_id canary_ids[] = {
	{ PCI_VDEVICE(INTEL, 0x2922) },
	{ }
};

static struct pci_driver canary_driver = {
	.name = "canary",
	.id_table = canary_ids,
	.probe = canary_probe,
};

static void let_go_while_mapped(void)
{
	if (pci_register_driver(&canary_driver))
		return;
	pci_unregister_driver(&canary_driver); /* HERE dma-pending */
	kfree(mapped);
}

static void register_without_a_release(void)
{
	static struct device device = { .init_name = "canary" };

	if (!device_register(&device))
		device_unregister(&device); /* HERE warn-no-release */
}

static void free_an_interrupt_of_nobody(void)
{
	free_irq(5, &mapped); /* HERE warn-free-irq */
}

#ifdef CONFIG_IRQ_SIM
static irqreturn_t not_mine(int irq, void *unused)
{ /* HERE irq-nobody-cared */
	return IRQ_NONE;
}

/* The kernel gives up on an interrupt at 100,000; starting close to that saves some seconds. */
static void claim_no_interrupt(void)
{
	struct irq_domain *domain = irq_domain_create_sim(NULL, 1);
	unsigned int irq = irq_create_mapping(domain, 0);
	struct irq_desc *desc = irq_data_to_desc(irq_get_irq_data(irq));
	int i;

	if (request_irq(irq, not_mine, 0, "canary", NULL))
		return;
	desc->irq_count = 99990;
	desc->irqs_unhandled = 99990;
	desc->last_unhandled = jiffies;
	for (i = 0; i < 20; i++)
		irq_set_irqchip_state(irq, IRQCHIP_STATE_PENDING, true);
	free_irq(irq, NULL);
	irq_dispose_mapping(irq);
	irq_domain_remove_sim(domain);
}

static irqreturn_t enable_interrupts(int irq, void *unused)
{ /* HERE irq-enabled */
	local_irq_enable(); /* HERE irq-enabled */
	return IRQ_HANDLED;
}

static void handle_with_interrupts_on(void)
{
	struct irq_domain *domain = irq_domain_create_sim(NULL, 1);
	unsigned int irq = irq_create_mapping(domain, 0);

	if (request_irq(irq, enable_interrupts, 0, "canary", NULL))
		return;
	irq_set_irqchip_state(irq, IRQCHIP_STATE_PENDING, true);
	free_irq(irq, NULL);
	irq_dispose_mapping(irq);
	irq_domain_remove_sim(domain);
}
#else
static void handle_with_interrupts_on(void)
{
}

static void claim_no_interrupt(void)
{
}
#endif

static const struct net_device_ops no_ops = { };

static void unregister_with_a_reference(void)
{
	struct net_device *dev = alloc_etherdev(0);

	dev->netdev_ops = &no_ops;
	strscpy(dev->name, "canary0");
	if (register_netdev(dev))
		return;
	dev_hold(dev);
	unregister_netdev(dev);
}

/* The mapping has pages without a struct page of the file, and does not say so. */
static int canary_mmap(struct file *file, struct vm_area_struct *vma)
{ /* HERE bad-page-map */
	int ret = remap_pfn_range(vma, vma->vm_start, 0xfed00, PAGE_SIZE, vma->vm_page_prot);

	vm_flags_clear(vma, VM_PFNMAP);
	return ret;
}

static const struct file_operations canary_fops = {
	.owner = THIS_MODULE,
	.mmap = canary_mmap,
};

static struct miscdevice canary_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "canary",
	.fops = &canary_fops,
};
static bool misc_registered;

static void offer_a_bad_mapping(void)
{
	misc_registered = !misc_register(&canary_misc);
}

void undo_devices(void)
{
	if (misc_registered)
		misc_deregister(&canary_misc);
}

const struct canary device_canaries[] = {
	{ "dma-unchecked", unmap_without_asking },
	{ "dma-size", unmap_another_size },
	{ "dma-not-mapped", unmap_what_was_not_mapped },
	{ "dma-vmalloc", map_vmalloc_memory },
	{ "dma-pending", let_go_while_mapped },
	{ "warn-no-release", register_without_a_release },
	{ "irq-nobody-cared", claim_no_interrupt },
	{ "irq-enabled", handle_with_interrupts_on },
	{ "warn-free-irq", free_an_interrupt_of_nobody },
	{ "teardown-netdev", unregister_with_a_reference },
	{ "bad-page-map", offer_a_bad_mapping },
	{ }
};
