// SPDX-License-Identifier: GPL-2.0-only
/*
 * Luggage lockers: a class of devices that programs use through files in sysfs.
 *
 * The files are handed over as groups before the device is added, so that the core makes them
 * before it announces the device: a rule that reacts to the event finds them all. Which of them
 * a locker has is decided per locker, by is_visible.
 */
#include <linux/cleanup.h>
#include <linux/ctype.h>
#include <linux/device.h>
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#define LOCKERS 100
#define LABEL_MAX 24
#define CODE_MIN 4
#define CODE_MAX 8
#define RENT_MAX 1440
#define HISTORY 128

struct event {
	u32 number;
	const char *what;
	char label[LABEL_MAX + 1];
};

struct locker {
	struct device dev;
	unsigned int number;
	bool keypad;

	struct mutex lock;	/* for what follows */
	char label[LABEL_MAX + 1];
	char code[CODE_MAX + 1];	/* empty: free */
	u32 rent_minutes;
	u32 failures;
	u32 events;		/* how many there have been */
	struct event history[HISTORY];	/* number n is at n % HISTORY */
};

static DEFINE_MUTEX(lockers_lock);	/* never taken in a file of a locker but to remove it */
static struct locker *lockers[LOCKERS];
static bool closing;

static struct locker *to_locker(const struct device *dev)
{
	return container_of(dev, struct locker, dev);
}

static void note(struct locker *locker, const char *what)
{
	struct event *event = &locker->history[++locker->events % HISTORY];

	event->number = locker->events;
	event->what = what;
	strscpy(event->label, locker->label);
}

/* Where the line ends: writers may end what they write with a newline, or not. */
static size_t line_length(const char *buf, size_t count)
{
	return count && buf[count - 1] == '\n' ? count - 1 : count;
}

static ssize_t label_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct locker *locker = to_locker(dev);

	guard(mutex)(&locker->lock);
	return sysfs_emit(buf, "%s\n", locker->label);
}

static ssize_t label_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t count)
{
	struct locker *locker = to_locker(dev);
	size_t length = line_length(buf, count);

	if (length > LABEL_MAX)
		return -EINVAL;
	for (size_t i = 0; i < length; i++)
		if (!isascii(buf[i]) || !isprint(buf[i]))
			return -EINVAL;
	guard(mutex)(&locker->lock);
	memcpy(locker->label, buf, length);
	locker->label[length] = '\0';
	return count;
}
static DEVICE_ATTR_RW(label);

static ssize_t rent_minutes_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(to_locker(dev)->rent_minutes));
}

static ssize_t rent_minutes_store(struct device *dev, struct device_attribute *attr,
				  const char *buf, size_t count)
{
	u32 minutes;

	if (kstrtou32(buf, 10, &minutes) || !minutes || minutes > RENT_MAX)
		return -EINVAL;
	WRITE_ONCE(to_locker(dev)->rent_minutes, minutes);
	return count;
}
static DEVICE_ATTR_RW(rent_minutes);

static ssize_t state_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct locker *locker = to_locker(dev);

	guard(mutex)(&locker->lock);
	return sysfs_emit(buf, "%s\n", locker->code[0] ? "locked" : "free");
}
static DEVICE_ATTR_RO(state);

static ssize_t failures_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(to_locker(dev)->failures));
}
static DEVICE_ATTR_RO(failures);

/* A page is all there is for a text. It ends with a whole line. */
static ssize_t history_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct locker *locker = to_locker(dev);
	u32 left = min(locker->events, HISTORY);
	char line[64];
	int at = 0;

	guard(mutex)(&locker->lock);
	for (u32 number = locker->events; left; number--, left--) {
		const struct event *event = &locker->history[number % HISTORY];
		int length = scnprintf(line, sizeof(line), "%u %s %s\n",
				       event->number, event->what, event->label);

		if (at + length >= PAGE_SIZE)
			break;
		at += sysfs_emit_at(buf, at, "%s", line);
	}
	return at;
}
static DEVICE_ATTR_RO(history);

static int read_code(char code[CODE_MAX + 1], const char *buf, size_t count)
{
	size_t length = line_length(buf, count);

	if (length < CODE_MIN || length > CODE_MAX)
		return -EINVAL;
	for (size_t i = 0; i < length; i++)
		if (!isdigit(buf[i]))
			return -EINVAL;
	memcpy(code, buf, length);
	code[length] = '\0';
	return 0;
}

static ssize_t lock_store(struct device *dev, struct device_attribute *attr,
			  const char *buf, size_t count)
{
	struct locker *locker = to_locker(dev);
	char code[CODE_MAX + 1];

	if (read_code(code, buf, count))
		return -EINVAL;
	scoped_guard(mutex, &locker->lock) {
		if (locker->code[0])
			return -EBUSY;
		strscpy(locker->code, code);
		note(locker, "locked");
	}
	sysfs_notify(&dev->kobj, NULL, "state");
	return count;
}
static DEVICE_ATTR_WO(lock);

static ssize_t unlock_store(struct device *dev, struct device_attribute *attr,
			    const char *buf, size_t count)
{
	struct locker *locker = to_locker(dev);
	char code[CODE_MAX + 1];

	if (read_code(code, buf, count))
		return -EINVAL;
	scoped_guard(mutex, &locker->lock) {
		if (!locker->code[0])
			return -EINVAL;
		if (strcmp(locker->code, code)) {
			WRITE_ONCE(locker->failures, locker->failures + 1);
			note(locker, "refused");
			return -EACCES;
		}
		memzero_explicit(locker->code, sizeof(locker->code));
		note(locker, "unlocked");
	}
	sysfs_notify(&dev->kobj, NULL, "state");
	return count;
}
static DEVICE_ATTR_WO(unlock);

/* The position is free again only when the device is out of sysfs. */
static void take_out(struct locker *locker)
{
	device_del(&locker->dev);
	scoped_guard(mutex, &lockers_lock)
		lockers[locker->number] = NULL;
	put_device(&locker->dev);
}

/*
 * Removing a device waits until nobody is in its files, and we are in one. So this file goes
 * first, in the one way that does not wait for its caller; of several callers one is told to go
 * on. As nobody waits for us then, we have to see to it that our code stays.
 */
static ssize_t remove_store(struct device *dev, struct device_attribute *attr,
			    const char *buf, size_t count)
{
	if (!sysfs_streq(buf, "1"))
		return -EINVAL;
	if (!try_module_get(THIS_MODULE))
		return -ENODEV;	/* being unloaded, which removes all */
	if (device_remove_file_self(dev, attr))
		take_out(to_locker(dev));
	module_put(THIS_MODULE);
	return count;
}
static DEVICE_ATTR_WO(remove);

static struct attribute *locker_attrs[] = {
	&dev_attr_label.attr,
	&dev_attr_rent_minutes.attr,
	&dev_attr_state.attr,
	&dev_attr_history.attr,
	&dev_attr_remove.attr,
	&dev_attr_lock.attr,
	&dev_attr_unlock.attr,
	&dev_attr_failures.attr,
	NULL
};

static umode_t locker_is_visible(struct kobject *kobj, struct attribute *attr, int n)
{
	const struct locker *locker = to_locker(kobj_to_dev(kobj));

	if (attr == &dev_attr_lock.attr || attr == &dev_attr_unlock.attr ||
	    attr == &dev_attr_failures.attr)
		return locker->keypad ? attr->mode : 0;
	return attr->mode;
}

static const struct attribute_group locker_group = {
	.attrs = locker_attrs,
	.is_visible = locker_is_visible,
};
__ATTRIBUTE_GROUPS(locker);

static int locker_uevent(const struct device *dev, struct kobj_uevent_env *env)
{
	return add_uevent_var(env, "LOCKER_KIND=%s", to_locker(dev)->keypad ? "keypad" : "plain");
}

static void locker_release(struct device *dev)
{
	struct locker *locker = to_locker(dev);

	mutex_destroy(&locker->lock);
	kfree_sensitive(locker);
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
	.dev_groups = locker_groups,
	.dev_uevent = locker_uevent,
	.dev_release = locker_release,
};

static int add(unsigned int number, bool keypad)
{
	struct locker *locker;
	int err;

	guard(mutex)(&lockers_lock);
	if (closing)
		return -ENODEV;
	if (lockers[number])
		return -EEXIST;
	locker = kzalloc(sizeof(*locker), GFP_KERNEL);
	if (!locker)
		return -ENOMEM;
	mutex_init(&locker->lock);
	locker->number = number;
	locker->keypad = keypad;
	locker->rent_minutes = 60;
	device_initialize(&locker->dev);
	locker->dev.class = &locker_class;
	err = dev_set_name(&locker->dev, "locker%u", number);
	if (!err)
		err = device_add(&locker->dev);
	if (err) {
		put_device(&locker->dev);
		return err;
	}
	lockers[number] = locker;
	return 0;
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
	scoped_guard(mutex, &lockers_lock)
		closing = true;
	for (unsigned int i = 0; i < LOCKERS; i++)
		if (lockers[i])
			take_out(lockers[i]);
	class_unregister(&locker_class);
}
module_exit(locker_exit);

MODULE_DESCRIPTION("Luggage lockers with files in sysfs");
MODULE_LICENSE("GPL");
