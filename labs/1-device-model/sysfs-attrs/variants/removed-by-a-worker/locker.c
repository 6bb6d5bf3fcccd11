// SPDX-License-Identifier: GPL-2.0-only
/*
 * Luggage lockers, another way: the two kinds are device types with groups of their own, so
 * nothing has to be made invisible; removing is left to a work item, which waits for the file
 * that asked for it like anybody else; the history is a list whose text is made under a
 * spinlock.
 */
#include <linux/ctype.h>
#include <linux/device.h>
#include <linux/kstrtox.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

struct happening {
	struct list_head entry;
	char text[48];
};

struct locker {
	struct device dev;
	u32 number;
	struct work_struct removal;
	unsigned long asked;	/* bit 0: removal was asked for */
	atomic_t rent_minutes;
	spinlock_t lock;	/* for what follows */
	char label[25];
	char code[9];
	bool locked;
	unsigned int failures;
	unsigned int count;
	struct list_head history;	/* the newest first */
};

#define to_locker(_dev) container_of_const(_dev, struct locker, dev)

static DEFINE_XARRAY(lockers);		/* what is or will be in sysfs */
static DEFINE_MUTEX(adding);
static struct workqueue_struct *removals;

static ssize_t label_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct locker *locker = to_locker(dev);
	ssize_t length;

	spin_lock(&locker->lock);
	length = sysfs_emit(buf, "%s\n", locker->label);
	spin_unlock(&locker->lock);
	return length;
}

static ssize_t label_store(struct device *dev, struct device_attribute *attr, const char *buf, size_t count)
{
	struct locker *locker = to_locker(dev);
	char label[sizeof(locker->label)] = "";
	size_t length = strcspn(buf, "\n");

	/* One newline, and only at the end. */
	if (length >= sizeof(label) || count - length > 1)
		return -EINVAL;
	for (size_t i = 0; i < length; i++) {
		if (buf[i] < 0x20 || buf[i] > 0x7e)
			return -EINVAL;
		label[i] = buf[i];
	}
	spin_lock(&locker->lock);
	memcpy(locker->label, label, sizeof(label));
	spin_unlock(&locker->lock);
	return count;
}
static DEVICE_ATTR_RW(label);

static ssize_t rent_minutes_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", atomic_read(&to_locker(dev)->rent_minutes));
}

static ssize_t rent_minutes_store(struct device *dev, struct device_attribute *attr, const char *buf, size_t count)
{
	u16 minutes;

	if (kstrtou16(buf, 10, &minutes) || minutes < 1 || minutes > 1440)
		return -EINVAL;
	atomic_set(&to_locker(dev)->rent_minutes, minutes);
	return count;
}
static DEVICE_ATTR_RW(rent_minutes);

static ssize_t state_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, READ_ONCE(to_locker(dev)->locked) ? "locked\n" : "free\n");
}
static DEVICE_ATTR_RO(state);

static ssize_t failures_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(to_locker(dev)->failures));
}
static DEVICE_ATTR_RO(failures);

static ssize_t history_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct locker *locker = to_locker(dev);
	struct happening *happening;
	size_t at = 0;

	spin_lock(&locker->lock);
	list_for_each_entry(happening, &locker->history, entry) {
		size_t length = strlen(happening->text);

		if (at + length > PAGE_SIZE - 1)
			break;
		memcpy(buf + at, happening->text, length);
		at += length;
	}
	spin_unlock(&locker->lock);
	return at;
}
static DEVICE_ATTR_RO(history);

/* Puts the newest event first; the oldest of too many is used again. */
static struct happening *tell(struct locker *locker, struct happening *new, const char *what)
{
	struct happening *unused = NULL;

	lockdep_assert_held(&locker->lock);
	snprintf(new->text, sizeof(new->text), "%u %s %s\n", ++locker->count, what, locker->label);
	list_add(&new->entry, &locker->history);
	if (locker->count > 128) {
		unused = list_last_entry(&locker->history, struct happening, entry);
		list_del(&unused->entry);
	}
	return unused;
}

static bool is_code(const char *buf)
{
	size_t digits = strspn(buf, "0123456789");

	return digits >= 4 && digits <= 8 && (!buf[digits] || (buf[digits] == '\n' && !buf[digits + 1]));
}

static ssize_t use_code(struct device *dev, const char *buf, size_t count, bool lock)
{
	struct happening *happening = kmalloc(sizeof(*happening), GFP_KERNEL);
	struct locker *locker = to_locker(dev);
	ssize_t ret = count;
	char code[9] = "";

	if (!happening)
		return -ENOMEM;
	if (!is_code(buf)) {
		kfree(happening);
		return -EINVAL;
	}
	memcpy(code, buf, strspn(buf, "0123456789"));
	spin_lock(&locker->lock);
	if (lock && locker->locked) {
		ret = -EBUSY;
	} else if (!lock && !locker->locked) {
		ret = -EINVAL;
	} else if (!lock && strcmp(code, locker->code)) {
		locker->failures++;
		happening = tell(locker, happening, "refused");
		ret = -EACCES;
	} else {
		memcpy(locker->code, code, sizeof(code));
		locker->locked = lock;
		happening = tell(locker, happening, lock ? "locked" : "unlocked");
	}
	spin_unlock(&locker->lock);
	kfree(happening);
	if (ret > 0)
		sysfs_notify(&dev->kobj, NULL, "state");
	return ret;
}

static ssize_t lock_store(struct device *dev, struct device_attribute *attr, const char *buf, size_t count)
{
	return use_code(dev, buf, count, true);
}
static DEVICE_ATTR_WO(lock);

static ssize_t unlock_store(struct device *dev, struct device_attribute *attr, const char *buf, size_t count)
{
	return use_code(dev, buf, count, false);
}
static DEVICE_ATTR_WO(unlock);

static void remove_now(struct work_struct *work)
{
	struct locker *locker = container_of(work, struct locker, removal);

	device_del(&locker->dev);
	/* Whoever finds it in the xarray under the mutex finds it alive. */
	mutex_lock(&adding);
	xa_erase(&lockers, locker->number);
	mutex_unlock(&adding);
	put_device(&locker->dev);
}

static ssize_t remove_store(struct device *dev, struct device_attribute *attr, const char *buf, size_t count)
{
	struct locker *locker = to_locker(dev);

	if (!sysfs_streq(buf, "1"))
		return -EINVAL;
	if (!test_and_set_bit(0, &locker->asked))
		queue_work(removals, &locker->removal);
	return count;
}
static DEVICE_ATTR_WO(remove);

static struct attribute *plain_attrs[] = {
	&dev_attr_label.attr, &dev_attr_rent_minutes.attr, &dev_attr_state.attr, &dev_attr_history.attr,
	&dev_attr_remove.attr, NULL
};
ATTRIBUTE_GROUPS(plain);

static struct attribute *pad_attrs[] = {
	&dev_attr_lock.attr, &dev_attr_unlock.attr, &dev_attr_failures.attr, NULL
};
static const struct attribute_group pad_group = { .attrs = pad_attrs };
static const struct attribute_group *keypad_groups[] = { &plain_group, &pad_group, NULL };

static int plain_uevent(const struct device *dev, struct kobj_uevent_env *env)
{
	return add_uevent_var(env, "LOCKER_KIND=plain");
}

static int keypad_uevent(const struct device *dev, struct kobj_uevent_env *env)
{
	return add_uevent_var(env, "LOCKER_KIND=keypad");
}

static void locker_release(struct device *dev)
{
	struct locker *locker = to_locker(dev);
	struct happening *happening, *next;

	list_for_each_entry_safe(happening, next, &locker->history, entry)
		kfree(happening);
	kfree_sensitive(locker);
}

static const struct device_type plain = {
	.name = "plain", .groups = plain_groups, .uevent = plain_uevent, .release = locker_release,
};

static const struct device_type keypad = {
	.name = "keypad", .groups = keypad_groups, .uevent = keypad_uevent, .release = locker_release,
};

static ssize_t add_store(const struct class *class, const struct class_attribute *attr,
			 const char *buf, size_t count);
static CLASS_ATTR_WO(add);

static const struct class locker_class = { .name = "locker" };

static int add(u32 number, const struct device_type *type)
{
	struct locker *locker = kzalloc(sizeof(*locker), GFP_KERNEL);
	int err;

	if (!locker)
		return -ENOMEM;
	locker->number = number;
	spin_lock_init(&locker->lock);
	INIT_LIST_HEAD(&locker->history);
	INIT_WORK(&locker->removal, remove_now);
	atomic_set(&locker->rent_minutes, 60);
	device_initialize(&locker->dev);
	locker->dev.class = &locker_class;
	locker->dev.type = type;
	err = dev_set_name(&locker->dev, "locker%u", number);
	if (err)
		goto put;
	err = xa_insert(&lockers, number, locker, GFP_KERNEL);
	if (err) {
		err = err == -EBUSY ? -EEXIST : err;
		goto put;
	}
	err = device_add(&locker->dev);
	if (err)
		goto erase;
	return 0;

erase:
	xa_erase(&lockers, number);
put:
	put_device(&locker->dev);
	return err;
}

static ssize_t add_store(const struct class *class, const struct class_attribute *attr,
			 const char *buf, size_t count)
{
	const struct device_type *type;
	char number[4] = "";
	size_t digits = strspn(buf, "0123456789");
	u32 n;
	int err;

	if (digits < 1 || digits > 2 || buf[digits] != ' ')
		return -EINVAL;
	memcpy(number, buf, digits);
	if (kstrtou32(number, 10, &n))
		return -EINVAL;
	if (sysfs_streq(buf + digits + 1, "keypad"))
		type = &keypad;
	else if (sysfs_streq(buf + digits + 1, "plain"))
		type = &plain;
	else
		return -EINVAL;
	mutex_lock(&adding);
	err = add(n, type);
	mutex_unlock(&adding);
	return err ?: count;
}

static int __init locker_init(void)
{
	int err;

	removals = alloc_ordered_workqueue("lockers", 0);
	if (!removals)
		return -ENOMEM;
	err = class_register(&locker_class);
	if (err)
		goto no_class;
	err = class_create_file(&locker_class, &class_attr_add);
	if (err)
		goto no_file;
	return 0;

no_file:
	class_unregister(&locker_class);
no_class:
	destroy_workqueue(removals);
	return err;
}
module_init(locker_init);

static void __exit locker_exit(void)
{
	struct locker *locker;
	unsigned long number;

	class_remove_file(&locker_class, &class_attr_add);
	mutex_lock(&adding);
	xa_for_each(&lockers, number, locker)
		if (!test_and_set_bit(0, &locker->asked))
			queue_work(removals, &locker->removal);
	mutex_unlock(&adding);
	destroy_workqueue(removals);	/* when all of them are done */
	class_unregister(&locker_class);
}
module_exit(locker_exit);

MODULE_DESCRIPTION("Luggage lockers with files in sysfs");
MODULE_LICENSE("GPL");
