// SPDX-License-Identifier: GPL-2.0-only
/*
 * A dock into which a simulated device is plugged and from which it is pulled.
 *
 * Each plugged device is an object of its own. It has one user for being plugged
 * in and one for each open file, and goes away with the last of them. What the
 * device is gone for is not its memory: every operation takes the object's lock
 * and looks whether there is still a device behind it.
 */
#include <linux/fs.h>
#include <linux/ioctl.h>
#include <linux/kref.h>
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
	struct kref users;
	struct miscdevice misc;
	wait_queue_head_t changed;
	u32 serial;

	struct mutex lock;	/* for what follows */
	bool gone;
	size_t length;		/* 0: no message */
	u8 message[MESSAGE_MAX];
};

/* Serializes plugging and pulling. Never taken in open(): misc_register() is called under it. */
static DEFINE_MUTEX(plug_lock);
static struct dock *plugged;

static void dock_free(struct kref *users)
{
	struct dock *dock = container_of(users, struct dock, users);

	mutex_destroy(&dock->lock);
	kfree(dock);
}

/* misc_open() has put our miscdevice there, and keeps misc_deregister() out until we are done. */
static int dock_open(struct inode *inode, struct file *file)
{
	struct dock *dock = container_of(file->private_data, struct dock, misc);

	kref_get(&dock->users);
	file->private_data = dock;
	return stream_open(inode, file);
}

static int dock_release(struct inode *inode, struct file *file)
{
	struct dock *dock = file->private_data;

	kref_put(&dock->users, dock_free);
	return 0;
}

static bool worth_a_look(struct dock *dock)
{
	return READ_ONCE(dock->gone) || READ_ONCE(dock->length);
}

static ssize_t dock_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	struct dock *dock = file->private_data;
	ssize_t ret;

	for (;;) {
		if (mutex_lock_interruptible(&dock->lock))
			return -ERESTARTSYS;
		if (dock->gone) {
			ret = -ENODEV;
			break;
		}
		if (dock->length) {
			ret = min(count, dock->length);
			if (copy_to_user(buf, dock->message, ret))
				ret = -EFAULT;
			else
				WRITE_ONCE(dock->length, 0);
			break;
		}
		mutex_unlock(&dock->lock);

		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_event_interruptible(dock->changed, worth_a_look(dock)))
			return -ERESTARTSYS;
	}
	mutex_unlock(&dock->lock);
	return ret;
}

static ssize_t dock_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	struct dock *dock = file->private_data;
	u8 message[MESSAGE_MAX];
	ssize_t ret = count;

	if (!count)
		return -EINVAL;
	if (count > sizeof(message))
		return -EMSGSIZE;
	if (copy_from_user(message, buf, count))
		return -EFAULT;

	if (mutex_lock_interruptible(&dock->lock))
		return -ERESTARTSYS;
	if (dock->gone) {
		ret = -ENODEV;
	} else {
		memcpy(dock->message, message, count);
		WRITE_ONCE(dock->length, count);
	}
	mutex_unlock(&dock->lock);

	if (ret > 0)
		wake_up_interruptible(&dock->changed);
	return ret;
}

static __poll_t dock_poll(struct file *file, poll_table *wait)
{
	struct dock *dock = file->private_data;
	__poll_t events;

	poll_wait(file, &dock->changed, wait);
	mutex_lock(&dock->lock);
	if (dock->gone) {
		events = EPOLLHUP | EPOLLERR;
	} else {
		events = EPOLLOUT | EPOLLWRNORM;
		if (dock->length)
			events |= EPOLLIN | EPOLLRDNORM;
	}
	mutex_unlock(&dock->lock);
	return events;
}

/* Which object a file belongs to does not change when its device goes. */
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
	.release = dock_release,
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

	lockdep_assert_held(&plug_lock);
	if (plugged)
		return -EBUSY;
	dock = kzalloc(sizeof(*dock), GFP_KERNEL);
	if (!dock)
		return -ENOMEM;
	kref_init(&dock->users);
	init_waitqueue_head(&dock->changed);
	mutex_init(&dock->lock);
	dock->serial = serial;
	dock->misc.minor = MISC_DYNAMIC_MINOR;
	dock->misc.name = "dock";
	dock->misc.fops = &dock_fops;

	err = misc_register(&dock->misc);
	if (err) {
		kref_put(&dock->users, dock_free);
		return err;
	}
	plugged = dock;
	return 0;
}

static int unplug(void)
{
	struct dock *dock = plugged;

	lockdep_assert_held(&plug_lock);
	if (!dock)
		return -ENODEV;
	plugged = NULL;
	/* First no new users, then the old ones are told, then we are none any more. */
	misc_deregister(&dock->misc);
	mutex_lock(&dock->lock);
	WRITE_ONCE(dock->gone, true);
	mutex_unlock(&dock->lock);
	wake_up_all(&dock->changed);
	kref_put(&dock->users, dock_free);
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
	return misc_register(&ctl_device);
}
module_init(dock_init);

static void __exit dock_exit(void)
{
	misc_deregister(&ctl_device);
	mutex_lock(&plug_lock);
	unplug();	/* nothing plugged is fine */
	mutex_unlock(&plug_lock);
}
module_exit(dock_exit);

MODULE_DESCRIPTION("A device that vanishes while it is in use");
MODULE_LICENSE("GPL");
