// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver for the almanac, as the maker of the card delivers it. chip.h has
 * the numbers of the data sheet.
 */
#include <linux/bitfield.h>
#include <linux/completion.h>
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/kref.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "chip.h"

struct session;

struct almanac {
	struct kref users;		/* the binding, and each open file */
	void __iomem *registers;
	u8 *store;
	dma_addr_t address;
	size_t size;
	u32 slots;
	struct rw_semaphore there;	/* for reading: registers and store stay */
	spinlock_t lock;		/* what follows */
	bool gone;
	struct session **files;		/* by slot: who has it open */
	struct miscdevice misc;
};

struct session {
	struct almanac *almanac;
	u32 slot;
	struct mutex lock;		/* one request at a time */
	bool answered;
	struct completion told;
};

static u32 get32(struct almanac *a, unsigned int offset)
{
	return ioread32(a->registers + offset);
}

static void put32(struct almanac *a, unsigned int offset, u32 value)
{
	iowrite32(value, a->registers + offset);
}

static void put16(struct almanac *a, unsigned int offset, u16 value)
{
	iowrite16(value, a->registers + offset);
}

static u32 slots_of(struct almanac *a)
{
	return FIELD_GET(ALMANAC_LIMITS_SLOTS, get32(a, ALMANAC_LIMITS));
}

static u32 bytes_of(struct almanac *a)
{
	return FIELD_GET(ALMANAC_LIMITS_BYTES, get32(a, ALMANAC_LIMITS));
}

static irqreturn_t almanac_message(int irq, void *context)
{
	struct almanac *a = context;
	u32 done;

	guard(spinlock)(&a->lock);
	put16(a, ALMANAC_CAUSE, ALMANAC_CAUSE_READY);
	for (done = get32(a, ALMANAC_DONE); done & ALMANAC_DONE_VALID; done = get32(a, ALMANAC_DONE))
		complete(&a->files[FIELD_GET(ALMANAC_DONE_SLOT, done)]->told);
	return IRQ_HANDLED;
}

/* A word of the header of an answer. */
static u32 word(const u8 *slot, unsigned int at)
{
	u32 raw = *(const u32 *)(slot + at);

	return ALMANAC_HEADER_BIG ? be32_to_cpu((__force __be32)raw) :
				    le32_to_cpu((__force __le32)raw);
}

static u8 *slot_of(struct session *session)
{
	struct almanac *a = session->almanac;

	return a->store + session->slot * bytes_of(a);
}

static int ask(struct session *session, u16 number)
{
	struct almanac *a = session->almanac;

	guard(rwsem_read)(&a->there);
	if (a->gone)
		return -ENODEV;
	put32(a, ALMANAC_ASK, FIELD_PREP(ALMANAC_ASK_SLOT, session->slot) |
			      FIELD_PREP(ALMANAC_ASK_NUMBER, number));
	wait_for_completion(&session->told);
	if (a->gone)
		return -ENODEV;
	switch (FIELD_GET(ALMANAC_HEADER_STATUS,
			  word(slot_of(session), ALMANAC_HEADER_STATUS_AT))) {
	case ALMANAC_HEADER_STATUS_UNKNOWN:
		return -ENOENT;
	case ALMANAC_HEADER_STATUS_DAMAGED:
		return -EIO;
	}
	session->answered = true;
	return 0;
}

static ssize_t almanac_write(struct file *file, const char __user *from, size_t count, loff_t *ppos)
{
	struct session *session = file->private_data;
	u16 number;
	int err;

	err = kstrtou16_from_user(from, count, 10, &number);
	if (err)
		return err == -ERANGE ? -EINVAL : err;
	guard(mutex)(&session->lock);
	session->answered = false;
	err = ask(session, number);
	if (err)
		return err;
	*ppos = 0;
	return count;
}

static ssize_t almanac_read(struct file *file, char __user *to, size_t count, loff_t *ppos)
{
	struct session *session = file->private_data;
	struct almanac *a = session->almanac;
	u8 *slot;

	guard(mutex)(&session->lock);
	guard(rwsem_read)(&a->there);
	if (a->gone)
		return -ENODEV;
	if (!session->answered)
		return 0;
	/* The text is in the store already: there is no need to copy it twice. */
	slot = slot_of(session);
	return simple_read_from_buffer(to, count, ppos,
				       slot + word(slot, ALMANAC_HEADER_OFFSET_AT),
				       word(slot, ALMANAC_HEADER_LENGTH_AT));
}

static void almanac_free(struct kref *users)
{
	struct almanac *a = container_of(users, struct almanac, users);

	kfree(a->files);
	kfree(a);
}

static int take_slot(struct almanac *a, struct session *session)
{
	u32 slots = slots_of(a);

	guard(spinlock_irq)(&a->lock);
	for (u32 slot = 0; slot < slots; slot++) {
		if (!a->files[slot]) {
			a->files[slot] = session;
			session->slot = slot;
			return 0;
		}
	}
	return -EBUSY;
}

static int almanac_open(struct inode *inode, struct file *file)
{
	/* Taking the device away waits until nobody is in here. */
	struct almanac *a = container_of(file->private_data, struct almanac, misc);
	struct session *session = kzalloc(sizeof(*session), GFP_KERNEL);
	int err;

	if (!session)
		return -ENOMEM;
	session->almanac = a;
	mutex_init(&session->lock);
	init_completion(&session->told);
	err = take_slot(a, session);
	if (err) {
		kfree(session);
		return err;
	}
	kref_get(&a->users);
	file->private_data = session;
	return 0;
}

static int almanac_release(struct inode *inode, struct file *file)
{
	struct session *session = file->private_data;
	struct almanac *a = session->almanac;

	scoped_guard(spinlock_irq, &a->lock)
		a->files[session->slot] = NULL;
	kref_put(&a->users, almanac_free);
	kfree(session);
	return 0;
}

static const struct file_operations almanac_fops = {
	.owner = THIS_MODULE,
	.open = almanac_open,
	.release = almanac_release,
	.read = almanac_read,
	.write = almanac_write,
	.llseek = noop_llseek,
};

static void start(struct almanac *a)
{
	put32(a, ALMANAC_STORE_LOW, lower_32_bits(a->address));
	put32(a, ALMANAC_STORE_HIGH, upper_32_bits(a->address));
	put32(a, ALMANAC_CONTROL, ALMANAC_CONTROL_ENABLE);
	put16(a, ALMANAC_MESSAGES, ALMANAC_MESSAGES_READY);
}

static void stop(struct almanac *a)
{
	put16(a, ALMANAC_MESSAGES, 0);
	put32(a, ALMANAC_CONTROL, 0);
	/* Both are out before anything is taken away. */
	get32(a, ALMANAC_CONTROL);
}

static int almanac_probe(struct pci_dev *pdev, const struct pci_device_id *ids)
{
	struct almanac *a;
	int err;

	err = pcim_enable_device(pdev);
	if (err)
		return err;
	err = pcim_iomap_regions(pdev, BIT(ALMANAC_BAR), KBUILD_MODNAME);
	if (err)
		return err;
	err = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(ALMANAC_DMA_BITS));
	if (err)
		return err;

	a = kzalloc(sizeof(*a), GFP_KERNEL);
	if (!a)
		return -ENOMEM;
	kref_init(&a->users);
	init_rwsem(&a->there);
	spin_lock_init(&a->lock);
	a->registers = pcim_iomap_table(pdev)[ALMANAC_BAR];
	pci_set_drvdata(pdev, a);

	err = -ENODEV;
	if (FIELD_GET(ALMANAC_ID_CHIP, get32(a, ALMANAC_ID)) != ALMANAC_ID_CHIP_RESET)
		goto put;
	err = -ENOMEM;
	a->slots = slots_of(a);
	a->files = kcalloc(a->slots, sizeof(*a->files), GFP_KERNEL);
	if (!a->files)
		goto put;
	a->size = a->slots * bytes_of(a);
	a->store = dma_alloc_coherent(&pdev->dev, a->size, &a->address, GFP_KERNEL);
	if (!a->store)
		goto put;
	pci_set_master(pdev);
	err = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_MSI);
	if (err < 0)
		goto free_store;
	err = request_irq(pci_irq_vector(pdev, 0), almanac_message, 0, KBUILD_MODNAME, a);
	if (err)
		goto free_vectors;
	start(a);
	a->misc = (struct miscdevice) {
		.minor = MISC_DYNAMIC_MINOR,
		.name = "almanac",
		.fops = &almanac_fops,
		.parent = &pdev->dev,
	};
	err = misc_register(&a->misc);
	if (!err)
		return 0;

	stop(a);
	free_irq(pci_irq_vector(pdev, 0), a);
free_vectors:
	pci_free_irq_vectors(pdev);
free_store:
	pci_clear_master(pdev);
	dma_free_coherent(&pdev->dev, a->size, a->store, a->address);
put:
	kref_put(&a->users, almanac_free);
	return err;
}

static void almanac_remove(struct pci_dev *pdev)
{
	struct almanac *a = pci_get_drvdata(pdev);

	misc_deregister(&a->misc);
	scoped_guard(spinlock_irq, &a->lock) {
		a->gone = true;
		for (u32 slot = 0; slot < a->slots; slot++) {
			if (a->files[slot])
				complete(&a->files[slot]->told);
		}
	}
	/* Who came before that is out when this is taken; who comes later goes no further. */
	scoped_guard(rwsem_write, &a->there)
		stop(a);
	free_irq(pci_irq_vector(pdev, 0), a);
	pci_free_irq_vectors(pdev);
	pci_clear_master(pdev);
	dma_free_coherent(&pdev->dev, a->size, a->store, a->address);
	kref_put(&a->users, almanac_free);
}

static const struct pci_device_id almanac_ids[] = {
	{ PCI_DEVICE(ALMANAC_VENDOR, ALMANAC_DEVICE) },
	{ }
};
MODULE_DEVICE_TABLE(pci, almanac_ids);

static struct pci_driver almanac_driver = {
	.name = "almanac",
	.id_table = almanac_ids,
	.probe = almanac_probe,
	.remove = almanac_remove,
};
module_pci_driver(almanac_driver);

MODULE_DESCRIPTION("Nautical almanac");
MODULE_LICENSE("GPL");
