// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver for the arithmetic unit.
 *
 * Operations go through an ordered workqueue, which touches the chip alone, so
 * there is nothing to lock. It also waits until the unit has settled, only
 * when somebody has something to calculate.
 */
#include <linux/bitfield.h>
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/iopoll.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "chip.h"

#define POLL_US		1000
#define TEXT_MAX	64

struct reckoner {
	void __iomem *registers;
	struct workqueue_struct *queue;	/* one operation at a time */
	ktime_t settled;
	struct miscdevice misc;
};

struct job {
	struct work_struct work;
	struct reckoner *reckoner;
	u32 code, a, b, result;
	int err;
};

struct session {
	struct reckoner *reckoner;
	struct mutex lock;	/* text and length */
	char text[16];
	size_t length;
};

static const struct {
	const char *name;
	u32 code;
} operations[] = {
	{ "add", RECKONER_OPERATION_CODE_ADD },
	{ "subtract", RECKONER_OPERATION_CODE_SUBTRACT },
	{ "multiply", RECKONER_OPERATION_CODE_MULTIPLY },
	{ "divide", RECKONER_OPERATION_CODE_DIVIDE },
};

static u32 get(struct reckoner *r, unsigned int offset, bool big)
{
	return big ? ioread32be(r->registers + offset) : ioread32(r->registers + offset);
}

static void put(struct reckoner *r, unsigned int offset, bool big, u32 value)
{
	if (big)
		iowrite32be(value, r->registers + offset);
	else
		iowrite32(value, r->registers + offset);
}

/* All but the switch is written back as it was read. */
static void switch_unit(struct reckoner *r, bool on)
{
	u32 control = get(r, RECKONER_CONTROL, false) & ~RECKONER_CONTROL_ENABLE;

	if (on)
		control |= RECKONER_CONTROL_ENABLE;
	put(r, RECKONER_CONTROL, false, control);
	if (on)
		r->settled = ktime_add_us(ktime_get(), RECKONER_SETTLE_MIN_US);
}

static int calculate(struct reckoner *r, u32 code, u32 a, u32 b, u32 *result)
{
	s64 wait = ktime_us_delta(r->settled, ktime_get());
	u32 status;
	int err;

	if (wait > 0)
		fsleep(wait);
	put(r, RECKONER_OPERAND_A, RECKONER_OPERAND_A_BIG, a);
	put(r, RECKONER_OPERAND_B, RECKONER_OPERAND_B_BIG, b);
	put(r, RECKONER_OPERATION, false, FIELD_PREP(RECKONER_OPERATION_CODE, code));
	iowrite16(1, r->registers + RECKONER_START);
	err = read_poll_timeout(ioread32, status, status & RECKONER_STATUS_DONE,
				POLL_US, RECKONER_OPERATION_MAX_US + POLL_US, false,
				r->registers + RECKONER_STATUS);
	if (err) {
		switch_unit(r, false);
		switch_unit(r, true);
		return err;
	}
	if (status & RECKONER_STATUS_FAILED)
		return -EIO;
	*result = get(r, RECKONER_RESULT, RECKONER_RESULT_BIG);
	return 0;
}

static void do_job(struct work_struct *work)
{
	struct job *job = container_of(work, struct job, work);

	job->err = calculate(job->reckoner, job->code, job->a, job->b, &job->result);
}

static int parse(char *text, u32 *code, u32 *a, u32 *b)
{
	char *words[3], *word;
	size_t count = 0;

	text = strim(text);
	while ((word = strsep(&text, " "))) {
		if (!*word)
			continue;
		if (count == ARRAY_SIZE(words))
			return -EINVAL;
		words[count++] = word;
	}
	if (count < ARRAY_SIZE(words))
		return -EINVAL;
	if (kstrtou32(words[1], 10, a) || kstrtou32(words[2], 10, b))
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(operations); i++) {
		if (strcmp(words[0], operations[i].name) == 0) {
			*code = operations[i].code;
			return 0;
		}
	}
	return -EINVAL;
}

static ssize_t reckoner_write(struct file *file, const char __user *from, size_t count, loff_t *ppos)
{
	struct session *session = file->private_data;
	struct job job = { .reckoner = session->reckoner };
	char text[TEXT_MAX];
	int err;

	if (count >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, from, count))
		return -EFAULT;
	text[count] = '\0';
	err = parse(text, &job.code, &job.a, &job.b);
	if (err)
		return err;
	guard(mutex)(&session->lock);
	INIT_WORK_ONSTACK(&job.work, do_job);
	queue_work(session->reckoner->queue, &job.work);
	flush_work(&job.work);
	destroy_work_on_stack(&job.work);
	if (job.err)
		return job.err;
	session->length = scnprintf(session->text, sizeof(session->text), "%u\n", job.result);
	*ppos = 0;
	return count;
}

static ssize_t reckoner_read(struct file *file, char __user *to, size_t count, loff_t *ppos)
{
	struct session *session = file->private_data;

	guard(mutex)(&session->lock);
	return simple_read_from_buffer(to, count, ppos, session->text, session->length);
}

static int reckoner_open(struct inode *inode, struct file *file)
{
	struct miscdevice *misc = file->private_data;
	struct session *session = kzalloc(sizeof(*session), GFP_KERNEL);

	if (!session)
		return -ENOMEM;
	session->reckoner = container_of(misc, struct reckoner, misc);
	mutex_init(&session->lock);
	file->private_data = session;
	return 0;
}

static int reckoner_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

static const struct file_operations reckoner_fops = {
	.owner = THIS_MODULE,
	.open = reckoner_open,
	.release = reckoner_release,
	.read = reckoner_read,
	.write = reckoner_write,
	.llseek = noop_llseek,
};

static int reckoner_probe(struct pci_dev *pdev, const struct pci_device_id *ids)
{
	struct reckoner *r;
	u32 id;
	int err;

	r = devm_kzalloc(&pdev->dev, sizeof(*r), GFP_KERNEL);
	if (!r)
		return -ENOMEM;
	err = pcim_enable_device(pdev);
	if (err)
		return err;
	err = pcim_iomap_regions(pdev, BIT(RECKONER_BAR), KBUILD_MODNAME);
	if (err)
		return err;
	r->registers = pcim_iomap_table(pdev)[RECKONER_BAR];

	id = get(r, RECKONER_ID, false);
	if (FIELD_GET(RECKONER_ID_CHIP, id) != RECKONER_ID_CHIP_RESET)
		return -ENODEV;
	r->queue = alloc_ordered_workqueue("reckoner", 0);
	if (!r->queue)
		return -ENOMEM;
	switch_unit(r, true);
	r->misc = (struct miscdevice) {
		.minor = MISC_DYNAMIC_MINOR,
		.name = "reckoner",
		.fops = &reckoner_fops,
		.parent = &pdev->dev,
	};
	pci_set_drvdata(pdev, r);
	err = misc_register(&r->misc);
	if (err) {
		switch_unit(r, false);
		destroy_workqueue(r->queue);
	}
	return err;
}

static void reckoner_remove(struct pci_dev *pdev)
{
	struct reckoner *r = pci_get_drvdata(pdev);

	misc_deregister(&r->misc);
	destroy_workqueue(r->queue);
	switch_unit(r, false);
}

static const struct pci_device_id reckoner_ids[] = {
	{ PCI_DEVICE(RECKONER_VENDOR, RECKONER_DEVICE) },
	{ }
};
MODULE_DEVICE_TABLE(pci, reckoner_ids);

static struct pci_driver reckoner_driver = {
	.name = "reckoner",
	.id_table = reckoner_ids,
	.probe = reckoner_probe,
	.remove = reckoner_remove,
};
module_pci_driver(reckoner_driver);

MODULE_DESCRIPTION("Arithmetic unit");
MODULE_LICENSE("GPL");
