// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver for the almanac that takes nothing on the chip's word.
 *
 * The store is touched in one place, the thread of the interrupt: it copies
 * the whole of a finished slot into memory of the driver and clears the slot.
 * Everything else looks at that copy. Files never see store or registers when
 * the chip is gone; one mutex orders whoever uses the registers.
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
#include <linux/unaligned.h>
#include <linux/wait.h>

#include "chip.h"

/* Messages in a row that ended no request, after which the chip is given up. */
#define STRAYS_MOST	64

enum state { FREE, IDLE, ASKED, TOLD, DROPPED };

struct slot {
	enum state state;
	u8 copy[ALMANAC_BYTES_MOST];
};

struct almanac {
	struct kref users;
	struct mutex lock;		/* registers, and all of this */
	wait_queue_head_t waiters;
	void __iomem *registers;	/* NULL without a chip */
	u8 *store;
	dma_addr_t address;
	size_t size;
	int irq;
	u32 slots, bytes;
	int refusal;			/* of requests: 0, -EIO or -ENODEV */
	unsigned int strays;
	struct slot slot[ALMANAC_SLOTS_MOST];
	struct miscdevice misc;
};

struct session {
	struct almanac *almanac;
	struct slot *slot;
	struct mutex lock;		/* start and end, against others with this file */
	size_t start, end;		/* of the text in the copy */
};

static void almanac_release_memory(struct kref *users)
{
	struct almanac *a = container_of(users, struct almanac, users);

	mutex_destroy(&a->lock);
	kvfree(a);
}

/* Nothing is asked from here on; who waits is told why. */
static void refuse(struct almanac *a, int why)
{
	lockdep_assert_held(&a->lock);
	a->refusal = why;
	for (size_t i = 0; i < ARRAY_SIZE(a->slot); i++) {
		if (a->slot[i].state == ASKED)
			a->slot[i].state = DROPPED;
	}
	wake_up_all(&a->waiters);
}

static bool end_request(struct almanac *a, u32 number)
{
	u8 *place;

	if (number >= a->slots || a->slot[number].state != ASKED)
		return false;
	place = a->store + number * a->bytes;
	memcpy(a->slot[number].copy, place, a->bytes);
	memset(place, 0, a->bytes);
	a->slot[number].state = TOLD;
	return true;
}

static irqreturn_t almanac_thread(int irq, void *context)
{
	struct almanac *a = context;
	unsigned int ended = 0;

	guard(mutex)(&a->lock);
	if (!a->registers)
		return IRQ_HANDLED;
	iowrite16(ALMANAC_CAUSE_READY, a->registers + ALMANAC_CAUSE);
	for (unsigned int looks = 0; looks < 2 * ALMANAC_SLOTS_MOST; looks++) {
		u32 done = ioread32(a->registers + ALMANAC_DONE);

		if (!FIELD_GET(ALMANAC_DONE_VALID, done))
			break;
		ended += end_request(a, FIELD_GET(ALMANAC_DONE_SLOT, done));
	}
	if (ended) {
		a->strays = 0;
		wake_up_all(&a->waiters);
	} else if (++a->strays >= STRAYS_MOST && !a->refusal) {
		disable_irq_nosync(irq);
		refuse(a, -EIO);
	}
	return IRQ_HANDLED;
}

static u32 header_word(const u8 *copy, unsigned int at)
{
	return ALMANAC_HEADER_BIG ? get_unaligned_be32(copy + at) : get_unaligned_le32(copy + at);
}

/* The copy is the driver's own: it can be looked at as often as one likes. */
static int find_text(const u8 *copy, size_t bytes, u16 number, size_t *start, size_t *end)
{
	u32 status = FIELD_GET(ALMANAC_HEADER_STATUS, header_word(copy, ALMANAC_HEADER_STATUS_AT));
	u64 from = header_word(copy, ALMANAC_HEADER_OFFSET_AT);
	u64 to = from + header_word(copy, ALMANAC_HEADER_LENGTH_AT);

	if (FIELD_GET(ALMANAC_HEADER_NUMBER, header_word(copy, ALMANAC_HEADER_NUMBER_AT)) != number)
		return -EPROTO;
	if (status == ALMANAC_HEADER_STATUS_UNKNOWN)
		return -ENOENT;
	if (status == ALMANAC_HEADER_STATUS_DAMAGED)
		return -EIO;
	if (status != ALMANAC_HEADER_STATUS_GOOD)
		return -EPROTO;
	if (from < ALMANAC_HEADER_SIZE || to <= from || to > bytes)
		return -EPROTO;
	*start = from;
	*end = to;
	return 0;
}

static int request(struct almanac *a, struct slot *slot, u16 number)
{
	u32 which = slot - a->slot;
	int err = 0;

	scoped_guard(mutex, &a->lock) {
		if (a->refusal)
			return a->refusal;
		slot->state = ASKED;
		memset(a->store + which * a->bytes, 0, a->bytes);
		iowrite32(FIELD_PREP(ALMANAC_ASK_SLOT, which) |
			  FIELD_PREP(ALMANAC_ASK_NUMBER, number), a->registers + ALMANAC_ASK);
	}
	wait_event_timeout(a->waiters, READ_ONCE(slot->state) != ASKED,
			   usecs_to_jiffies(ALMANAC_ANSWER_MAX_US) + 1);
	scoped_guard(mutex, &a->lock) {
		if (slot->state == DROPPED) {
			err = a->refusal;
		} else if (slot->state == ASKED) {
			iowrite16(FIELD_PREP(ALMANAC_CANCEL_SLOT, which),
				  a->registers + ALMANAC_CANCEL);
			err = -ETIMEDOUT;
		}
		slot->state = IDLE;
	}
	return err;
}

static ssize_t almanac_write(struct file *file, const char __user *from, size_t count, loff_t *ppos)
{
	struct session *session = file->private_data;
	struct almanac *a = session->almanac;
	unsigned int number;
	int err;

	err = kstrtouint_from_user(from, count, 10, &number);
	if (err == -EFAULT)
		return err;
	if (err || number > U16_MAX)
		return -EINVAL;
	guard(mutex)(&session->lock);
	session->start = 0;
	session->end = 0;
	err = request(a, session->slot, number);
	if (!err)
		err = find_text(session->slot->copy, a->bytes, number, &session->start, &session->end);
	if (err)
		return err;
	*ppos = 0;
	return count;
}

static ssize_t almanac_read(struct file *file, char __user *to, size_t count, loff_t *ppos)
{
	struct session *session = file->private_data;

	/* The thread writes to the copy only while there is a request. */
	guard(mutex)(&session->lock);
	return simple_read_from_buffer(to, count, ppos, session->slot->copy + session->start,
				       session->end - session->start);
}

static struct slot *take_slot(struct almanac *a)
{
	guard(mutex)(&a->lock);
	for (u32 i = 0; i < a->slots; i++) {
		if (a->slot[i].state == FREE) {
			a->slot[i].state = IDLE;
			return &a->slot[i];
		}
	}
	return NULL;
}

static int almanac_open(struct inode *inode, struct file *file)
{
	struct almanac *a = container_of(file->private_data, struct almanac, misc);
	struct session *session;

	session = kzalloc(sizeof(*session), GFP_KERNEL);
	if (!session)
		return -ENOMEM;
	session->slot = take_slot(a);
	if (!session->slot) {
		kfree(session);
		return -EBUSY;
	}
	mutex_init(&session->lock);
	session->almanac = a;
	kref_get(&a->users);
	file->private_data = session;
	return 0;
}

static int almanac_close(struct inode *inode, struct file *file)
{
	struct session *session = file->private_data;
	struct almanac *a = session->almanac;

	scoped_guard(mutex, &a->lock)
		session->slot->state = FREE;
	kfree(session);
	kref_put(&a->users, almanac_release_memory);
	return 0;
}

static const struct file_operations almanac_fops = {
	.owner = THIS_MODULE,
	.open = almanac_open,
	.release = almanac_close,
	.read = almanac_read,
	.write = almanac_write,
	.llseek = noop_llseek,
};

static bool believable(u32 slots, u32 bytes)
{
	return slots >= ALMANAC_SLOTS_LEAST && slots <= ALMANAC_SLOTS_MOST &&
	       bytes >= ALMANAC_BYTES_LEAST && bytes <= ALMANAC_BYTES_MOST &&
	       bytes % ALMANAC_BYTES_STEP == 0;
}

static void let_go(struct pci_dev *pdev, struct almanac *a)
{
	scoped_guard(mutex, &a->lock) {
		refuse(a, -ENODEV);
		iowrite16(0, a->registers + ALMANAC_MESSAGES);
		iowrite32(0, a->registers + ALMANAC_CONTROL);
		ioread32(a->registers + ALMANAC_CONTROL);
		a->registers = NULL;
	}
	free_irq(a->irq, a);
	pci_free_irq_vectors(pdev);
	pci_clear_master(pdev);
	dma_free_coherent(&pdev->dev, a->size, a->store, a->address);
	kref_put(&a->users, almanac_release_memory);
}

static int set_up(struct pci_dev *pdev, struct almanac *a)
{
	u32 limits;
	int err;

	err = pcim_enable_device(pdev);
	if (err)
		return err;
	err = pcim_iomap_regions(pdev, BIT(ALMANAC_BAR), KBUILD_MODNAME);
	if (err)
		return err;
	a->registers = pcim_iomap_table(pdev)[ALMANAC_BAR];
	if (FIELD_GET(ALMANAC_ID_CHIP, ioread32(a->registers + ALMANAC_ID)) != ALMANAC_ID_CHIP_RESET)
		return -ENODEV;
	limits = ioread32(a->registers + ALMANAC_LIMITS);
	a->slots = FIELD_GET(ALMANAC_LIMITS_SLOTS, limits);
	a->bytes = FIELD_GET(ALMANAC_LIMITS_BYTES, limits);
	if (!believable(a->slots, a->bytes))
		return -ENODEV;
	err = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(ALMANAC_DMA_BITS));
	if (err)
		return err;
	a->size = a->slots * a->bytes;
	a->store = dma_alloc_coherent(&pdev->dev, a->size, &a->address, GFP_KERNEL);
	if (!a->store)
		return -ENOMEM;
	pci_set_master(pdev);
	err = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_MSI);
	if (err < 0)
		goto free_store;
	a->irq = pci_irq_vector(pdev, 0);
	err = request_threaded_irq(a->irq, NULL, almanac_thread, IRQF_ONESHOT, "almanac", a);
	if (err)
		goto free_vectors;
	return 0;

free_vectors:
	pci_free_irq_vectors(pdev);
free_store:
	pci_clear_master(pdev);
	dma_free_coherent(&pdev->dev, a->size, a->store, a->address);
	return err;
}

static int almanac_probe(struct pci_dev *pdev, const struct pci_device_id *ids)
{
	struct almanac *a = kvzalloc(sizeof(*a), GFP_KERNEL);
	int err;

	if (!a)
		return -ENOMEM;
	kref_init(&a->users);
	mutex_init(&a->lock);
	init_waitqueue_head(&a->waiters);
	err = set_up(pdev, a);
	if (err) {
		kref_put(&a->users, almanac_release_memory);
		return err;
	}
	scoped_guard(mutex, &a->lock) {
		iowrite32(lower_32_bits(a->address), a->registers + ALMANAC_STORE_LOW);
		iowrite32(upper_32_bits(a->address), a->registers + ALMANAC_STORE_HIGH);
		iowrite32(ALMANAC_CONTROL_ENABLE, a->registers + ALMANAC_CONTROL);
		iowrite16(ALMANAC_MESSAGES_READY, a->registers + ALMANAC_MESSAGES);
	}
	pci_set_drvdata(pdev, a);
	a->misc = (struct miscdevice) {
		.minor = MISC_DYNAMIC_MINOR,
		.name = "almanac",
		.fops = &almanac_fops,
		.parent = &pdev->dev,
	};
	err = misc_register(&a->misc);
	if (err)
		let_go(pdev, a);
	return err;
}

static void almanac_remove(struct pci_dev *pdev)
{
	struct almanac *a = pci_get_drvdata(pdev);

	misc_deregister(&a->misc);
	let_go(pdev, a);
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
