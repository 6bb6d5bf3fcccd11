// SPDX-License-Identifier: GPL-2.0-only
/*
 * The dock, another way: the device goes at once when it is pulled, and what
 * stays is small. Each open file has a session that points to the device while
 * there is one; pulling cuts every session off under the one lock. A file never
 * keeps the device alive, so nothing has to be counted.
 */
#include <linux/fs.h>
#include <linux/ioctl.h>
#include <linux/list.h>
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
	u32 serial;
	size_t length;
	u8 message[MESSAGE_MAX];
	struct list_head sessions;
};

struct session {
	struct list_head entry;
	struct dock *dock;	/* NULL: pulled */
	u32 serial;
};

/* Order: plug_lock, the lock of misc devices, dock_lock. */
static DEFINE_MUTEX(plug_lock);
static DEFINE_MUTEX(dock_lock);
static DECLARE_WAIT_QUEUE_HEAD(changed);
static struct dock *plugged;

static int dock_open(struct inode *inode, struct file *file)
{
	struct session *session = kzalloc(sizeof(*session), GFP_KERNEL);

	if (!session)
		return -ENOMEM;
	mutex_lock(&dock_lock);
	if (!plugged) {
		mutex_unlock(&dock_lock);
		kfree(session);
		return -ENODEV;
	}
	session->dock = plugged;
	session->serial = plugged->serial;
	list_add(&session->entry, &plugged->sessions);
	mutex_unlock(&dock_lock);
	file->private_data = session;
	return stream_open(inode, file);
}

static int dock_release(struct inode *inode, struct file *file)
{
	struct session *session = file->private_data;

	mutex_lock(&dock_lock);
	if (session->dock)
		list_del(&session->entry);
	mutex_unlock(&dock_lock);
	kfree(session);
	return 0;
}

static bool has_news(struct session *session)
{
	bool news;

	mutex_lock(&dock_lock);
	news = !session->dock || session->dock->length;
	mutex_unlock(&dock_lock);
	return news;
}

/* Sleeping in a condition needs a wait that allows it. */
static int wait_for_news(struct session *session)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	int err = 0;

	add_wait_queue(&changed, &wait);
	while (!err && !has_news(session)) {
		if (signal_pending(current))
			err = -ERESTARTSYS;
		else
			wait_woken(&wait, TASK_INTERRUPTIBLE, MAX_SCHEDULE_TIMEOUT);
	}
	remove_wait_queue(&changed, &wait);
	return err;
}

static ssize_t dock_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	struct session *session = file->private_data;
	u8 message[MESSAGE_MAX];
	ssize_t ret;

	for (;;) {
		mutex_lock(&dock_lock);
		if (!session->dock) {
			ret = -ENODEV;
		} else if (session->dock->length) {
			ret = min(count, session->dock->length);
			memcpy(message, session->dock->message, ret);
			session->dock->length = 0;
		} else {
			ret = -EAGAIN;
		}
		mutex_unlock(&dock_lock);
		if (ret != -EAGAIN || file->f_flags & O_NONBLOCK)
			break;
		ret = wait_for_news(session);
		if (ret)
			break;
	}
	if (ret > 0 && copy_to_user(buf, message, ret))
		ret = -EFAULT;
	return ret;
}

static ssize_t dock_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	struct session *session = file->private_data;
	u8 message[MESSAGE_MAX];
	ssize_t ret = count;

	if (!count)
		return -EINVAL;
	if (count > sizeof(message))
		return -EMSGSIZE;
	if (copy_from_user(message, buf, count))
		return -EFAULT;
	mutex_lock(&dock_lock);
	if (session->dock) {
		memcpy(session->dock->message, message, count);
		session->dock->length = count;
	} else {
		ret = -ENODEV;
	}
	mutex_unlock(&dock_lock);
	wake_up_all(&changed);
	return ret;
}

static __poll_t dock_poll(struct file *file, poll_table *wait)
{
	struct session *session = file->private_data;
	__poll_t events = EPOLLOUT | EPOLLWRNORM;

	poll_wait(file, &changed, wait);
	mutex_lock(&dock_lock);
	if (!session->dock)
		events = EPOLLHUP | EPOLLERR | EPOLLIN;
	else if (session->dock->length)
		events |= EPOLLIN | EPOLLRDNORM;
	mutex_unlock(&dock_lock);
	return events;
}

static long dock_ioctl(struct file *file, unsigned int request, unsigned long argument)
{
	struct session *session = file->private_data;

	if (request != DOCK_SERIAL)
		return -ENOTTY;
	return put_user(session->serial, (u32 __user *)argument);
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

static struct miscdevice dock_device = {
	.name = "dock",
	.fops = &dock_fops,
};

/* Takes the device away from all sessions and frees it. */
static void cut_off(void)
{
	struct session *session, *next;
	struct dock *dock;

	mutex_lock(&dock_lock);
	dock = plugged;
	plugged = NULL;
	list_for_each_entry_safe(session, next, &dock->sessions, entry) {
		list_del(&session->entry);
		session->dock = NULL;
	}
	mutex_unlock(&dock_lock);
	kfree(dock);
	wake_up_all(&changed);
}

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
	INIT_LIST_HEAD(&dock->sessions);
	mutex_lock(&dock_lock);
	plugged = dock;
	mutex_unlock(&dock_lock);

	dock_device.minor = MISC_DYNAMIC_MINOR;
	err = misc_register(&dock_device);
	if (err)
		cut_off();
	return err;
}

static int unplug(void)
{
	if (!plugged)
		return -ENODEV;
	misc_deregister(&dock_device);
	cut_off();
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
