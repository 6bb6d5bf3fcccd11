// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver for the almanac, which takes nothing on the chip's word.
 *
 * What the chip says is copied once, checked against what the driver knows by
 * itself, and used from the copy. What the driver knows: how the store is
 * divided (asked once, at probe), which slots have a request and for which
 * entry, and how long it waits for anything. A slot is cleared before each
 * request, so it holds what the chip wrote for this one, or zeroes.
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

#define HEADER_WORDS	(ALMANAC_HEADER_SIZE / sizeof(u32))
/* Messages in a row that told nothing, after which the chip is given up. */
#define STRAYS_MOST	100

struct slot {
	bool taken;		/* by an open file */
	bool asked;		/* has a request that is not over */
	struct completion told;
};

struct almanac {
	struct kref users;		/* the binding, and each open file */
	void __iomem *registers;
	u8 *store;
	dma_addr_t address;
	u32 slots, bytes;		/* as LIMITS said, once */
	struct rw_semaphore there;	/* for reading: registers and store stay */
	spinlock_t lock;		/* what follows */
	int failed;			/* why no request is taken, or 0 */
	unsigned int strays;
	struct slot slot[ALMANAC_SLOTS_MOST];
	struct miscdevice misc;
};

struct session {
	struct almanac *almanac;
	u32 slot;
	struct mutex lock;		/* text and length */
	u8 *text;
	size_t length;
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

static u8 *slot_of(struct almanac *a, u32 slot)
{
	return a->store + slot * a->bytes;
}

/* Ends all requests, and takes no more. */
static void fail(struct almanac *a, int err)
{
	lockdep_assert_held(&a->lock);
	a->failed = err;
	for (u32 i = 0; i < a->slots; i++) {
		if (a->slot[i].asked) {
			a->slot[i].asked = false;
			complete(&a->slot[i].told);
		}
	}
}

static irqreturn_t almanac_message(int irq, void *context)
{
	struct almanac *a = context;
	bool told = false;

	guard(spinlock)(&a->lock);
	put16(a, ALMANAC_CAUSE, ALMANAC_CAUSE_READY);
	/* No more than this can be finished at a time, whatever the list says. */
	for (u32 i = 0; i < a->slots; i++) {
		u32 done = get32(a, ALMANAC_DONE);
		u32 slot = FIELD_GET(ALMANAC_DONE_SLOT, done);

		if (!(done & ALMANAC_DONE_VALID))
			break;
		if (slot >= a->slots || !a->slot[slot].asked)
			continue;
		a->slot[slot].asked = false;
		complete(&a->slot[slot].told);
		told = true;
	}
	if (told) {
		a->strays = 0;
	} else if (++a->strays == STRAYS_MOST) {
		/* MESSAGES would be a request to the chip; this is not. */
		disable_irq_nosync(irq);
		fail(a, -EIO);
	}
	return IRQ_HANDLED;
}

static u32 word(const u32 *header, unsigned int at)
{
	u32 raw = header[at / sizeof(u32)];

	return ALMANAC_HEADER_BIG ? be32_to_cpu((__force __be32)raw) :
				    le32_to_cpu((__force __le32)raw);
}

/* Takes the answer out of a finished slot. The chip can still write to it. */
static int take(struct session *session, u16 number)
{
	struct almanac *a = session->almanac;
	const u8 *slot = slot_of(a, session->slot);
	u32 header[HEADER_WORDS], length, offset;

	for (size_t i = 0; i < HEADER_WORDS; i++)
		header[i] = READ_ONCE(((const u32 *)slot)[i]);

	if (FIELD_GET(ALMANAC_HEADER_NUMBER, word(header, ALMANAC_HEADER_NUMBER_AT)) != number)
		return -EPROTO;
	switch (FIELD_GET(ALMANAC_HEADER_STATUS, word(header, ALMANAC_HEADER_STATUS_AT))) {
	case ALMANAC_HEADER_STATUS_GOOD:
		break;
	case ALMANAC_HEADER_STATUS_UNKNOWN:
		return -ENOENT;
	case ALMANAC_HEADER_STATUS_DAMAGED:
		return -EIO;
	default:
		return -EPROTO;
	}
	length = word(header, ALMANAC_HEADER_LENGTH_AT);
	offset = word(header, ALMANAC_HEADER_OFFSET_AT);
	if (offset < ALMANAC_HEADER_SIZE || offset >= a->bytes)
		return -EPROTO;
	if (length < 1 || length > a->bytes - offset)
		return -EPROTO;

	session->text = kmemdup(slot + offset, length, GFP_KERNEL);
	if (!session->text)
		return -ENOMEM;
	session->length = length;
	return 0;
}

static void forget(struct session *session)
{
	kfree(session->text);
	session->text = NULL;
	session->length = 0;
}

static int ask(struct session *session, u16 number)
{
	struct almanac *a = session->almanac;
	struct slot *slot = &a->slot[session->slot];

	guard(rwsem_read)(&a->there);
	scoped_guard(spinlock_irq, &a->lock) {
		if (a->failed)
			return a->failed;
		/* What earlier answers left in it is nobody's business. */
		memset(slot_of(a, session->slot), 0, a->bytes);
		reinit_completion(&slot->told);
		slot->asked = true;
		put32(a, ALMANAC_ASK, FIELD_PREP(ALMANAC_ASK_SLOT, session->slot) |
				      FIELD_PREP(ALMANAC_ASK_NUMBER, number));
	}
	wait_for_completion_timeout(&slot->told, usecs_to_jiffies(ALMANAC_ANSWER_MAX_US) + 1);
	scoped_guard(spinlock_irq, &a->lock) {
		if (a->failed)
			return a->failed;
		if (slot->asked) {
			slot->asked = false;
			put16(a, ALMANAC_CANCEL,
			      FIELD_PREP(ALMANAC_CANCEL_SLOT, session->slot));
			return -ETIMEDOUT;
		}
	}
	return take(session, number);
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
	forget(session);
	err = ask(session, number);
	if (err)
		return err;
	*ppos = 0;
	return count;
}

static ssize_t almanac_read(struct file *file, char __user *to, size_t count, loff_t *ppos)
{
	struct session *session = file->private_data;

	guard(mutex)(&session->lock);
	return simple_read_from_buffer(to, count, ppos, session->text, session->length);
}

static void almanac_free(struct kref *users)
{
	kfree(container_of(users, struct almanac, users));
}

static int take_slot(struct almanac *a, u32 *slot)
{
	guard(spinlock_irq)(&a->lock);
	for (*slot = 0; *slot < a->slots; ++*slot) {
		if (!a->slot[*slot].taken) {
			a->slot[*slot].taken = true;
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
	err = take_slot(a, &session->slot);
	if (err) {
		kfree(session);
		return err;
	}
	kref_get(&a->users);
	session->almanac = a;
	mutex_init(&session->lock);
	file->private_data = session;
	return 0;
}

static int almanac_release(struct inode *inode, struct file *file)
{
	struct session *session = file->private_data;
	struct almanac *a = session->almanac;

	scoped_guard(spinlock_irq, &a->lock)
		a->slot[session->slot].taken = false;
	kref_put(&a->users, almanac_free);
	kfree(session->text);
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

/* What sizes and loops depend on is asked once. */
static int size_up(struct almanac *a)
{
	u32 limits = get32(a, ALMANAC_LIMITS);

	a->slots = FIELD_GET(ALMANAC_LIMITS_SLOTS, limits);
	a->bytes = FIELD_GET(ALMANAC_LIMITS_BYTES, limits);
	if (a->slots < ALMANAC_SLOTS_LEAST || a->slots > ALMANAC_SLOTS_MOST)
		return -ENODEV;
	if (a->bytes < ALMANAC_BYTES_LEAST || a->bytes > ALMANAC_BYTES_MOST)
		return -ENODEV;
	return a->bytes % ALMANAC_BYTES_STEP ? -ENODEV : 0;
}

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
	for (size_t i = 0; i < ARRAY_SIZE(a->slot); i++)
		init_completion(&a->slot[i].told);
	a->registers = pcim_iomap_table(pdev)[ALMANAC_BAR];
	pci_set_drvdata(pdev, a);

	err = -ENODEV;
	if (FIELD_GET(ALMANAC_ID_CHIP, get32(a, ALMANAC_ID)) != ALMANAC_ID_CHIP_RESET)
		goto put;
	err = size_up(a);
	if (err)
		goto put;
	a->store = dma_alloc_coherent(&pdev->dev, a->slots * a->bytes, &a->address, GFP_KERNEL);
	err = -ENOMEM;
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
	dma_free_coherent(&pdev->dev, a->slots * a->bytes, a->store, a->address);
put:
	kref_put(&a->users, almanac_free);
	return err;
}

static void almanac_remove(struct pci_dev *pdev)
{
	struct almanac *a = pci_get_drvdata(pdev);

	misc_deregister(&a->misc);
	scoped_guard(spinlock_irq, &a->lock)
		fail(a, -ENODEV);
	/* Who came before that is out when this is taken; who comes later goes no further. */
	scoped_guard(rwsem_write, &a->there)
		stop(a);
	free_irq(pci_irq_vector(pdev, 0), a);
	pci_free_irq_vectors(pdev);
	pci_clear_master(pdev);
	dma_free_coherent(&pdev->dev, a->slots * a->bytes, a->store, a->address);
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
