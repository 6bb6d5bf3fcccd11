// SPDX-License-Identifier: GPL-2.0-only
/*
 * The firmware, which is not part of the driver. An overlay of the device tree, as a compiled
 * blob, is added when it is written to /dev/firmware, and removed when "remove" is. The lines are
 * those of the kernel's own gpio-sim: their levels are set through files in
 * /sys/devices/platform/expander/gpiochipN/sim_gpioM/.
 */
#include <linux/cleanup.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/of.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "firmware.h"

#define BLOB_MAX 16384

static DEFINE_MUTEX(tree_lock);
static int tree;	/* the overlay; 0: none */

/* A tree of which only a part could be added is taken away again. */
static int add_tree(const void *blob, size_t size)
{
	int err, id = 0;

	guard(mutex)(&tree_lock);
	if (tree)
		return -EBUSY;
	err = of_overlay_fdt_apply(blob, size, &id, NULL);
	if (err && id)
		of_overlay_remove(&id);
	else
		tree = id;
	return err;
}

static void remove_tree(void)
{
	guard(mutex)(&tree_lock);
	if (tree)
		of_overlay_remove(&tree);
	tree = 0;
}

static ssize_t firmware_write(struct file *file, const char __user *buf, size_t count,
			      loff_t *pos)
{
	char *blob __free(kfree) = NULL;
	int err = 0;

	if (count > BLOB_MAX)
		return -EFBIG;
	blob = memdup_user_nul(buf, count);
	if (IS_ERR(blob))
		return PTR_ERR(no_free_ptr(blob));
	if (sysfs_streq(blob, "remove"))
		remove_tree();
	else
		err = add_tree(blob, count);
	return err ?: count;
}

static const struct file_operations firmware_fops = {
	.owner = THIS_MODULE,
	.write = firmware_write,
};

static struct miscdevice firmware_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "firmware",
	.fops = &firmware_fops,
};

int firmware_init(void)
{
	return misc_register(&firmware_device);
}

void firmware_exit(void)
{
	misc_deregister(&firmware_device);
	remove_tree();
}
