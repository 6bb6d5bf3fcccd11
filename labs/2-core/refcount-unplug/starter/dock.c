// SPDX-License-Identifier: GPL-2.0-only
/*
 * A dock into which a simulated device is plugged and from which it is pulled.
 *
 * The control device understands its commands. What a plugged device is, and
 * how long it lives, is yours. See brief.md.
 */
#include <linux/fs.h>
#include <linux/ioctl.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#define DOCK_SERIAL _IOR(0xd0, 1, __u32)	/* 0x8004d001 */
#define MESSAGE_MAX 64

/* Serializes plugging and pulling. */
static DEFINE_MUTEX(plug_lock);

static int plug(u32 serial)
{
	/* TODO: make an object with this serial number; /dev/dock is its device */
	return -EOPNOTSUPP;
}

static int unplug(void)
{
	/* TODO: the device goes now; the object when nobody uses it any more */
	return -EOPNOTSUPP;
}

static ssize_t ctl_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	char text[32];
	char *command;
	u32 serial;
	int err;

	if (count >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, buf, count))
		return -EFAULT;
	text[count] = '\0';
	command = strim(text);

	if (!strcmp(command, "unplug")) {
		mutex_lock(&plug_lock);
		err = unplug();
		mutex_unlock(&plug_lock);
	} else if (!strncmp(command, "plug ", 5) && !kstrtou32(command + 5, 10, &serial)) {
		mutex_lock(&plug_lock);
		err = plug(serial);
		mutex_unlock(&plug_lock);
	} else {
		err = -EINVAL;
	}
	return err ?: count;
}

static const struct file_operations ctl_fops = {
	.owner = THIS_MODULE,
	.write = ctl_write,
};

static struct miscdevice ctl_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "dockctl",
	.fops = &ctl_fops,
};

static int __init dock_init(void)
{
	return misc_register(&ctl_device);
}
module_init(dock_init);

static void __exit dock_exit(void)
{
	misc_deregister(&ctl_device);
	/* TODO: a device may still be plugged in */
}
module_exit(dock_exit);

MODULE_DESCRIPTION("A device that vanishes while it is in use");
MODULE_LICENSE("GPL");
