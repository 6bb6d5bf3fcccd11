// SPDX-License-Identifier: GPL-2.0-only
/*
 * The dock, another way: the object is a struct device with a character device
 * inside. The device model counts the users: the cdev holds its parent for as
 * long as a file is open, and release() runs with the last of them. Waiting and
 * the message are guarded by the lock of the wait queue.
 */
#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/ioctl.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#define DOCK_SERIAL _IOR(0xd0, 1, __u32)
#define MESSAGE_MAX 64

struct dock {
	struct device dev;
	struct cdev cdev;
	u32 serial;

	wait_queue_head_t changed;	/* its lock is for what follows */
	bool gone;
	size_t length;
	u8 message[MESSAGE_MAX];
};

static DEFINE_MUTEX(plug_lock);
static struct dock *plugged;
static dev_t devt;

static void dock_dev_release(struct device *dev)
{
	kfree(container_of(dev, struct dock, dev));
}

static const struct class dock_class = {
	.name = "dock",
	.dev_release = dock_dev_release,
};

static int dock_open(struct inode *inode, struct file *file)
{
	struct dock *dock = container_of(inode->i_cdev, struct dock, cdev);

	/* The chrdev layer holds the cdev while we are open, and the cdev holds the device. */
	file->private_data = dock;
	return stream_open(inode, file);
}

static ssize_t dock_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	struct dock *dock = file->private_data;
	u8 message[MESSAGE_MAX];
	int err = 0;

	spin_lock(&dock->changed.lock);
	if (!(file->f_flags & O_NONBLOCK))
		err = wait_event_interruptible_locked(dock->changed, dock->gone || dock->length);
	if (!err) {
		if (dock->gone) {
			err = -ENODEV;
		} else if (!dock->length) {
			err = -EAGAIN;
		} else {
			count = min(count, dock->length);
			memcpy(message, dock->message, count);
			dock->length = 0;
		}
	}
	spin_unlock(&dock->changed.lock);
	if (err)
		return err;
	return copy_to_user(buf, message, count) ? -EFAULT : count;
}

static ssize_t dock_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	struct dock *dock = file->private_data;
	u8 message[MESSAGE_MAX];
	bool gone;

	if (!count)
		return -EINVAL;
	if (count > sizeof(message))
		return -EMSGSIZE;
	if (copy_from_user(message, buf, count))
		return -EFAULT;

	spin_lock(&dock->changed.lock);
	gone = dock->gone;
	if (!gone) {
		memcpy(dock->message, message, count);
		dock->length = count;
		wake_up_locked_poll(&dock->changed, EPOLLIN | EPOLLRDNORM);
	}
	spin_unlock(&dock->changed.lock);
	return gone ? -ENODEV : count;
}

static __poll_t dock_poll(struct file *file, poll_table *wait)
{
	struct dock *dock = file->private_data;
	__poll_t events = EPOLLOUT | EPOLLWRNORM;

	poll_wait(file, &dock->changed, wait);
	spin_lock(&dock->changed.lock);
	if (dock->gone)
		events = EPOLLHUP;
	else if (dock->length)
		events |= EPOLLIN | EPOLLRDNORM;
	spin_unlock(&dock->changed.lock);
	return events;
}

static long dock_ioctl(struct file *file, unsigned int request, unsigned long argument)
{
	struct dock *dock = file->private_data;

	if (request != DOCK_SERIAL)
		return -ENOTTY;
	return put_user(dock->serial, (u32 __user *)argument);
}

static const struct file_operations dock_fops = {
	.owner = THIS_MODULE,
	.open = dock_open,
	.read = dock_read,
	.write = dock_write,
	.poll = dock_poll,
	.unlocked_ioctl = dock_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static int plug(u32 serial)
{
	struct dock *dock;
	int err;

	if (plugged)
		return -EBUSY;
	dock = kzalloc(sizeof(*dock), GFP_KERNEL);
	if (!dock)
		return -ENOMEM;
	dock->serial = serial;
	init_waitqueue_head(&dock->changed);
	device_initialize(&dock->dev);
	dock->dev.class = &dock_class;
	dock->dev.devt = devt;
	cdev_init(&dock->cdev, &dock_fops);
	dock->cdev.owner = THIS_MODULE;
	err = dev_set_name(&dock->dev, "dock");
	if (!err)
		err = cdev_device_add(&dock->cdev, &dock->dev);
	if (err) {
		put_device(&dock->dev);
		return err;
	}
	plugged = dock;
	return 0;
}

static int unplug(void)
{
	struct dock *dock = plugged;

	if (!dock)
		return -ENODEV;
	plugged = NULL;
	cdev_device_del(&dock->cdev, &dock->dev);
	spin_lock(&dock->changed.lock);
	dock->gone = true;
	wake_up_all_locked(&dock->changed);
	spin_unlock(&dock->changed.lock);
	put_device(&dock->dev);
	return 0;
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
	int err = alloc_chrdev_region(&devt, 0, 1, "dock");

	if (err)
		return err;
	err = class_register(&dock_class);
	if (err)
		goto no_class;
	err = misc_register(&ctl_device);
	if (err)
		goto no_control;
	return 0;

no_control:
	class_unregister(&dock_class);
no_class:
	unregister_chrdev_region(devt, 1);
	return err;
}
module_init(dock_init);

static void __exit dock_exit(void)
{
	misc_deregister(&ctl_device);
	mutex_lock(&plug_lock);
	unplug();	/* nothing plugged is fine */
	mutex_unlock(&plug_lock);
	class_unregister(&dock_class);
	unregister_chrdev_region(devt, 1);
}
module_exit(dock_exit);

MODULE_DESCRIPTION("A device that vanishes while it is in use");
MODULE_LICENSE("GPL");
