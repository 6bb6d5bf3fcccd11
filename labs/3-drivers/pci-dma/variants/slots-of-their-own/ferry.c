// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver for the data mover.
 *
 * Each descriptor has a buffer of its own in coherent memory, beside the ring,
 * and is filled in but for length and owner once and for all. Programs share
 * the ring slice by slice: whoever finds a free slot takes it, and the threaded
 * half of the interrupt copies what came back to whom it belongs.
 *
 * A delayed work watches the oldest slot, and fails all when it does not move.
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
#include <linux/workqueue.h>

#include "chip.h"

#define DATA_MAX	16384
/* A buffer neither crosses a boundary nor lacks alignment. */
#define SLOT_BYTES	2048
#define D(field)	FERRY_DESCRIPTOR_##field
#define TRANSFER_MAX	(usecs_to_jiffies(FERRY_TRANSFER_MAX_US) + 2)

static_assert(FERRY_LONGEST <= SLOT_BYTES);

/* What one write() wants. Its fields are under the lock of the device. */
struct job {
	u8 *data;
	unsigned int pending;
	int err;
};

struct shared {
	u32 ring[FERRY_ENTRIES][D(SIZE) / 4];
	u8 buffers[FERRY_ENTRIES][SLOT_BYTES] __aligned(4096);
};

struct ferry {
	struct kref users;
	struct pci_dev *pdev;
	void __iomem *registers;
	struct mutex lock;		/* all below */
	wait_queue_head_t news;
	struct shared *shared;
	dma_addr_t shared_at;
	struct {
		struct job *job;
		size_t offset;
		u32 length;
	} slots[FERRY_ENTRIES];
	unsigned int head, tail;
	bool gone;
	struct delayed_work watch;
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

/* To or from the chip's byte order. */
static u32 swapped(u32 value)
{
	if (D(BIG))
		return (__force u32)cpu_to_be32(value);
	return (__force u32)cpu_to_le32(value);
}

static void put_address(u32 *pair, dma_addr_t address)
{
	pair[D(BIG) ? 1 : 0] = swapped(lower_32_bits(address));
	pair[D(BIG) ? 0 : 1] = swapped(upper_32_bits(address));
}

static void engine_on(struct ferry *f)
{
	memset(f->shared->ring, 0, sizeof(f->shared->ring));
	for (unsigned int i = 0; i < FERRY_ENTRIES; i++) {
		dma_addr_t at = f->shared_at + offsetof(struct shared, buffers[i]);
		u32 *slot = f->shared->ring[i];

		put_address(slot + D(SOURCE_AT) / 4, at);
		put_address(slot + D(TARGET_AT) / 4, at);
		slot[D(OWNER_AT) / 4] |=
			swapped(FIELD_PREP(D(OWNER), D(OWNER_SOFTWARE)));
		slot[D(SIGNAL_AT) / 4] |= swapped(FIELD_PREP(D(SIGNAL), 1));
		slot[D(OPERATION_AT) / 4] |=
			swapped(FIELD_PREP(D(OPERATION), D(OPERATION_MIRROR)));
	}
	f->head = 0;
	f->tail = 0;
	put(f, FERRY_RING, FERRY_RING_BIG, f->shared_at);
	put(f, FERRY_SIGNALS, FERRY_SIGNALS_BIG, FERRY_SIGNALS_DONE | FERRY_SIGNALS_HALTED);
	put(f, FERRY_CONTROL, FERRY_CONTROL_BIG, FERRY_CONTROL_ENABLE);
}

static void engine_off(struct ferry *f)
{
	put(f, FERRY_CONTROL, FERRY_CONTROL_BIG, 0);
}

static unsigned int after(unsigned int index)
{
	return index + 1 == FERRY_ENTRIES ? 0 : index + 1;
}

static bool has_room(struct ferry *f)
{
	return after(READ_ONCE(f->tail)) != READ_ONCE(f->head);
}

static void set_field(u32 *word, u32 mask, u32 field)
{
	WRITE_ONCE(*word, swapped((swapped(*word) & ~mask) | field));
}

/* Puts as much of a job as there is room for into the ring. */
static size_t submit(struct ferry *f, struct job *job, size_t given, size_t length)
{
	size_t before = given;

	while (given < length && has_room(f)) {
		u32 part = min_t(size_t, length - given, FERRY_LONGEST);
		u32 *slot = f->shared->ring[f->tail];

		memcpy(f->shared->buffers[f->tail], job->data + given, part);
		f->slots[f->tail].job = job;
		f->slots[f->tail].offset = given;
		f->slots[f->tail].length = part;
		set_field(slot + D(LENGTH_AT) / 4, D(LENGTH),
			  FIELD_PREP(D(LENGTH), part));
		dma_wmb(); /* data and length before the owner */
		set_field(slot + D(OWNER_AT) / 4, D(OWNER),
			  FIELD_PREP(D(OWNER), D(OWNER_CHIP)));
		if (f->head == f->tail)
			mod_delayed_work(system_wq, &f->watch, TRANSFER_MAX);
		f->tail = after(f->tail);
		job->pending++;
		given += part;
	}
	if (given == before)
		return 0;
	if (FERRY_DOORBELL_BIG)
		iowrite16be(f->tail, f->registers + FERRY_DOORBELL);
	else
		iowrite16(f->tail, f->registers + FERRY_DOORBELL);
	return given - before;
}

/* Gives back what has come back; says whether anything has. */
static bool reap(struct ferry *f)
{
	unsigned int before = f->head;

	while (f->head != f->tail) {
		u32 word = READ_ONCE(f->shared->ring[f->head][D(OWNER_AT) / 4]);
		struct job *job = f->slots[f->head].job;

		if (FIELD_GET(D(OWNER), swapped(word)) != D(OWNER_SOFTWARE))
			break;
		dma_rmb();
		memcpy(job->data + f->slots[f->head].offset, f->shared->buffers[f->head],
		       f->slots[f->head].length);
		job->pending--;
		f->head = after(f->head);
	}
	if (f->head == before)
		return false;
	if (f->head == f->tail)
		cancel_delayed_work(&f->watch);
	else
		mod_delayed_work(system_wq, &f->watch, TRANSFER_MAX);
	wake_up_all(&f->news);
	return true;
}

/* The engine is off: nobody gets anything any more of what is in the ring. */
static void fail_all(struct ferry *f, int err)
{
	for (; f->head != f->tail; f->head = after(f->head)) {
		f->slots[f->head].job->err = err;
		f->slots[f->head].job->pending--;
	}
	cancel_delayed_work(&f->watch);
	wake_up_all(&f->news);
}

static void ferry_watch(struct work_struct *work)
{
	struct ferry *f = container_of(to_delayed_work(work), struct ferry, watch);

	guard(mutex)(&f->lock);
	/* Somebody may have been quicker, and has set it anew or needs it no more. */
	if (f->gone || f->head == f->tail || delayed_work_pending(&f->watch) || reap(f))
		return;
	engine_off(f);
	fail_all(f, -ETIMEDOUT);
	engine_on(f);
}

static irqreturn_t ferry_irq_thread(int irq, void *data)
{
	struct ferry *f = data;
	void __iomem *at = f->registers + FERRY_EVENTS;
	u32 events;

	guard(mutex)(&f->lock);
	events = FERRY_EVENTS_BIG ? ioread32be(at) : ioread32(at);
	if (!events)
		return IRQ_NONE;
	put(f, FERRY_EVENTS, FERRY_EVENTS_BIG, events);
	reap(f);
	if (events & FERRY_EVENTS_HALTED) {
		engine_off(f);
		fail_all(f, -EIO);
		engine_on(f);
	}
	return IRQ_HANDLED;
}

static int carry(struct ferry *f, u8 *data, size_t length)
{
	struct job job = { .data = data };
	size_t given = 0;

	mutex_lock(&f->lock);
	for (;;) {
		if (!job.err && f->gone)
			job.err = -ENODEV;
		if (!job.err)
			given += submit(f, &job, given, length);
		/* The slots know the job, and it is on this stack. */
		if (!job.pending && (job.err || given == length))
			break;
		mutex_unlock(&f->lock);
		wait_event(f->news, READ_ONCE(f->gone) || READ_ONCE(job.err) ||
			   !READ_ONCE(job.pending) || (given < length && has_room(f)));
		mutex_lock(&f->lock);
	}
	mutex_unlock(&f->lock);
	return job.err;
}

static ssize_t ferry_write(struct file *file, const char __user *from, size_t count, loff_t *ppos)
{
	struct session *session = file->private_data;
	u8 *data;
	int err;

	if (count > DATA_MAX)
		return -EMSGSIZE;
	if (!count)
		return 0;
	data = vmemdup_user(from, count);
	if (IS_ERR(data))
		return PTR_ERR(data);
	guard(mutex)(&session->lock);
	err = carry(session->ferry, data, count);
	if (!err) {
		swap(session->data, data);
		session->length = count;
		*ppos = 0;
	}
	kvfree(data);
	return err ?: count;
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
	f->shared = dmam_alloc_coherent(dev, sizeof(*f->shared), &f->shared_at, GFP_KERNEL);
	if (!f->shared)
		return -ENOMEM;
	err = pci_alloc_irq_vectors(f->pdev, 1, 1, PCI_IRQ_MSI);
	if (err < 0)
		return err;
	return request_threaded_irq(pci_irq_vector(f->pdev, 0), NULL, ferry_irq_thread, IRQF_ONESHOT,
				    KBUILD_MODNAME, f);
}

/* After it nobody but open files knows the structure. */
static void ferry_quit(struct ferry *f)
{
	scoped_guard(mutex, &f->lock) {
		f->gone = true;
		engine_off(f);
		fail_all(f, -ENODEV);
	}
	wake_up_all(&f->news);
	free_irq(pci_irq_vector(f->pdev, 0), f);
	cancel_delayed_work_sync(&f->watch);
	kref_put(&f->users, ferry_free);
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
	INIT_DELAYED_WORK(&f->watch, ferry_watch);
	f->pdev = pdev;
	f->misc = (struct miscdevice) {
		.minor = MISC_DYNAMIC_MINOR,
		.name = "ferry",
		.fops = &ferry_fops,
		.parent = &pdev->dev,
	};
	pci_set_drvdata(pdev, f);
	err = ferry_prepare(f);
	if (err) {
		kref_put(&f->users, ferry_free);
		return err;
	}
	pci_set_master(pdev);
	engine_on(f);
	err = misc_register(&f->misc);
	if (err)
		ferry_quit(f);
	return err;
}

static void ferry_remove(struct pci_dev *pdev)
{
	struct ferry *f = pci_get_drvdata(pdev);

	misc_deregister(&f->misc);
	ferry_quit(f);
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
