// SPDX-License-Identifier: GPL-2.0-only
/*
 * Luggage lockers, another way: the event is held back while the device is added and its files
 * are made one by one, and is sent when all of them are there. Everything that files work on is
 * under one lock for all lockers, and a locker's data is an object behind its device's drvdata.
 */
#include <linux/device.h>
#include <linux/kobject.h>
#include <linux/kstrtox.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

struct data {
	struct list_head entry;
	struct device *dev;
	unsigned int number;
	bool keypad;
	bool gone;
	char label[25];
	char code[9];
	unsigned int rent, failures, first, last;	/* events first to last are kept */
	char *events[128];
};

static DEFINE_MUTEX(data_lock);		/* contents of all lockers */
static DEFINE_MUTEX(list_lock);		/* which lockers there are */
static LIST_HEAD(list);

static ssize_t label_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct data *data = dev_get_drvdata(dev);
	ssize_t length;

	mutex_lock(&data_lock);
	length = scnprintf(buf, PAGE_SIZE, "%s\n", data->label);
	mutex_unlock(&data_lock);
	return length;
}

static ssize_t label_store(struct device *dev, struct device_attribute *attr, const char *buf, size_t count)
{
	struct data *data = dev_get_drvdata(dev);
	char *label;
	size_t i;

	label = kstrndup(buf, count, GFP_KERNEL);
	if (!label)
		return -ENOMEM;
	i = strlen(label);
	if (i && label[i - 1] == '\n')
		label[--i] = '\0';
	if (i > 24 || strlen(buf) != count)
		goto invalid;
	while (i--)
		if (label[i] < ' ' || label[i] > '~')
			goto invalid;
	mutex_lock(&data_lock);
	strscpy_pad(data->label, label);
	mutex_unlock(&data_lock);
	kfree(label);
	return count;

invalid:
	kfree(label);
	return -EINVAL;
}

static ssize_t rent_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sprintf(buf, "%u\n", READ_ONCE(((struct data *)dev_get_drvdata(dev))->rent));
}

static ssize_t rent_store(struct device *dev, struct device_attribute *attr, const char *buf, size_t count)
{
	struct data *data = dev_get_drvdata(dev);
	unsigned long rent;
	int err = kstrtoul(buf, 10, &rent);

	if (err || rent - 1 >= 1440)
		return -EINVAL;
	WRITE_ONCE(data->rent, rent);
	return count;
}

static ssize_t state_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct data *data = dev_get_drvdata(dev);

	return sprintf(buf, "%s\n", READ_ONCE(data->code[0]) ? "locked" : "free");
}

static ssize_t failures_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct data *data = dev_get_drvdata(dev);

	return sprintf(buf, "%u\n", READ_ONCE(data->failures));
}

static ssize_t history_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct data *data = dev_get_drvdata(dev);
	ssize_t length = 0;

	mutex_lock(&data_lock);
	for (unsigned int i = data->last; i >= data->first && i > 0; i--) {
		const char *event = data->events[i % 128];

		if (length + strlen(event) > 4095)
			break;
		length += sprintf(buf + length, "%s", event);
	}
	mutex_unlock(&data_lock);
	return length;
}

static int note(struct data *data, const char *what)
{
	char *event = kasprintf(GFP_KERNEL, "%u %s %s\n", data->last + 1, what, data->label);

	if (!event)
		return -ENOMEM;
	data->last++;
	if (data->last - data->first == 128)
		data->first++;
	kfree(data->events[data->last % 128]);
	data->events[data->last % 128] = event;
	return 0;
}

static int enter(struct data *data, const char *code, bool lock)
{
	if (lock && data->code[0])
		return -EBUSY;
	if (!lock && !data->code[0])
		return -EINVAL;
	if (!lock && strcmp(code, data->code)) {
		data->failures++;
		return note(data, "refused") ?: -EACCES;
	}
	strscpy(data->code, lock ? code : "");
	return note(data, lock ? "locked" : "unlocked");
}

static ssize_t enter_store(struct device *dev, const char *buf, size_t count, bool lock)
{
	char code[9];
	size_t i;
	int err;

	for (i = 0; i < count && i < 8 && buf[i] >= '0' && buf[i] <= '9'; i++)
		code[i] = buf[i];
	code[i] = '\0';
	if (i < 4 || !(i == count || (i == count - 1 && buf[i] == '\n')))
		return -EINVAL;
	mutex_lock(&data_lock);
	err = enter(dev_get_drvdata(dev), code, lock);
	mutex_unlock(&data_lock);
	if (err)
		return err;
	sysfs_notify(&dev->kobj, NULL, "state");
	return count;
}

static ssize_t lock_store(struct device *dev, struct device_attribute *attr, const char *buf, size_t count)
{
	return enter_store(dev, buf, count, true);
}

static ssize_t unlock_store(struct device *dev, struct device_attribute *attr, const char *buf, size_t count)
{
	return enter_store(dev, buf, count, false);
}

static ssize_t remove_store(struct device *dev, struct device_attribute *attr, const char *buf, size_t count);

static struct device_attribute plain[] = {
	__ATTR(label, 0644, label_show, label_store),
	__ATTR(rent_minutes, 0644, rent_show, rent_store),
	__ATTR(state, 0444, state_show, NULL),
	__ATTR(history, 0444, history_show, NULL),
	__ATTR(remove, 0200, NULL, remove_store),
};

static struct device_attribute pad[] = {
	__ATTR(lock, 0200, NULL, lock_store),
	__ATTR(unlock, 0200, NULL, unlock_store),
	__ATTR(failures, 0444, failures_show, NULL),
};

static ssize_t add_store(const struct class *class, const struct class_attribute *attr,
			 const char *buf, size_t count);
static struct class_attribute add_attr = __ATTR(add, 0200, NULL, add_store);

static int uevent(const struct device *dev, struct kobj_uevent_env *env)
{
	const struct data *data = dev_get_drvdata(dev);

	return add_uevent_var(env, "LOCKER_KIND=%s", data->keypad ? "keypad" : "plain");
}

static void release(struct device *dev)
{
	struct data *data = dev_get_drvdata(dev);

	for (int i = 0; i < 128; i++)
		kfree(data->events[i]);
	kfree_sensitive(data);
	kfree(dev);
}

static const struct class locker_class = { .name = "locker", .dev_uevent = uevent, .dev_release = release };

static void take_out(struct data *data)
{
	struct device *dev = data->dev;

	device_del(dev);
	mutex_lock(&list_lock);
	list_del(&data->entry);
	mutex_unlock(&list_lock);
	put_device(dev);
}

static ssize_t remove_store(struct device *dev, struct device_attribute *attr, const char *buf, size_t count)
{
	struct data *data = dev_get_drvdata(dev);
	bool mine;

	if (!sysfs_streq(buf, "1"))
		return -EINVAL;
	mutex_lock(&list_lock);
	mine = !data->gone && try_module_get(THIS_MODULE);
	data->gone = data->gone || mine;
	mutex_unlock(&list_lock);
	if (!mine)
		return -ENODEV;
	device_remove_file_self(dev, attr);
	take_out(data);
	module_put(THIS_MODULE);
	return count;
}

static int make_files(struct device *dev, struct device_attribute *attrs, size_t count)
{
	int err = 0;

	for (size_t i = 0; !err && i < count; i++)
		err = device_create_file(dev, &attrs[i]);
	return err;
}

static int add(struct data *data)
{
	struct device *dev = kzalloc(sizeof(*dev), GFP_KERNEL);
	int err;

	if (!dev) {
		kfree(data);
		return -ENOMEM;
	}
	data->dev = dev;
	data->rent = 60;
	data->first = 1;
	device_initialize(dev);
	dev_set_drvdata(dev, data);
	dev->class = &locker_class;
	dev_set_uevent_suppress(dev, true);
	err = dev_set_name(dev, "locker%u", data->number);
	if (!err)
		err = device_add(dev);
	if (err)
		goto put;
	err = make_files(dev, plain, ARRAY_SIZE(plain));
	if (!err && data->keypad)
		err = make_files(dev, pad, ARRAY_SIZE(pad));
	if (err) {
		device_del(dev);	/* all files of a device go with it */
		goto put;
	}
	list_add(&data->entry, &list);
	dev_set_uevent_suppress(dev, false);
	kobject_uevent(&dev->kobj, KOBJ_ADD);
	return 0;

put:
	put_device(dev);
	return err;
}

static ssize_t add_store(const struct class *class, const struct class_attribute *attr,
			 const char *buf, size_t count)
{
	struct data *data, *other;
	unsigned int number;
	char kind[8];
	int end = 0;
	int err = -EINVAL;

	if (sscanf(buf, "%2u %7[adeiklnpy]%n", &number, kind, &end) < 2 ||
	    buf[strspn(buf, "0123456789")] != ' ' ||
	    !end || (buf[end] && !sysfs_streq(buf + end, "")))
		return -EINVAL;
	data = kzalloc(sizeof(*data), GFP_KERNEL);
	if (!data)
		return -ENOMEM;
	data->number = number;
	data->keypad = !strcmp(kind, "keypad");
	if (!data->keypad && strcmp(kind, "plain")) {
		kfree(data);
		return -EINVAL;
	}

	mutex_lock(&list_lock);
	err = 0;
	list_for_each_entry(other, &list, entry)
		if (other->number == number)
			err = -EEXIST;
	if (err)
		kfree(data);
	else
		err = add(data);
	mutex_unlock(&list_lock);
	return err ?: count;
}

static int __init locker_init(void)
{
	int err = class_register(&locker_class);

	if (err)
		return err;
	err = class_create_file(&locker_class, &add_attr);
	if (err)
		class_unregister(&locker_class);
	return err;
}
module_init(locker_init);

static void __exit locker_exit(void)
{
	class_remove_file(&locker_class, &add_attr);
	/* Nobody adds any more, and whoever removes one by its file would keep us from being here. */
	while (!list_empty(&list))
		take_out(list_first_entry(&list, struct data, entry));
	class_unregister(&locker_class);
}
module_exit(locker_exit);

MODULE_DESCRIPTION("Luggage lockers with files in sysfs");
MODULE_LICENSE("GPL");
