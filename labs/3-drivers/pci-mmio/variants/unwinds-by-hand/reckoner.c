// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver for the arithmetic unit that takes and gives back everything
 * itself, in the order of pci.rst.
 */
#include <linux/bitfield.h>
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "chip.h"

#define POLL_MS		5
#define TEXT_MAX	64

struct reckoner {
	void __iomem *registers;
	struct mutex lock;	/* one operation at a time */
	struct miscdevice misc;
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
		fsleep(RECKONER_SETTLE_MIN_US);
}

static int calculate(struct reckoner *r, u32 code, u32 a, u32 b, u32 *result)
{
	unsigned long end;
	u32 status;

	guard(mutex)(&r->lock);
	put(r, RECKONER_OPERAND_A, RECKONER_OPERAND_A_BIG, a);
	put(r, RECKONER_OPERAND_B, RECKONER_OPERAND_B_BIG, b);
	put(r, RECKONER_OPERATION, false, FIELD_PREP(RECKONER_OPERATION_CODE, code));
	iowrite16(1, r->registers + RECKONER_START);
	/* One tick more: the current one has begun already. */
	end = jiffies + usecs_to_jiffies(RECKONER_OPERATION_MAX_US) + 1;
	for (;;) {
		bool last = time_after(jiffies, end);

		status = get(r, RECKONER_STATUS, false);
		if (status & RECKONER_STATUS_DONE)
			break;
		if (last) {
			switch_unit(r, false);
			switch_unit(r, true);
			return -ETIMEDOUT;
		}
		msleep(POLL_MS);
	}
	if (status & RECKONER_STATUS_FAILED)
		return -EIO;
	*result = get(r, RECKONER_RESULT, RECKONER_RESULT_BIG);
	return 0;
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
	u32 code, a, b, result;
	char text[TEXT_MAX];
	int err;

	if (count >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, from, count))
		return -EFAULT;
	text[count] = '\0';
	err = parse(text, &code, &a, &b);
	if (err)
		return err;
	guard(mutex)(&session->lock);
	err = calculate(session->reckoner, code, a, b, &result);
	if (err)
		return err;
	session->length = scnprintf(session->text, sizeof(session->text), "%u\n", result);
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

	r = kzalloc(sizeof(*r), GFP_KERNEL);
	if (!r)
		return -ENOMEM;
	mutex_init(&r->lock);
	err = pci_enable_device(pdev);
	if (err)
		goto free;
	err = pci_request_region(pdev, RECKONER_BAR, "reckoner");
	if (err)
		goto disable;
	err = -ENOMEM;
	r->registers = pci_iomap(pdev, RECKONER_BAR, 0);
	if (!r->registers)
		goto release;
	err = -ENODEV;
	id = get(r, RECKONER_ID, false);
	if (FIELD_GET(RECKONER_ID_CHIP, id) != RECKONER_ID_CHIP_RESET)
		goto unmap;
	switch_unit(r, true);
	r->misc.minor = MISC_DYNAMIC_MINOR;
	r->misc.name = "reckoner";
	r->misc.fops = &reckoner_fops;
	r->misc.parent = &pdev->dev;
	pci_set_drvdata(pdev, r);
	err = misc_register(&r->misc);
	if (err)
		goto off;
	return 0;

off:
	switch_unit(r, false);
unmap:
	pci_iounmap(pdev, r->registers);
release:
	pci_release_region(pdev, RECKONER_BAR);
disable:
	pci_disable_device(pdev);
free:
	kfree(r);
	return err;
}

static void reckoner_remove(struct pci_dev *pdev)
{
	struct reckoner *r = pci_get_drvdata(pdev);

	misc_deregister(&r->misc);
	switch_unit(r, false);
	pci_iounmap(pdev, r->registers);
	pci_release_region(pdev, RECKONER_BAR);
	pci_disable_device(pdev);
	kfree(r);
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
