// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver for the data mover.
 *
 * One buffer is mapped in both directions for as long as the driver has the
 * device, and the chip turns its bytes in place. It changes hands by the sync
 * calls. Descriptors are made in batches, and only the last of a batch signals;
 * a semaphore says whose turn it is, since the one who waits for it can be killed.
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
#include <linux/semaphore.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/unaligned.h>

#include "chip.h"

#define DATA_MAX	16384
#define BOUNDARY	4096
#define BATCH		(FERRY_ENTRIES - 1)
#define D(field)	FERRY_DESCRIPTOR_##field

struct ferry {
	struct kref users;
	struct pci_dev *pdev;
	void __iomem *registers;
	struct semaphore turn;		/* to use the engine, ring and buffer */
	struct completion over;
	u8 *ring;
	dma_addr_t ring_at;
	u8 *buffer;
	dma_addr_t buffer_at;
	unsigned int next;		/* descriptor */
	u32 events;			/* since the batch began */
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

static void put(struct ferry *f, unsigned int offset, bool big, u32 value)
{
	if (big)
		iowrite32be(value, f->registers + offset);
	else
		iowrite32(value, f->registers + offset);
}

static void ring_bell(struct ferry *f)
{
	if (FERRY_DOORBELL_BIG)
		iowrite16be(f->next, f->registers + FERRY_DOORBELL);
	else
		iowrite16(f->next, f->registers + FERRY_DOORBELL);
}

static u32 get_word(const u8 *from)
{
	return D(BIG) ? get_unaligned_be32(from) : get_unaligned_le32(from);
}

static void put_word(u8 *to, u32 value)
{
	if (D(BIG))
		put_unaligned_be32(value, to);
	else
		put_unaligned_le32(value, to);
}

static void put_address(u8 *to, u64 value)
{
	if (D(BIG))
		put_unaligned_be64(value, to);
	else
		put_unaligned_le64(value, to);
}

/* The words with the small fields may be one or several. */
static void put_field(u8 *descriptor, unsigned int at, u32 field)
{
	put_word(descriptor + at, get_word(descriptor + at) | field);
}

static void engine_on(struct ferry *f)
{
	memset(f->ring, 0, FERRY_ENTRIES * D(SIZE));
	for (u8 *at = f->ring; at < f->ring + FERRY_ENTRIES * D(SIZE); at += D(SIZE))
		put_field(at, D(OWNER_AT), FIELD_PREP(D(OWNER), D(OWNER_SOFTWARE)));
	f->next = 0;
	put(f, FERRY_RING, FERRY_RING_BIG, f->ring_at);
	put(f, FERRY_SIGNALS, FERRY_SIGNALS_BIG, FERRY_SIGNALS_DONE | FERRY_SIGNALS_HALTED);
	put(f, FERRY_CONTROL, FERRY_CONTROL_BIG, FERRY_CONTROL_ENABLE);
}

static void engine_off(struct ferry *f)
{
	put(f, FERRY_CONTROL, FERRY_CONTROL_BIG, 0);
	synchronize_irq(pci_irq_vector(f->pdev, 0));
}

static u32 slice(dma_addr_t at, size_t left)
{
	u32 most = min_t(size_t, left, ALIGN_DOWN(FERRY_LONGEST, FERRY_ALIGNMENT));

	return FERRY_HAS_CROSSING ? min_t(u32, most, BOUNDARY - at % BOUNDARY) : most;
}

static void describe(struct ferry *f, dma_addr_t at, u32 length, bool last)
{
	u8 *slot = f->ring + f->next * D(SIZE);
	u8 filled[D(SIZE)] = { };

	put_address(filled + D(SOURCE_AT), at);
	put_address(filled + D(TARGET_AT), at);
	put_field(filled, D(LENGTH_AT), FIELD_PREP(D(LENGTH), length));
	put_field(filled, D(OPERATION_AT), FIELD_PREP(D(OPERATION), D(OPERATION_MIRROR)));
	put_field(filled, D(SIGNAL_AT), FIELD_PREP(D(SIGNAL), last));
	put_field(filled, D(OWNER_AT), FIELD_PREP(D(OWNER), D(OWNER_SOFTWARE)));
	memcpy(slot, filled, sizeof(filled));
	dma_wmb(); /* the rest before the owner */
	put_word(slot + D(OWNER_AT), (get_word(slot + D(OWNER_AT)) & ~D(OWNER)) |
				     FIELD_PREP(D(OWNER), D(OWNER_CHIP)));
	f->next = (f->next + 1) % FERRY_ENTRIES;
}

static bool is_back(struct ferry *f, unsigned int index)
{
	u32 word = get_word(f->ring + index * D(SIZE) + D(OWNER_AT));

	return FIELD_GET(D(OWNER), word) == D(OWNER_SOFTWARE);
}

/* Waits for one descriptor after the other, though only the last one signals. */
static int await_batch(struct ferry *f, unsigned int first, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		unsigned long end = jiffies + usecs_to_jiffies(FERRY_TRANSFER_MAX_US) + 1;

		while (!is_back(f, (first + i) % FERRY_ENTRIES)) {
			if (READ_ONCE(f->gone))
				return -ENODEV;
			if (READ_ONCE(f->events) & FERRY_EVENTS_HALTED)
				return -EIO;
			if (time_after(jiffies, end))
				return -ETIMEDOUT;
			/* A look now and then: the ones before the last come back silently. */
			wait_for_completion_timeout(&f->over, usecs_to_jiffies(20000));
		}
	}
	dma_rmb();
	return 0;
}

static int turn_bytes(struct ferry *f, size_t length)
{
	size_t done = 0;
	int err = 0;

	dma_sync_single_for_device(&f->pdev->dev, f->buffer_at, length, DMA_BIDIRECTIONAL);
	while (done < length && !err) {
		unsigned int first = f->next, count = 0;

		reinit_completion(&f->over);
		WRITE_ONCE(f->events, 0);
		while (done < length && count < BATCH) {
			u32 part = slice(f->buffer_at + done, length - done);

			done += part;
			count++;
			describe(f, f->buffer_at + done - part, part,
				 done == length || count == BATCH);
		}
		ring_bell(f);
		err = await_batch(f, first, count);
	}
	if (err) {
		engine_off(f);
		engine_on(f);
	}
	dma_sync_single_for_cpu(&f->pdev->dev, f->buffer_at, length, DMA_BIDIRECTIONAL);
	return err;
}

static irqreturn_t ferry_irq(int irq, void *data)
{
	struct ferry *f = data;
	void __iomem *at = f->registers + FERRY_EVENTS;
	u32 events = FERRY_EVENTS_BIG ? ioread32be(at) : ioread32(at);

	if (!events)
		return IRQ_NONE;
	put(f, FERRY_EVENTS, FERRY_EVENTS_BIG, events);
	WRITE_ONCE(f->events, f->events | events);
	complete(&f->over);
	return IRQ_HANDLED;
}

static ssize_t ferry_write(struct file *file, const char __user *from, size_t count, loff_t *ppos)
{
	struct session *session = file->private_data;
	struct ferry *f = session->ferry;
	ssize_t ret;
	u8 *result;

	if (count > DATA_MAX)
		return -EMSGSIZE;
	if (!count)
		return 0;
	result = kvmalloc(count, GFP_KERNEL);
	if (!result)
		return -ENOMEM;
	ret = down_killable(&f->turn);
	if (ret)
		goto free;
	ret = -ENODEV;
	if (f->gone)
		goto up;
	ret = -EFAULT;
	if (copy_from_user(f->buffer, from, count))
		goto up;
	ret = turn_bytes(f, count);
	if (!ret)
		memcpy(result, f->buffer, count);
up:
	up(&f->turn);
	if (!ret) {
		mutex_lock(&session->lock);
		swap(session->data, result);
		session->length = count;
		*ppos = 0;
		mutex_unlock(&session->lock);
		ret = count;
	}
free:
	kvfree(result);
	return ret;
}

static ssize_t ferry_read(struct file *file, char __user *to, size_t count, loff_t *ppos)
{
	struct session *session = file->private_data;

	guard(mutex)(&session->lock);
	return simple_read_from_buffer(to, count, ppos, session->data, session->length);
}

static int ferry_open(struct inode *inode, struct file *file)
{
	struct session *session = kzalloc(sizeof(*session), GFP_KERNEL);

	if (!session)
		return -ENOMEM;
	session->ferry = container_of(file->private_data, struct ferry, misc);
	kref_get(&session->ferry->users);
	mutex_init(&session->lock);
	file->private_data = session;
	return 0;
}

static int ferry_release(struct inode *inode, struct file *file)
{
	struct session *session = file->private_data;

	kref_put(&session->ferry->users, ferry_free);
	kvfree(session->data);
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

/* What is managed goes away in the opposite order, after remove(). */
static void put_ferry(void *data)
{
	struct ferry *f = data;

	kref_put(&f->users, ferry_free);
}

static void unmap_buffer(void *data)
{
	struct ferry *f = data;

	dma_unmap_single(&f->pdev->dev, f->buffer_at, DATA_MAX, DMA_BIDIRECTIONAL);
}

static int ferry_prepare(struct ferry *f)
{
	struct device *dev = &f->pdev->dev;
	int err;

	err = pcim_enable_device(f->pdev);
	if (err)
		return err;
	err = pcim_iomap_regions(f->pdev, BIT(FERRY_BAR), KBUILD_MODNAME);
	if (err)
		return err;
	f->registers = pcim_iomap_table(f->pdev)[FERRY_BAR];
	err = dma_set_mask(dev, DMA_BIT_MASK(FERRY_DMA_BITS));
	if (err)
		return err;
	err = dma_set_coherent_mask(dev, DMA_BIT_MASK(FERRY_RING_BITS));
	if (err)
		return err;
	f->ring = dmam_alloc_coherent(dev, FERRY_ENTRIES * D(SIZE), &f->ring_at, GFP_KERNEL);
	f->buffer = (u8 *)devm_get_free_pages(dev, GFP_KERNEL | __GFP_ZERO, get_order(DATA_MAX));
	if (!f->ring || !f->buffer)
		return -ENOMEM;
	f->buffer_at = dma_map_single(dev, f->buffer, DATA_MAX, DMA_BIDIRECTIONAL);
	if (dma_mapping_error(dev, f->buffer_at))
		return -ENOMEM;
	err = devm_add_action_or_reset(dev, unmap_buffer, f);
	if (err)
		return err;
	dma_sync_single_for_cpu(dev, f->buffer_at, DATA_MAX, DMA_BIDIRECTIONAL);
	pci_set_master(f->pdev);
	err = pci_alloc_irq_vectors(f->pdev, 1, 1, PCI_IRQ_MSI);
	if (err < 0)
		return err;
	return devm_request_irq(dev, pci_irq_vector(f->pdev, 0), ferry_irq, 0, KBUILD_MODNAME, f);
}

static int ferry_probe(struct pci_dev *pdev, const struct pci_device_id *ids)
{
	struct ferry *f = kzalloc(sizeof(*f), GFP_KERNEL);
	int err;

	if (!f)
		return -ENOMEM;
	kref_init(&f->users);
	sema_init(&f->turn, 1);
	init_completion(&f->over);
	f->pdev = pdev;
	f->misc = (struct miscdevice) {
		.minor = MISC_DYNAMIC_MINOR,
		.name = "ferry",
		.fops = &ferry_fops,
		.parent = &pdev->dev,
	};
	pci_set_drvdata(pdev, f);
	err = devm_add_action_or_reset(&pdev->dev, put_ferry, f);
	if (err)
		return err;
	err = ferry_prepare(f);
	if (err)
		return err;
	engine_on(f);
	err = misc_register(&f->misc);
	if (err)
		engine_off(f);
	return err;
}

static void ferry_remove(struct pci_dev *pdev)
{
	struct ferry *f = pci_get_drvdata(pdev);

	misc_deregister(&f->misc);
	WRITE_ONCE(f->gone, true);
	complete(&f->over);
	down(&f->turn);
	engine_off(f);
	up(&f->turn);
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
