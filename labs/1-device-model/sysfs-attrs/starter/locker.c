// SPDX-License-Identifier: GPL-2.0-only
/*
 * Luggage lockers: a class of devices that programs use through files in sysfs.
 *
 * Lockers can be added, with two files each. What is missing, and what is wrong with these two
 * and with the moment at which they appear, is yours. See brief.md.
 */
#include <linux/device.h>
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#define LOCKERS 100

struct locker {
	struct device dev;
	bool keypad;
	char label[25];
	unsigned int rent_minutes;
};

static DEFINE_MUTEX(lockers_lock);
static struct locker *lockers[LOCKERS];

static ssize_t label_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct locker *locker = dev_get_drvdata(dev);

	return sprintf(buf, "%s\n", locker->label);
}

static ssize_t label_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t count)
{
	struct locker *locker = dev_get_drvdata(dev);

	strscpy(locker->label, buf);	/* TODO: what is not allowed, and the newline */
	return count;
}
static DEVICE_ATTR_RW(label);

static ssize_t rent_minutes_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct locker *locker = dev_get_drvdata(dev);

	return sprintf(buf, "%u\n", locker->rent_minutes);
}

static ssize_t rent_minutes_store(struct device *dev, struct device_attribute *attr,
				  const char *buf, size_t count)
{
	struct locker *locker = dev_get_drvdata(dev);

	if (sscanf(buf, "%u", &locker->rent_minutes) != 1)
		return -EINVAL;
	return count;
}
static DEVICE_ATTR_RW(rent_minutes);

static void locker_release(struct device *dev)
{
	kfree(container_of(dev, struct locker, dev));
}

static ssize_t add_store(const struct class *class, const struct class_attribute *attr,
			 const char *buf, size_t count);
static CLASS_ATTR_WO(add);

static struct attribute *locker_class_attrs[] = {
	&class_attr_add.attr,
	NULL
};
ATTRIBUTE_GROUPS(locker_class);

static const struct class locker_class = {
	.name = "locker",
	.class_groups = locker_class_groups,
	.dev_release = locker_release,
};

static int add(unsigned int number, bool keypad)
{
	struct locker *locker;
	int err;

	guard(mutex)(&lockers_lock);
	if (lockers[number])
		return -EEXIST;
	locker = kzalloc(sizeof(*locker), GFP_KERNEL);
	if (!locker)
		return -ENOMEM;
	locker->keypad = keypad;
	locker->rent_minutes = 60;
	device_initialize(&locker->dev);
	locker->dev.class = &locker_class;
	dev_set_drvdata(&locker->dev, locker);
	err = dev_set_name(&locker->dev, "locker%u", number);
	if (!err)
		err = device_add(&locker->dev);
	if (err) {
		put_device(&locker->dev);
		return err;
	}
	lockers[number] = locker;
	/* TODO: who has seen the device by now, and what did it find? */
	err = device_create_file(&locker->dev, &dev_attr_label);
	if (!err)
		err = device_create_file(&locker->dev, &dev_attr_rent_minutes);
	return err;
}

static ssize_t add_store(const struct class *class, const struct class_attribute *attr,
			 const char *buf, size_t count)
{
	char text[16], *kind;
	unsigned int number;
	int err;

	if (strscpy(text, buf) < 0)
		return -EINVAL;
	kind = strchr(text, ' ');
	if (!kind)
		return -EINVAL;
	*kind++ = '\0';
	if (kstrtouint(text, 10, &number) || number >= LOCKERS)
		return -EINVAL;
	if (sysfs_streq(kind, "keypad"))
		err = add(number, true);
	else if (sysfs_streq(kind, "plain"))
		err = add(number, false);
	else
		err = -EINVAL;
	return err ?: count;
}

static int __init locker_init(void)
{
	return class_register(&locker_class);
}
module_init(locker_init);

static void __exit locker_exit(void)
{
	for (unsigned int i = 0; i < LOCKERS; i++)
		if (lockers[i])
			device_unregister(&lockers[i]->dev);
	class_unregister(&locker_class);
}
module_exit(locker_exit);

MODULE_DESCRIPTION("Luggage lockers with files in sysfs");
MODULE_LICENSE("GPL");
