// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver for the recorder of ground motion.
 *
 * One function tends to the chip, whatever has happened, and never sleeps: it
 * does what there is to do and says when it is to run again. That is at the
 * next tick while something is under conversion, much later while nothing is,
 * and at once when a message comes. It is the only one that takes anything out
 * of the chip, so there is nothing to lock.
 */
#include <linux/bitfield.h>
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/kfifo.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "chip.h"

#define LINE_MAX	32
#define TICK		1
#define ALL		(TREMOR_ENABLE_DATA | TREMOR_ENABLE_OVERRUN | TREMOR_ENABLE_SHOCK)

static unsigned short threshold = 40000;
module_param(threshold, ushort, 0444);
MODULE_PARM_DESC(threshold, "amplitude above which an event is a shock");

struct entry {
	const char *format;
	u32 first;
	u32 second;
};

struct tremor;

struct message {
	struct tremor *tremor;
	u32 cause;
	int irq;
};

struct tremor {
	struct pci_dev *pdev;
	void __iomem *io;
	struct workqueue_struct *wq;
	struct delayed_work tend;
	unsigned long deadline;			/* of what is under conversion */
	DECLARE_KFIFO_PTR(entries, struct entry);	/* one writer: tend */
	struct mutex reading;			/* one reader at a time */
	wait_queue_head_t wait;
	struct message messages[3];
	struct miscdevice misc;
};

static u32 get(struct tremor *t, unsigned int offset)
{
	return ioread32(t->io + offset);
}

static void put(struct tremor *t, unsigned int offset, u32 value)
{
	iowrite32(value, t->io + offset);
}

static void log_entry(struct tremor *t, const char *format, u32 first, u32 second)
{
	struct entry entry = { format, first, second };

	kfifo_put(&t->entries, entry);
}

static void give_conversions_time(struct tremor *t)
{
	t->deadline = jiffies + usecs_to_jiffies(TREMOR_CONVERT_MAX_US) + 1;
}

static void tremor_tend(struct work_struct *work)
{
	struct tremor *t = container_of(to_delayed_work(work), struct tremor, tend);
	u32 cause = get(t, TREMOR_CAUSE);
	u32 status, level;

	if (cause & TREMOR_CAUSE_SHOCK) {
		u16 peak = TREMOR_PEAK_BIG ? ioread16be(t->io + TREMOR_PEAK) :
					     ioread16(t->io + TREMOR_PEAK);

		put(t, TREMOR_CAUSE, TREMOR_CAUSE_SHOCK);
		log_entry(t, "shock %u\n", peak, 0);
	}
	if (cause & TREMOR_CAUSE_DATA) {
		put(t, TREMOR_CAUSE, TREMOR_CAUSE_DATA);
		give_conversions_time(t);
	}
	status = get(t, TREMOR_STATUS);
	for (level = FIELD_GET(TREMOR_STATUS_LEVEL, status); level; level--) {
		u32 sample = TREMOR_SAMPLE_BIG ? ioread32be(t->io + TREMOR_SAMPLE) :
						 get(t, TREMOR_SAMPLE);

		log_entry(t, "sample %u %u\n", FIELD_GET(TREMOR_SAMPLE_CHANNEL, sample),
			  FIELD_GET(TREMOR_SAMPLE_VALUE, sample));
		give_conversions_time(t);
	}
	if (cause & TREMOR_CAUSE_OVERRUN) {
		u32 count;

		put(t, TREMOR_CAUSE, TREMOR_CAUSE_OVERRUN);
		count = TREMOR_DROPPED_BIG ? ioread16be(t->io + TREMOR_DROPPED) :
					     ioread16(t->io + TREMOR_DROPPED);
		count = FIELD_GET(TREMOR_DROPPED_COUNT, count);
		if (count)
			log_entry(t, "lost %u\n", count, 0);
	}
	wake_up_interruptible(&t->wait);
	/* A message that came meanwhile has queued it already, without a delay. */
	if ((status & TREMOR_STATUS_BUSY) && time_before_eq(jiffies, t->deadline))
		queue_delayed_work(t->wq, &t->tend, TICK);
	else
		queue_delayed_work(t->wq, &t->tend, usecs_to_jiffies(TREMOR_WATCH_MAX_US) - 10);
}

static irqreturn_t tremor_message(int irq, void *context)
{
	struct message *message = context;

	if (!(get(message->tremor, TREMOR_CAUSE) & message->cause))
		return IRQ_NONE;
	mod_delayed_work(message->tremor->wq, &message->tremor->tend, 0);
	return IRQ_HANDLED;
}

static ssize_t tremor_read(struct file *file, char __user *to, size_t count, loff_t *ppos)
{
	struct tremor *t = container_of(file->private_data, struct tremor, misc);
	struct entry entry;
	char text[LINE_MAX];
	int length;

	if (count < LINE_MAX)
		return -EINVAL;
	for (;;) {
		int err;

		err = mutex_lock_interruptible(&t->reading);
		if (err)
			return err;
		length = kfifo_get(&t->entries, &entry);
		mutex_unlock(&t->reading);
		if (length)
			break;
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_event_interruptible(t->wait, !kfifo_is_empty(&t->entries));
		if (err)
			return err;
	}
	length = scnprintf(text, sizeof(text), entry.format, entry.first, entry.second);
	if (copy_to_user(to, text, length))
		return -EFAULT;
	return length;
}

static __poll_t tremor_poll(struct file *file, poll_table *table)
{
	struct tremor *t = container_of(file->private_data, struct tremor, misc);

	poll_wait(file, &t->wait, table);
	return kfifo_is_empty(&t->entries) ? 0 : EPOLLIN | EPOLLRDNORM;
}

static const struct file_operations tremor_fops = {
	.owner = THIS_MODULE,
	.read = tremor_read,
	.poll = tremor_poll,
};

static void quiet(struct tremor *t)
{
	put(t, TREMOR_ENABLE, 0);
	put(t, TREMOR_CONTROL, 0);
	get(t, TREMOR_CONTROL);
}

static void drop_messages(struct tremor *t)
{
	for (size_t i = 0; i < ARRAY_SIZE(t->messages); i++) {
		if (t->messages[i].irq)
			free_irq(t->messages[i].irq, &t->messages[i]);
	}
	pci_free_irq_vectors(t->pdev);
}

static int take_messages(struct tremor *t)
{
	static const unsigned int vectors[] = {
		TREMOR_DATA_VECTOR, TREMOR_OVERRUN_VECTOR, TREMOR_SHOCK_VECTOR
	};
	static const u32 causes[] = {
		TREMOR_CAUSE_DATA, TREMOR_CAUSE_OVERRUN, TREMOR_CAUSE_SHOCK
	};
	int err = pci_alloc_irq_vectors(t->pdev, 3, 3, PCI_IRQ_MSIX);

	if (err < 0)
		return err;
	for (size_t i = 0; i < ARRAY_SIZE(t->messages); i++) {
		struct message *message = &t->messages[i];
		int irq = pci_irq_vector(t->pdev, vectors[i]);

		message->tremor = t;
		message->cause = causes[i];
		err = request_irq(irq, tremor_message, 0, KBUILD_MODNAME, message);
		if (err)
			return err;
		message->irq = irq;
	}
	return 0;
}

static int tremor_probe(struct pci_dev *pdev, const struct pci_device_id *ids)
{
	struct tremor *t = kzalloc(sizeof(*t), GFP_KERNEL);
	int err = -ENOMEM;

	if (!t)
		return err;
	t->pdev = pdev;
	t->deadline = jiffies;
	mutex_init(&t->reading);
	init_waitqueue_head(&t->wait);
	INIT_DELAYED_WORK(&t->tend, tremor_tend);
	pci_set_drvdata(pdev, t);
	if (kfifo_alloc(&t->entries, 512, GFP_KERNEL))
		goto free;
	t->wq = alloc_ordered_workqueue("tremor", 0);
	if (!t->wq)
		goto free_entries;
	err = pci_enable_device(pdev);
	if (err)
		goto destroy;
	err = pci_request_region(pdev, TREMOR_BAR, "tremor");
	if (err)
		goto disable;
	t->io = pci_iomap(pdev, TREMOR_BAR, 0);
	err = -ENOMEM;
	if (!t->io)
		goto release;
	err = -ENODEV;
	if (FIELD_GET(TREMOR_ID_CHIP, get(t, TREMOR_ID)) != TREMOR_ID_CHIP_RESET)
		goto unmap;

	quiet(t);
	pci_set_master(pdev);
	err = take_messages(t);
	if (err)
		goto drop;
	put(t, TREMOR_CONTROL, TREMOR_CONTROL_POWER);
	fsleep(TREMOR_SETTLE_MIN_US);
	if (TREMOR_THRESHOLD_BIG)
		iowrite16be(threshold, t->io + TREMOR_THRESHOLD);
	else
		iowrite16(threshold, t->io + TREMOR_THRESHOLD);
	put(t, TREMOR_CONTROL, TREMOR_CONTROL_POWER | TREMOR_CONTROL_RUN);
	put(t, TREMOR_ENABLE, ALL);
	queue_delayed_work(t->wq, &t->tend, usecs_to_jiffies(TREMOR_WATCH_MIN_US));

	t->misc.minor = MISC_DYNAMIC_MINOR;
	t->misc.name = "tremor";
	t->misc.fops = &tremor_fops;
	err = misc_register(&t->misc);
	if (!err)
		return 0;
	quiet(t);
drop:
	drop_messages(t);
	cancel_delayed_work_sync(&t->tend);
unmap:
	pci_iounmap(pdev, t->io);
release:
	pci_release_region(pdev, TREMOR_BAR);
disable:
	pci_disable_device(pdev);
destroy:
	destroy_workqueue(t->wq);
free_entries:
	kfifo_free(&t->entries);
free:
	kfree(t);
	return err;
}

static void tremor_remove(struct pci_dev *pdev)
{
	struct tremor *t = pci_get_drvdata(pdev);

	misc_deregister(&t->misc);
	quiet(t);
	drop_messages(t);
	cancel_delayed_work_sync(&t->tend);
	destroy_workqueue(t->wq);
	pci_iounmap(pdev, t->io);
	pci_release_region(pdev, TREMOR_BAR);
	pci_disable_device(pdev);
	kfifo_free(&t->entries);
	kfree(t);
}

static const struct pci_device_id tremor_ids[] = {
	{ PCI_DEVICE(TREMOR_VENDOR, TREMOR_DEVICE) },
	{ }
};
MODULE_DEVICE_TABLE(pci, tremor_ids);

static struct pci_driver tremor_driver = {
	.name = "tremor",
	.id_table = tremor_ids,
	.probe = tremor_probe,
	.remove = tremor_remove,
};
module_pci_driver(tremor_driver);

MODULE_DESCRIPTION("Recorder of ground motion");
MODULE_LICENSE("GPL");
