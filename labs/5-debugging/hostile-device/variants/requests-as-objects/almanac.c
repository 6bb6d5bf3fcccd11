// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver for the almanac that takes nothing on the chip's word.
 *
 * Each request is an object of its own, with room for the whole answer. It is
 * in the list of its chip while it is under way, and whoever takes it out
 * decides how it ends: the handler, the end of its time, a storm, the removal.
 * The handler copies the slot while it holds the list, so it is the last that
 * looks at the store; SRCU keeps registers and store while requests are made.
 */
#include <linux/bitfield.h>
#include <linux/bitmap.h>
#include <linux/completion.h>
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>

#include "chip.h"

#define STRAYS_MOST	150

struct request {
	struct list_head entry;		/* empty when it is over */
	u32 slot;
	u16 number;
	int result;
	struct completion over;
	__le32 words[];			/* what the slot held; the order is the chip's */
};

struct almanac {
	refcount_t users;
	struct srcu_struct srcu;	/* who reads `present` and uses the chip */
	bool present;
	void __iomem *registers;
	void *store;
	dma_addr_t address;
	u32 slots, bytes;
	spinlock_t lock;		/* requests, taken, strays, given_up */
	struct list_head requests;
	DECLARE_BITMAP(taken, ALMANAC_SLOTS_MOST);
	unsigned int strays;
	bool given_up;
	struct miscdevice misc;
};

struct session {
	struct almanac *almanac;
	u32 slot;
	struct mutex lock;
	struct request *answer;		/* of the last request, if it was good */
	u32 start, length;
};

static void put_almanac(struct almanac *a)
{
	if (!refcount_dec_and_test(&a->users))
		return;
	cleanup_srcu_struct(&a->srcu);
	kfree(a);
}

static void *slot_of(struct almanac *a, u32 slot)
{
	return a->store + array_size(slot, a->bytes);
}

static void end(struct request *request, int result)
{
	list_del_init(&request->entry);
	request->result = result;
	complete(&request->over);
}

static void end_all(struct almanac *a, int result)
{
	struct request *request, *next;

	lockdep_assert_held(&a->lock);
	list_for_each_entry_safe(request, next, &a->requests, entry)
		end(request, result);
}

static struct request *request_in(struct almanac *a, u32 slot)
{
	struct request *request;

	list_for_each_entry(request, &a->requests, entry) {
		if (request->slot == slot)
			return request;
	}
	return NULL;
}

static irqreturn_t almanac_handler(int irq, void *context)
{
	struct almanac *a = context;
	struct request *request;
	bool stray = true;
	u32 done;

	guard(spinlock_irqsave)(&a->lock);
	iowrite16(ALMANAC_CAUSE_READY, a->registers + ALMANAC_CAUSE);
	for (u32 left = a->slots + 1; left > 0; left--) {
		done = ioread32(a->registers + ALMANAC_DONE);
		if (!(done & ALMANAC_DONE_VALID))
			break;
		request = request_in(a, FIELD_GET(ALMANAC_DONE_SLOT, done));
		if (!request)
			continue;
		memcpy(request->words, slot_of(a, request->slot), a->bytes);
		end(request, 0);
		stray = false;
	}
	a->strays = stray ? a->strays + 1 : 0;
	if (a->strays == STRAYS_MOST) {
		a->given_up = true;
		end_all(a, -EIO);
		disable_irq_nosync(irq);
	}
	return stray ? IRQ_NONE : IRQ_HANDLED;
}

static int begin(struct almanac *a, struct request *request)
{
	guard(srcu)(&a->srcu);
	if (!READ_ONCE(a->present))
		return -ENODEV;
	guard(spinlock_irq)(&a->lock);
	if (a->given_up)
		return -EIO;
	/* Looked at once more under the lock that ends all requests. */
	if (!a->present)
		return -ENODEV;
	memset(slot_of(a, request->slot), 0, a->bytes);
	list_add_tail(&request->entry, &a->requests);
	iowrite32(FIELD_PREP(ALMANAC_ASK_SLOT, request->slot) |
		  FIELD_PREP(ALMANAC_ASK_NUMBER, request->number), a->registers + ALMANAC_ASK);
	return 0;
}

/* Ends a request whose time is over, unless it ended just now. */
static void give_up(struct almanac *a, struct request *request)
{
	guard(srcu)(&a->srcu);
	guard(spinlock_irq)(&a->lock);
	if (list_empty(&request->entry))
		return;
	if (a->present)
		iowrite16(FIELD_PREP(ALMANAC_CANCEL_SLOT, request->slot),
			  a->registers + ALMANAC_CANCEL);
	end(request, -ETIMEDOUT);
}

static u32 field(const struct request *request, unsigned int at, u32 mask)
{
	__le32 word = request->words[at / sizeof(u32)];
	u32 value = le32_to_cpu(word);

	if (ALMANAC_HEADER_BIG)
		value = swab32(value);
	return (value & mask) >> __ffs(mask);
}

#define FIELD(request, name) \
	field(request, ALMANAC_HEADER_##name##_AT, ALMANAC_HEADER_##name)

static int look_at(struct session *session, const struct request *request, u32 bytes)
{
	u32 start = FIELD(request, OFFSET), length = FIELD(request, LENGTH), stop;

	if (FIELD(request, NUMBER) != request->number)
		return -EPROTO;
	switch (FIELD(request, STATUS)) {
	case ALMANAC_HEADER_STATUS_UNKNOWN:
		return -ENOENT;
	case ALMANAC_HEADER_STATUS_DAMAGED:
		return -EIO;
	case ALMANAC_HEADER_STATUS_GOOD:
		if (!length || start < ALMANAC_HEADER_SIZE)
			return -EPROTO;
		if (check_add_overflow(start, length, &stop) || stop > bytes)
			return -EPROTO;
		session->start = start;
		session->length = length;
		return 0;
	}
	return -EPROTO;
}

static int ask(struct session *session, struct request *request)
{
	struct almanac *a = session->almanac;
	int err = begin(a, request);

	if (err)
		return err;
	if (!wait_for_completion_timeout(&request->over,
					 usecs_to_jiffies(ALMANAC_ANSWER_MAX_US) + 1))
		give_up(a, request);
	if (request->result)
		return request->result;
	return look_at(session, request, a->bytes);
}

static ssize_t almanac_write(struct file *file, const char __user *from, size_t count, loff_t *ppos)
{
	struct session *session = file->private_data;
	struct request *request;
	u16 number;
	int err;

	err = kstrtou16_from_user(from, count, 10, &number);
	if (err)
		return err == -EFAULT ? err : -EINVAL;
	request = kzalloc(struct_size(request, words, session->almanac->bytes / sizeof(u32)),
			  GFP_KERNEL);
	if (!request)
		return -ENOMEM;
	request->number = number;
	request->slot = session->slot;
	INIT_LIST_HEAD(&request->entry);
	init_completion(&request->over);

	guard(mutex)(&session->lock);
	kfree(session->answer);
	session->answer = NULL;
	err = ask(session, request);
	if (err) {
		kfree(request);
		return err;
	}
	session->answer = request;
	*ppos = 0;
	return count;
}

static ssize_t almanac_read(struct file *file, char __user *to, size_t count, loff_t *ppos)
{
	struct session *session = file->private_data;

	guard(mutex)(&session->lock);
	if (!session->answer)
		return 0;
	return simple_read_from_buffer(to, count, ppos,
				       (u8 *)session->answer->words + session->start,
				       session->length);
}

static int almanac_open(struct inode *inode, struct file *file)
{
	struct almanac *a = container_of(file->private_data, struct almanac, misc);
	struct session *session = kzalloc(sizeof(*session), GFP_KERNEL);

	if (!session)
		return -ENOMEM;
	scoped_guard(spinlock_irq, &a->lock) {
		session->slot = find_first_zero_bit(a->taken, a->slots);
		if (session->slot < a->slots)
			__set_bit(session->slot, a->taken);
	}
	if (session->slot >= a->slots) {
		kfree(session);
		return -EBUSY;
	}
	refcount_inc(&a->users);
	session->almanac = a;
	mutex_init(&session->lock);
	file->private_data = session;
	return 0;
}

static int almanac_release(struct inode *inode, struct file *file)
{
	struct session *session = file->private_data;

	scoped_guard(spinlock_irq, &session->almanac->lock)
		__clear_bit(session->slot, session->almanac->taken);
	put_almanac(session->almanac);
	kfree(session->answer);
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

static int identify(struct almanac *a)
{
	u32 id = ioread32(a->registers + ALMANAC_ID);
	u32 limits = ioread32(a->registers + ALMANAC_LIMITS);
	u32 slots = FIELD_GET(ALMANAC_LIMITS_SLOTS, limits);
	u32 bytes = FIELD_GET(ALMANAC_LIMITS_BYTES, limits);

	if (FIELD_GET(ALMANAC_ID_CHIP, id) != ALMANAC_ID_CHIP_RESET ||
	    slots != clamp(slots, ALMANAC_SLOTS_LEAST, ALMANAC_SLOTS_MOST) ||
	    bytes != clamp(bytes, ALMANAC_BYTES_LEAST, ALMANAC_BYTES_MOST) ||
	    bytes % ALMANAC_BYTES_STEP)
		return -ENODEV;
	a->slots = slots;
	a->bytes = bytes;
	return 0;
}

static void disconnect(struct pci_dev *pdev, struct almanac *a)
{
	scoped_guard(spinlock_irq, &a->lock) {
		WRITE_ONCE(a->present, false);
		end_all(a, -ENODEV);
	}
	synchronize_srcu(&a->srcu);
	iowrite16(0, a->registers + ALMANAC_MESSAGES);
	iowrite32(0, a->registers + ALMANAC_CONTROL);
	ioread32(a->registers + ALMANAC_CONTROL);
	free_irq(pci_irq_vector(pdev, 0), a);
	pci_free_irq_vectors(pdev);
	pci_clear_master(pdev);
}

static int connect(struct pci_dev *pdev, struct almanac *a)
{
	int err;

	err = pcim_enable_device(pdev);
	if (err)
		return err;
	err = pcim_iomap_regions(pdev, BIT(ALMANAC_BAR), KBUILD_MODNAME);
	if (err)
		return err;
	a->registers = pcim_iomap_table(pdev)[ALMANAC_BAR];
	err = identify(a);
	if (err)
		return err;
	err = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(ALMANAC_DMA_BITS));
	if (err)
		return err;
	a->store = dmam_alloc_coherent(&pdev->dev, array_size(a->slots, a->bytes), &a->address,
				       GFP_KERNEL);
	if (!a->store)
		return -ENOMEM;
	pci_set_master(pdev);
	err = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_MSI);
	if (err < 0)
		return err;
	err = request_irq(pci_irq_vector(pdev, 0), almanac_handler, 0, "almanac", a);
	if (err) {
		pci_free_irq_vectors(pdev);
		return err;
	}
	iowrite32(lower_32_bits(a->address), a->registers + ALMANAC_STORE_LOW);
	iowrite32(upper_32_bits(a->address), a->registers + ALMANAC_STORE_HIGH);
	iowrite32(ALMANAC_CONTROL_ENABLE, a->registers + ALMANAC_CONTROL);
	iowrite16(ALMANAC_MESSAGES_READY, a->registers + ALMANAC_MESSAGES);
	a->present = true;
	return 0;
}

static int almanac_probe(struct pci_dev *pdev, const struct pci_device_id *ids)
{
	struct almanac *a = kzalloc(sizeof(*a), GFP_KERNEL);
	int err;

	if (!a)
		return -ENOMEM;
	refcount_set(&a->users, 1);
	spin_lock_init(&a->lock);
	INIT_LIST_HEAD(&a->requests);
	err = init_srcu_struct(&a->srcu);
	if (err) {
		kfree(a);
		return err;
	}
	pci_set_drvdata(pdev, a);
	err = connect(pdev, a);
	if (err)
		goto put;
	a->misc = (struct miscdevice) {
		.minor = MISC_DYNAMIC_MINOR,
		.name = "almanac",
		.fops = &almanac_fops,
		.parent = &pdev->dev,
	};
	err = misc_register(&a->misc);
	if (!err)
		return 0;
	disconnect(pdev, a);
put:
	put_almanac(a);
	return err;
}

static void almanac_remove(struct pci_dev *pdev)
{
	struct almanac *a = pci_get_drvdata(pdev);

	misc_deregister(&a->misc);
	disconnect(pdev, a);
	put_almanac(a);
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
