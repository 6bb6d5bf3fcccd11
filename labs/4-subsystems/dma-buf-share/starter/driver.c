// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/engraver: an exporter of buffers, and a laser that engraves what is in a dma-buf
 * of anybody.
 *
 * The device is there; what its two ioctls do is to be written. See brief.md, engraver.h
 * for what programs see, and bench.h for the laser.
 */
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/sync_file.h>
#include <linux/uaccess.h>

#include "bench.h"
#include "engraver.h"

static struct device *laser;
static int irq;

/* The exporter: struct dma_buf_ops, and what each device that attaches needs. */

static long engraver_alloc(unsigned long count)
{
	if (count < 1 || count > ENGRAVER_PAGES_MAX)
		return -EINVAL;
	/* TODO: memory, dma_buf_export(), dma_buf_fd() */
	return -EOPNOTSUPP;
}

/* The importer: a job and its fence. */

static irqreturn_t laser_interrupt(int irq, void *data)
{
	/* TODO: whose job is over, how does its fence learn of it, and who cleans up? */
	return IRQ_HANDLED;
}

static long engraver_engrave(const struct engraver_job __user *arg)
{
	struct engraver_job wanted;
	struct dma_buf *buffer;

	if (copy_from_user(&wanted, arg, sizeof(wanted)))
		return -EFAULT;
	buffer = dma_buf_get(wanted.buffer);
	if (IS_ERR(buffer))
		return PTR_ERR(buffer);
	/* TODO: attach, map, fences, queue; and what gives all that back */
	dma_buf_put(buffer);
	return -EOPNOTSUPP;
}

static long engraver_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case ENGRAVER_ALLOC:
		return engraver_alloc(arg);
	case ENGRAVER_ENGRAVE:
		return engraver_engrave((const struct engraver_job __user *)arg);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations engraver_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = engraver_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice engraver_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "engraver",
	.fops = &engraver_fops,
};

static int __init engraver_init(void)
{
	int err;

	err = bench_power_on(&laser, &irq);
	if (err)
		return err;
	err = request_irq(irq, laser_interrupt, 0, "engraver", &engraver_device);
	if (err)
		goto no_irq;
	err = misc_register(&engraver_device);
	if (err)
		goto no_device;
	return 0;

no_device:
	free_irq(irq, &engraver_device);
no_irq:
	bench_power_off();
	return err;
}
module_init(engraver_init);

static void __exit engraver_exit(void)
{
	misc_deregister(&engraver_device);
	free_irq(irq, &engraver_device);
	bench_power_off();
}
module_exit(engraver_exit);

MODULE_DESCRIPTION("An engraver that shares its buffers");
MODULE_LICENSE("GPL");
