// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver for the recorder of ground motion.
 *
 * Nothing happens in a handler: each message wakes the thread of its cause, and
 * each cause has a mutex of its own, so that a shock never waits behind a
 * conversion. One more thread stands watch. Records are kept in a list, and
 * all but the end of the interrupts is managed by the device.
 */
#include <linux/bitfield.h>
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "chip.h"

#define LINE_MAX	32
#define KEPT		300

static unsigned short threshold = 40000;
module_param(threshold, ushort, 0444);
MODULE_PARM_DESC(threshold, "amplitude above which an event is a shock");

struct line {
	struct list_head node;
	size_t length;
	char text[LINE_MAX];
};

struct tremor {
	void __iomem *registers;
	struct mutex data, shock, overrun;	/* one at a time handles a cause */
	spinlock_t lines_lock;
	struct list_head lines;
	unsigned int kept;
	wait_queue_head_t readers;
	wait_queue_head_t rounds;
	bool heard;				/* a message came since the last look */
	struct task_struct *watch;
	struct miscdevice misc;
};

static u32 cause_of(struct tremor *t, u32 bit)
{
	return ioread32(t->registers + TREMOR_CAUSE) & bit;
}

static void acknowledge(struct tremor *t, u32 bit)
{
	iowrite32(bit, t->registers + TREMOR_CAUSE);
}

__printf(2, 3)
static void tell(struct tremor *t, const char *format, ...)
{
	struct line *line = kmalloc(sizeof(*line), GFP_KERNEL);
	va_list args;

	if (!line)
		return;
	va_start(args, format);
	line->length = vscnprintf(line->text, sizeof(line->text), format, args);
	va_end(args);
	scoped_guard(spinlock, &t->lines_lock) {
		if (t->kept < KEPT) {
			list_add_tail(&line->node, &t->lines);
			t->kept++;
			line = NULL;
		}
	}
	kfree(line);
	wake_up_interruptible(&t->readers);
}

static struct line *next_line(struct tremor *t)
{
	struct line *line;

	guard(spinlock)(&t->lines_lock);
	line = list_first_entry_or_null(&t->lines, struct line, node);
	if (line) {
		list_del(&line->node);
		t->kept--;
	}
	return line;
}

static bool do_shock(struct tremor *t)
{
	u16 peak;

	guard(mutex)(&t->shock);
	if (!cause_of(t, TREMOR_CAUSE_SHOCK))
		return false;
	peak = TREMOR_PEAK_BIG ? ioread16be(t->registers + TREMOR_PEAK) :
				 ioread16(t->registers + TREMOR_PEAK);
	acknowledge(t, TREMOR_CAUSE_SHOCK);
	tell(t, "shock %u\n", peak);
	return true;
}

static bool do_overrun(struct tremor *t)
{
	u16 dropped;

	guard(mutex)(&t->overrun);
	if (!cause_of(t, TREMOR_CAUSE_OVERRUN))
		return false;
	acknowledge(t, TREMOR_CAUSE_OVERRUN);
	dropped = TREMOR_DROPPED_BIG ? ioread16be(t->registers + TREMOR_DROPPED) :
				       ioread16(t->registers + TREMOR_DROPPED);
	dropped = FIELD_GET(TREMOR_DROPPED_COUNT, dropped);
	if (dropped)
		tell(t, "lost %u\n", dropped);
	return true;
}

/* Takes what is in the queue; gives the number of samples, and whether more are on their way. */
static unsigned int take(struct tremor *t, bool *busy)
{
	u32 status = ioread32(t->registers + TREMOR_STATUS);
	u32 level = FIELD_GET(TREMOR_STATUS_LEVEL, status);

	for (u32 i = 0; i < level; i++) {
		u32 sample = TREMOR_SAMPLE_BIG ? ioread32be(t->registers + TREMOR_SAMPLE) :
						 ioread32(t->registers + TREMOR_SAMPLE);

		tell(t, "sample %lu %lu\n", FIELD_GET(TREMOR_SAMPLE_CHANNEL, sample),
		     FIELD_GET(TREMOR_SAMPLE_VALUE, sample));
	}
	*busy = status & TREMOR_STATUS_BUSY;
	return level;
}

static bool do_data(struct tremor *t, bool look_anyway)
{
	ktime_t end;
	bool busy, any;

	guard(mutex)(&t->data);
	any = cause_of(t, TREMOR_CAUSE_DATA);
	if (any)
		acknowledge(t, TREMOR_CAUSE_DATA);
	else if (!look_anyway)
		return false;
	end = ktime_add_us(ktime_get(), TREMOR_CONVERT_MAX_US);
	for (;;) {
		bool last = ktime_after(ktime_get(), end);

		if (take(t, &busy))
			end = ktime_add_us(ktime_get(), TREMOR_CONVERT_MAX_US);
		else if (last)
			return any;
		if (!busy)
			return any;
		usleep_range(5000, 10000);
	}
}

/* A message that another look was faster than is ours all the same. */
static irqreturn_t heard(struct tremor *t, bool handled)
{
	t->heard = true;
	wake_up(&t->rounds);
	return handled ? IRQ_HANDLED : IRQ_NONE;
}

static irqreturn_t tremor_data(int irq, void *t)
{
	return heard(t, do_data(t, false));
}

static irqreturn_t tremor_shock(int irq, void *t)
{
	return heard(t, do_shock(t));
}

static irqreturn_t tremor_overrun(int irq, void *t)
{
	return heard(t, do_overrun(t));
}

static int tremor_stand_watch(void *data)
{
	const unsigned long pause = usecs_to_jiffies(TREMOR_WATCH_MIN_US) + 5;
	struct tremor *t = data;

	while (!kthread_should_stop()) {
		t->heard = false;
		if (wait_event_timeout(t->rounds, t->heard || kthread_should_stop(), pause))
			continue;
		do_shock(t);
		do_overrun(t);
		do_data(t, true);
	}
	return 0;
}

static ssize_t tremor_read(struct file *file, char __user *to, size_t count, loff_t *ppos)
{
	struct tremor *t = container_of(file->private_data, struct tremor, misc);
	struct line *line;
	ssize_t result;

	if (count < LINE_MAX)
		return -EINVAL;
	if (file->f_flags & O_NONBLOCK) {
		line = next_line(t);
		if (!line)
			return -EAGAIN;
	} else {
		result = wait_event_interruptible(t->readers, (line = next_line(t)));
		if (result)
			return result;
	}
	result = copy_to_user(to, line->text, line->length) ? -EFAULT : line->length;
	kfree(line);
	return result;
}

static const struct file_operations tremor_fops = {
	.owner = THIS_MODULE,
	.read = tremor_read,
};

static void forget(void *data)
{
	struct tremor *t = data;
	struct line *line;

	while ((line = next_line(t)))
		kfree(line);
}

static void switch_off(void *data)
{
	struct tremor *t = data;

	iowrite32(0, t->registers + TREMOR_ENABLE);
	iowrite32(0, t->registers + TREMOR_CONTROL);
	ioread32(t->registers + TREMOR_CONTROL);
}

static void end_watch(void *data)
{
	struct tremor *t = data;

	kthread_stop(t->watch);
}

static int request(struct pci_dev *pdev, struct tremor *t, int vector, irq_handler_t thread)
{
	return devm_request_threaded_irq(&pdev->dev, pci_irq_vector(pdev, vector), NULL, thread,
					 IRQF_ONESHOT, "tremor", t);
}

static int tremor_probe(struct pci_dev *pdev, const struct pci_device_id *ids)
{
	struct device *dev = &pdev->dev;
	struct tremor *t;
	u32 id;
	int err;

	t = devm_kzalloc(dev, sizeof(*t), GFP_KERNEL);
	if (!t)
		return -ENOMEM;
	mutex_init(&t->data);
	mutex_init(&t->shock);
	mutex_init(&t->overrun);
	spin_lock_init(&t->lines_lock);
	INIT_LIST_HEAD(&t->lines);
	init_waitqueue_head(&t->readers);
	init_waitqueue_head(&t->rounds);
	pci_set_drvdata(pdev, t);

	err = pcim_enable_device(pdev);
	if (err)
		return err;
	err = pcim_iomap_regions(pdev, BIT(TREMOR_BAR), "tremor");
	if (err)
		return err;
	t->registers = pcim_iomap_table(pdev)[TREMOR_BAR];
	id = ioread32(t->registers + TREMOR_ID);
	if (FIELD_GET(TREMOR_ID_CHIP, id) != TREMOR_ID_CHIP_RESET)
		return -ENODEV;
	switch_off(t);
	err = devm_add_action_or_reset(dev, forget, t);
	if (err)
		return err;

	pci_set_master(pdev);
	err = pci_alloc_irq_vectors(pdev, 3, 3, PCI_IRQ_MSI | PCI_IRQ_MSIX);
	if (err < 0)
		return err;
	err = request(pdev, t, TREMOR_DATA_VECTOR, tremor_data) ?:
	      request(pdev, t, TREMOR_SHOCK_VECTOR, tremor_shock) ?:
	      request(pdev, t, TREMOR_OVERRUN_VECTOR, tremor_overrun) ?:
	      devm_add_action_or_reset(dev, switch_off, t);
	if (err)
		return err;

	iowrite32(TREMOR_CONTROL_POWER, t->registers + TREMOR_CONTROL);
	msleep(TREMOR_SETTLE_MIN_US / 1000 + 1);
	if (TREMOR_THRESHOLD_BIG)
		iowrite16be(threshold, t->registers + TREMOR_THRESHOLD);
	else
		iowrite16(threshold, t->registers + TREMOR_THRESHOLD);
	iowrite32(TREMOR_CONTROL_POWER | TREMOR_CONTROL_RUN, t->registers + TREMOR_CONTROL);

	t->watch = kthread_run(tremor_stand_watch, t, "tremor");
	if (IS_ERR(t->watch))
		return PTR_ERR(t->watch);
	err = devm_add_action_or_reset(dev, end_watch, t);
	if (err)
		return err;
	t->misc.minor = MISC_DYNAMIC_MINOR;
	t->misc.name = "tremor";
	t->misc.fops = &tremor_fops;
	err = misc_register(&t->misc);
	if (err)
		return err;
	iowrite32(TREMOR_ENABLE_DATA | TREMOR_ENABLE_SHOCK | TREMOR_ENABLE_OVERRUN,
		  t->registers + TREMOR_ENABLE);
	return 0;
}

/* The rest goes in the reverse order: watch, chip, interrupts, lines. */
static void tremor_remove(struct pci_dev *pdev)
{
	struct tremor *t = pci_get_drvdata(pdev);

	misc_deregister(&t->misc);
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
