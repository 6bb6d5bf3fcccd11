// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver for the data mover.
 *
 * One write() at a time has the ring, under a mutex that it keeps until all of
 * its data is back or the engine is off, and its buffers are unmapped. Whoever
 * holds the mutex therefore knows that the chip holds no memory but the ring.
 *
 * Files may be open when the device goes. They keep the structure, which says
 * by `gone` that nothing else of the device is there any more.
 */
#include <linux/bitfield.h>
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/kref.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "chip.h"

#define DATA_MAX	16384
#define SLICE_MAX	ALIGN_DOWN(FERRY_LONGEST, FERRY_ALIGNMENT)
#define BOUNDARY	4096
#define RING_BYTES	(FERRY_ENTRIES * FERRY_DESCRIPTOR_SIZE)
/* The tick that is under way, and one until the message is there. */
#define TRANSFER_MAX	(usecs_to_jiffies(FERRY_TRANSFER_MAX_US) + 2)

struct ferry {
	struct kref users;
	struct pci_dev *pdev;
	void __iomem *registers;
	struct mutex lock;		/* the engine, and all below */
	struct wait_queue_head news;
	u8 *ring;
	dma_addr_t ring_at;
	unsigned int head, tail;	/* the oldest not back yet, the next free */
	bool halted;			/* set by the handler */
	bool gone;
	struct miscdevice misc;
};

struct session {
	struct ferry *ferry;
	struct mutex lock;		/* data and length */
	u8 *data;
	size_t length;
};

static void ferry_free(struct kref *users)
{
	kfree(container_of(users, struct ferry, users));
}

static void put32(struct ferry *f, unsigned int offset, bool big, u32 value)
{
	if (big)
		iowrite32be(value, f->registers + offset);
	else
		iowrite32(value, f->registers + offset);
}

static void put16(struct ferry *f, unsigned int offset, bool big, u16 value)
{
	if (big)
		iowrite16be(value, f->registers + offset);
	else
		iowrite16(value, f->registers + offset);
}

/* Words of a descriptor, in this chip's byte order. */
static u32 word(u32 value)
{
	if (FERRY_DESCRIPTOR_BIG)
		return (__force u32)cpu_to_be32(value);
	return (__force u32)cpu_to_le32(value);
}

static u32 *word_at(struct ferry *f, unsigned int index, unsigned int at)
{
	return (u32 *)(f->ring + index * FERRY_DESCRIPTOR_SIZE + at);
}

static void put_address(u32 *words, unsigned int at, dma_addr_t address)
{
	u32 *low = words + at / 4 + (FERRY_DESCRIPTOR_BIG ? 1 : 0);
	u32 *high = words + at / 4 + (FERRY_DESCRIPTOR_BIG ? 0 : 1);

	*low = word(lower_32_bits(address));
	*high = word(upper_32_bits(address));
}

static void start(struct ferry *f)
{
	memset(f->ring, 0, RING_BYTES);
	for (unsigned int i = 0; i < FERRY_ENTRIES; i++)
		*word_at(f, i, FERRY_DESCRIPTOR_OWNER_AT) =
			word(FIELD_PREP(FERRY_DESCRIPTOR_OWNER, FERRY_DESCRIPTOR_OWNER_SOFTWARE));
	f->head = 0;
	f->tail = 0;
	f->halted = false;
	put32(f, FERRY_RING, FERRY_RING_BIG, lower_32_bits(f->ring_at));
	put32(f, FERRY_SIGNALS, FERRY_SIGNALS_BIG, FERRY_SIGNALS_DONE | FERRY_SIGNALS_HALTED);
	put32(f, FERRY_CONTROL, FERRY_CONTROL_BIG, FERRY_CONTROL_ENABLE);
}

/* From here on the chip reaches no memory. */
static void stop(struct ferry *f)
{
	put32(f, FERRY_CONTROL, FERRY_CONTROL_BIG, 0);
}

static unsigned int after(unsigned int index)
{
	return (index + 1) % FERRY_ENTRIES;
}

static void hand_over(struct ferry *f, dma_addr_t source, dma_addr_t target, u32 length)
{
	u32 words[FERRY_DESCRIPTOR_SIZE / 4] = { };

	put_address(words, FERRY_DESCRIPTOR_SOURCE_AT, source);
	put_address(words, FERRY_DESCRIPTOR_TARGET_AT, target);
	words[FERRY_DESCRIPTOR_LENGTH_AT / 4] |=
		word(FIELD_PREP(FERRY_DESCRIPTOR_LENGTH, length));
	words[FERRY_DESCRIPTOR_OPERATION_AT / 4] |=
		word(FIELD_PREP(FERRY_DESCRIPTOR_OPERATION, FERRY_DESCRIPTOR_OPERATION_MIRROR));
	words[FERRY_DESCRIPTOR_SIGNAL_AT / 4] |=
		word(FIELD_PREP(FERRY_DESCRIPTOR_SIGNAL, 1));
	words[FERRY_DESCRIPTOR_OWNER_AT / 4] |=
		word(FIELD_PREP(FERRY_DESCRIPTOR_OWNER, FERRY_DESCRIPTOR_OWNER_CHIP));
	for (unsigned int at = 0; at < FERRY_DESCRIPTOR_SIZE; at += 4)
		if (at != FERRY_DESCRIPTOR_OWNER_AT)
			*word_at(f, f->tail, at) = words[at / 4];
	dma_wmb(); /* the owner after all else */
	WRITE_ONCE(*word_at(f, f->tail, FERRY_DESCRIPTOR_OWNER_AT),
		   words[FERRY_DESCRIPTOR_OWNER_AT / 4]);
	f->tail = after(f->tail);
}

static bool handed_back(struct ferry *f)
{
	u32 value = READ_ONCE(*word_at(f, f->head, FERRY_DESCRIPTOR_OWNER_AT));

	return FIELD_GET(FERRY_DESCRIPTOR_OWNER, word(value)) == FERRY_DESCRIPTOR_OWNER_SOFTWARE;
}

/* How much of what is left one descriptor can carry. */
static u32 slice(dma_addr_t source, dma_addr_t target, u32 left)
{
	u32 most = min(left, SLICE_MAX);

	if (FERRY_HAS_CROSSING) {
		most = min(most, (u32)(BOUNDARY - source % BOUNDARY));
		most = min(most, (u32)(BOUNDARY - target % BOUNDARY));
	}
	return most;
}

/* When it returns the chip reaches neither source nor target any more. */
static int carry(struct ferry *f, dma_addr_t source, dma_addr_t target, size_t length)
{
	size_t given = 0;
	int err;

	while (given < length || f->head != f->tail) {
		bool news = false;

		while (given < length && after(f->tail) != f->head) {
			u32 most = slice(source + given, target + given, length - given);

			hand_over(f, source + given, target + given, most);
			given += most;
			news = true;
		}
		if (news)
			put16(f, FERRY_DOORBELL, FERRY_DOORBELL_BIG, f->tail);
		err = -ETIMEDOUT;
		if (!wait_event_timeout(f->news,
					handed_back(f) || READ_ONCE(f->halted) ||
					READ_ONCE(f->gone), TRANSFER_MAX))
			goto recover;
		err = -ENODEV;
		if (READ_ONCE(f->gone))
			goto recover;
		err = -EIO;
		if (!handed_back(f))
			goto recover;
		while (f->head != f->tail && handed_back(f))
			f->head = after(f->head);
	}
	return 0;

recover:
	stop(f);
	synchronize_irq(pci_irq_vector(f->pdev, 0));
	start(f);
	return err;
}

static int carry_mapped(struct ferry *f, void *source, void *target, size_t length)
{
	struct device *dev = &f->pdev->dev;
	dma_addr_t from, to;
	int err = -ENOMEM;

	from = dma_map_single(dev, source, length, DMA_TO_DEVICE);
	if (dma_mapping_error(dev, from))
		return err;
	to = dma_map_single(dev, target, length, DMA_FROM_DEVICE);
	if (dma_mapping_error(dev, to))
		goto unmap;
	err = carry(f, from, to, length);
	dma_unmap_single(dev, to, length, DMA_FROM_DEVICE);
unmap:
	dma_unmap_single(dev, from, length, DMA_TO_DEVICE);
	return err;
}

static irqreturn_t ferry_irq(int irq, void *data)
{
	struct ferry *f = data;
	void __iomem *at = f->registers + FERRY_EVENTS;
	u32 events = FERRY_EVENTS_BIG ? ioread32be(at) : ioread32(at);

	if (!events)
		return IRQ_NONE;
	put32(f, FERRY_EVENTS, FERRY_EVENTS_BIG, events);
	if (events & FERRY_EVENTS_HALTED)
		WRITE_ONCE(f->halted, true);
	wake_up(&f->news);
	return IRQ_HANDLED;
}

static int carry_for(struct session *session, void *source, size_t length)
{
	struct ferry *f = session->ferry;
	void *target __free(kfree) = kmalloc(length, GFP_KERNEL);
	int err;

	if (!target)
		return -ENOMEM;
	scoped_guard(mutex, &f->lock)
		err = f->gone ? -ENODEV : carry_mapped(f, source, target, length);
	if (err)
		return err;
	kfree(session->data);
	session->data = no_free_ptr(target);
	session->length = length;
	return 0;
}

static ssize_t ferry_write(struct file *file, const char __user *from, size_t count, loff_t *ppos)
{
	struct session *session = file->private_data;
	void *source;
	int err;

	if (count > DATA_MAX)
		return -EMSGSIZE;
	if (!count)
		return 0;
	source = memdup_user(from, count);
	if (IS_ERR(source))
		return PTR_ERR(source);
	guard(mutex)(&session->lock);
	err = carry_for(session, source, count);
	kfree(source);
	if (err)
		return err;
	*ppos = 0;
	return count;
}

static ssize_t ferry_read(struct file *file, char __user *to, size_t count, loff_t *ppos)
{
	struct session *session = file->private_data;

	guard(mutex)(&session->lock);
	return simple_read_from_buffer(to, count, ppos, session->data, session->length);
}

static int ferry_open(struct inode *inode, struct file *file)
{
	struct miscdevice *misc = file->private_data;
	struct session *session = kzalloc(sizeof(*session), GFP_KERNEL);

	if (!session)
		return -ENOMEM;
	session->ferry = container_of(misc, struct ferry, misc);
	kref_get(&session->ferry->users);
	mutex_init(&session->lock);
	file->private_data = session;
	return 0;
}

static int ferry_release(struct inode *inode, struct file *file)
{
	struct session *session = file->private_data;

	kref_put(&session->ferry->users, ferry_free);
	kfree(session->data);
	kfree(session);
	return 0;
}

static const struct file_operations ferry_fops = {
	.owner = THIS_MODULE,
	.open = ferry_open,
	.release = ferry_release,
	.read = ferry_read,
	.write = ferry_write,
	.llseek = noop_llseek,
};

static int ferry_start(struct ferry *f)
{
	struct pci_dev *pdev = f->pdev;
	int err;

	err = pci_enable_device(pdev);
	if (err)
		return err;
	err = pci_request_region(pdev, FERRY_BAR, KBUILD_MODNAME);
	if (err)
		goto disable;
	err = -ENOMEM;
	f->registers = pci_iomap(pdev, FERRY_BAR, 0);
	if (!f->registers)
		goto release;
	err = dma_set_mask(&pdev->dev, DMA_BIT_MASK(FERRY_DMA_BITS));
	if (err)
		goto unmap;
	err = dma_set_coherent_mask(&pdev->dev, DMA_BIT_MASK(FERRY_RING_BITS));
	if (err)
		goto unmap;
	err = -ENOMEM;
	f->ring = dma_alloc_coherent(&pdev->dev, RING_BYTES, &f->ring_at, GFP_KERNEL);
	if (!f->ring)
		goto unmap;
	err = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_MSI);
	if (err < 0)
		goto free;
	err = request_irq(pci_irq_vector(pdev, 0), ferry_irq, 0, KBUILD_MODNAME, f);
	if (err)
		goto vectors;
	pci_set_master(pdev);
	start(f);
	return 0;

vectors:
	pci_free_irq_vectors(pdev);
free:
	dma_free_coherent(&pdev->dev, RING_BYTES, f->ring, f->ring_at);
unmap:
	pci_iounmap(pdev, f->registers);
release:
	pci_release_region(pdev, FERRY_BAR);
disable:
	pci_disable_device(pdev);
	return err;
}

static void ferry_stop(struct ferry *f)
{
	struct pci_dev *pdev = f->pdev;

	stop(f);
	free_irq(pci_irq_vector(pdev, 0), f);
	pci_free_irq_vectors(pdev);
	dma_free_coherent(&pdev->dev, RING_BYTES, f->ring, f->ring_at);
	pci_iounmap(pdev, f->registers);
	pci_release_region(pdev, FERRY_BAR);
	pci_disable_device(pdev); /* and no longer a bus master */
}

static int ferry_probe(struct pci_dev *pdev, const struct pci_device_id *ids)
{
	struct ferry *f = kzalloc(sizeof(*f), GFP_KERNEL);
	int err;

	if (!f)
		return -ENOMEM;
	kref_init(&f->users);
	mutex_init(&f->lock);
	init_waitqueue_head(&f->news);
	f->pdev = pdev;
	f->misc.minor = MISC_DYNAMIC_MINOR;
	f->misc.name = "ferry";
	f->misc.fops = &ferry_fops;
	f->misc.parent = &pdev->dev;
	pci_set_drvdata(pdev, f);
	err = ferry_start(f);
	if (err)
		goto put;
	err = misc_register(&f->misc);
	if (err)
		goto stop;
	return 0;

stop:
	ferry_stop(f);
put:
	kref_put(&f->users, ferry_free);
	return err;
}

static void ferry_remove(struct pci_dev *pdev)
{
	struct ferry *f = pci_get_drvdata(pdev);

	misc_deregister(&f->misc);
	WRITE_ONCE(f->gone, true);
	wake_up(&f->news);
	/* Whoever has the ring unmaps its buffers before it gives the lock back. */
	scoped_guard(mutex, &f->lock)
		ferry_stop(f);
	kref_put(&f->users, ferry_free);
}

static const struct pci_device_id ferry_ids[] = {
	{ PCI_DEVICE(FERRY_VENDOR, FERRY_DEVICE) },
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
