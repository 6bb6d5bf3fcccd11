// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver for the recorder of ground motion.
 *
 * Shocks and overruns are taken in the handler itself, under a spinlock: a few
 * accesses. Samples have to be waited for, so their handler only acknowledges,
 * and its thread takes them out under a mutex. A delayed work looks at the chip
 * when no message has come for a while. All of them put records into one FIFO,
 * from which readers take them.
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
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "chip.h"

#define VECTORS		3
#define RECORDS		512
#define POLL_US		8000
/* Between the bounds of the data sheet, with room for a late timer. */
#define WATCH		usecs_to_jiffies((TREMOR_WATCH_MIN_US + TREMOR_WATCH_MAX_US) / 2)

static ushort threshold = 40000;
module_param(threshold, ushort, 0444);
MODULE_PARM_DESC(threshold, "amplitude above which an event is a shock");

enum what { SAMPLE, SHOCK, LOST };

struct record {
	enum what what;
	u16 value;
	u16 channel;
};

struct tremor {
	void __iomem *registers;
	struct mutex queue;		/* the chip's queue is taken out by one at a time */
	spinlock_t lock;		/* records; PEAK and DROPPED, with their causes */
	DECLARE_KFIFO(records, struct record, RECORDS);
	wait_queue_head_t readers;
	struct delayed_work watch;
	struct miscdevice misc;
};

static u32 get32(struct tremor *t, unsigned int offset, bool big)
{
	return big ? ioread32be(t->registers + offset) : ioread32(t->registers + offset);
}

static u16 get16(struct tremor *t, unsigned int offset, bool big)
{
	return big ? ioread16be(t->registers + offset) : ioread16(t->registers + offset);
}

static void put32(struct tremor *t, unsigned int offset, u32 value)
{
	iowrite32(value, t->registers + offset);
}

static void add(struct tremor *t, enum what what, u16 value, u16 channel)
{
	struct record record = { .what = what, .value = value, .channel = channel };

	lockdep_assert_held(&t->lock);
	kfifo_put(&t->records, record);
	wake_up_interruptible(&t->readers);
}

/* Waits for what is under conversion, but not for what never comes. */
static void take_samples(struct tremor *t)
{
	unsigned long limit = usecs_to_jiffies(TREMOR_CONVERT_MAX_US) + 1;
	unsigned long deadline = jiffies + limit;

	guard(mutex)(&t->queue);
	for (;;) {
		u32 status = get32(t, TREMOR_STATUS, false);
		u32 level = FIELD_GET(TREMOR_STATUS_LEVEL, status);

		for (u32 i = 0; i < level; i++) {
			u32 sample = get32(t, TREMOR_SAMPLE, TREMOR_SAMPLE_BIG);

			guard(spinlock_irqsave)(&t->lock);
			add(t, SAMPLE, FIELD_GET(TREMOR_SAMPLE_VALUE, sample),
			    FIELD_GET(TREMOR_SAMPLE_CHANNEL, sample));
		}
		if (level)
			deadline = jiffies + limit;
		if (!(status & TREMOR_STATUS_BUSY) || time_after(jiffies, deadline))
			return;
		usleep_range(POLL_US, 2 * POLL_US);
	}
}

/* Takes shocks and overruns, which need no waiting; says whether there was one. */
static bool take_urgent(struct tremor *t)
{
	u32 cause;

	guard(spinlock_irqsave)(&t->lock);
	cause = get32(t, TREMOR_CAUSE, false) & (TREMOR_CAUSE_SHOCK | TREMOR_CAUSE_OVERRUN);
	if (cause & TREMOR_CAUSE_SHOCK) {
		/* Acknowledging clears the peak. */
		add(t, SHOCK, get16(t, TREMOR_PEAK, TREMOR_PEAK_BIG), 0);
		put32(t, TREMOR_CAUSE, TREMOR_CAUSE_SHOCK);
	}
	if (cause & TREMOR_CAUSE_OVERRUN) {
		u16 count;

		/* What is dropped after this sends a message of its own. */
		put32(t, TREMOR_CAUSE, TREMOR_CAUSE_OVERRUN);
		count = get16(t, TREMOR_DROPPED, TREMOR_DROPPED_BIG);
		count = FIELD_GET(TREMOR_DROPPED_COUNT, count);
		if (count)
			add(t, LOST, count, 0);
	}
	return cause;
}

/* Says whether there was an event; what comes after this sends a message again. */
static bool acknowledge_data(struct tremor *t)
{
	if (!(get32(t, TREMOR_CAUSE, false) & TREMOR_CAUSE_DATA))
		return false;
	put32(t, TREMOR_CAUSE, TREMOR_CAUSE_DATA);
	return true;
}

static irqreturn_t tremor_urgent(int irq, void *context)
{
	struct tremor *t = context;

	mod_delayed_work(system_wq, &t->watch, WATCH);
	return take_urgent(t) ? IRQ_HANDLED : IRQ_NONE;
}

static irqreturn_t tremor_data(int irq, void *context)
{
	struct tremor *t = context;

	mod_delayed_work(system_wq, &t->watch, WATCH);
	return acknowledge_data(t) ? IRQ_WAKE_THREAD : IRQ_NONE;
}

static irqreturn_t tremor_data_thread(int irq, void *context)
{
	take_samples(context);
	return IRQ_HANDLED;
}

static void tremor_watch(struct work_struct *work)
{
	struct tremor *t = container_of(to_delayed_work(work), struct tremor, watch);

	take_urgent(t);
	acknowledge_data(t);
	take_samples(t);
	schedule_delayed_work(&t->watch, WATCH);
}

static bool take_record(struct tremor *t, struct record *record)
{
	guard(spinlock_irqsave)(&t->lock);
	return kfifo_get(&t->records, record);
}

static ssize_t tremor_read(struct file *file, char __user *to, size_t count, loff_t *ppos)
{
	struct tremor *t = container_of(file->private_data, struct tremor, misc);
	struct record record;
	char line[32];
	size_t length;
	int err;

	if (count < sizeof(line))
		return -EINVAL;
	while (!take_record(t, &record)) {
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_event_interruptible(t->readers, !kfifo_is_empty(&t->records));
		if (err)
			return err;
	}
	switch (record.what) {
	case SAMPLE:
		length = scnprintf(line, sizeof(line), "sample %u %u\n",
				   record.channel, record.value);
		break;
	case SHOCK:
		length = scnprintf(line, sizeof(line), "shock %u\n", record.value);
		break;
	default:
		length = scnprintf(line, sizeof(line), "lost %u\n", record.value);
	}
	return copy_to_user(to, line, length) ? -EFAULT : length;
}

static const struct file_operations tremor_fops = {
	.owner = THIS_MODULE,
	.read = tremor_read,
	.llseek = noop_llseek,
};

static void put_threshold(struct tremor *t)
{
	if (TREMOR_THRESHOLD_BIG)
		iowrite16be(threshold, t->registers + TREMOR_THRESHOLD);
	else
		iowrite16(threshold, t->registers + TREMOR_THRESHOLD);
}

/* From whatever state the firmware left it in, to running without messages. */
static void start(struct tremor *t)
{
	put32(t, TREMOR_ENABLE, 0);
	put32(t, TREMOR_CONTROL, 0);
	put32(t, TREMOR_CONTROL, TREMOR_CONTROL_POWER);
	fsleep(TREMOR_SETTLE_MIN_US);
	put_threshold(t);
	put32(t, TREMOR_CONTROL, TREMOR_CONTROL_POWER | TREMOR_CONTROL_RUN);
}

static void stop(struct tremor *t)
{
	put32(t, TREMOR_ENABLE, 0);
	put32(t, TREMOR_CONTROL, 0);
	/* The write is out before anything is taken away that a message would need. */
	get32(t, TREMOR_CONTROL, false);
}

static const struct {
	unsigned int vector;
	irq_handler_t handler;
	irq_handler_t thread;
	const char *name;
} interrupts[VECTORS] = {
	{ TREMOR_DATA_VECTOR, tremor_data, tremor_data_thread, "tremor-data" },
	{ TREMOR_OVERRUN_VECTOR, tremor_urgent, NULL, "tremor-overrun" },
	{ TREMOR_SHOCK_VECTOR, tremor_urgent, NULL, "tremor-shock" },
};

static void release_interrupts(struct pci_dev *pdev, struct tremor *t, int count)
{
	while (count-- > 0)
		free_irq(pci_irq_vector(pdev, interrupts[count].vector), t);
	pci_free_irq_vectors(pdev);
}

static int request_interrupts(struct pci_dev *pdev, struct tremor *t)
{
	int err = pci_alloc_irq_vectors(pdev, VECTORS, VECTORS, PCI_IRQ_MSIX);

	if (err < 0)
		return err;
	for (int i = 0; i < VECTORS; i++) {
		err = request_threaded_irq(pci_irq_vector(pdev, interrupts[i].vector),
					   interrupts[i].handler, interrupts[i].thread, 0,
					   interrupts[i].name, t);
		if (err) {
			release_interrupts(pdev, t, i);
			return err;
		}
	}
	return 0;
}

static int tremor_probe(struct pci_dev *pdev, const struct pci_device_id *ids)
{
	struct tremor *t;
	int err;

	t = devm_kzalloc(&pdev->dev, sizeof(*t), GFP_KERNEL);
	if (!t)
		return -ENOMEM;
	err = devm_mutex_init(&pdev->dev, &t->queue);
	if (err)
		return err;
	spin_lock_init(&t->lock);
	INIT_KFIFO(t->records);
	init_waitqueue_head(&t->readers);
	INIT_DELAYED_WORK(&t->watch, tremor_watch);
	pci_set_drvdata(pdev, t);

	err = pcim_enable_device(pdev);
	if (err)
		return err;
	err = pcim_iomap_regions(pdev, BIT(TREMOR_BAR), KBUILD_MODNAME);
	if (err)
		return err;
	t->registers = pcim_iomap_table(pdev)[TREMOR_BAR];
	if (FIELD_GET(TREMOR_ID_CHIP, get32(t, TREMOR_ID, false)) != TREMOR_ID_CHIP_RESET)
		return -ENODEV;

	start(t);
	pci_set_master(pdev);
	err = request_interrupts(pdev, t);
	if (err)
		goto stop;
	t->misc = (struct miscdevice) {
		.minor = MISC_DYNAMIC_MINOR,
		.name = "tremor",
		.fops = &tremor_fops,
		.parent = &pdev->dev,
	};
	err = misc_register(&t->misc);
	if (err)
		goto release;
	schedule_delayed_work(&t->watch, WATCH);
	put32(t, TREMOR_ENABLE, TREMOR_ENABLE_DATA | TREMOR_ENABLE_OVERRUN | TREMOR_ENABLE_SHOCK);
	return 0;

release:
	release_interrupts(pdev, t, VECTORS);
stop:
	stop(t);
	return err;
}

static void tremor_remove(struct pci_dev *pdev)
{
	struct tremor *t = pci_get_drvdata(pdev);

	misc_deregister(&t->misc);
	stop(t);
	release_interrupts(pdev, t, VECTORS);
	/* Handlers start it again, so it comes after them. */
	cancel_delayed_work_sync(&t->watch);
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
