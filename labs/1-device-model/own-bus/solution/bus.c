// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rail: a bus whose modules are clipped on and pulled off by writing to files of the bus.
 *
 * A module is a struct device, so the device model counts its users, and its memory goes in the
 * release function and nowhere else. Pulling it off ends the device; the memory stays for those
 * who still hold it.
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

#include "rail.h"

static DEFINE_MUTEX(rail_lock);	/* for what follows, and for the flag "gone" */
static struct rail_device *modules[RAIL_POSITIONS];
static bool closing;

static int rail_match(struct device *dev, const struct device_driver *drv)
{
	const struct rail_device *rail = to_rail_device(dev);
	const struct rail_id *id;

	for (id = to_rail_driver(drv)->ids; id->kind; id++) {
		if (!strcmp(id->kind, rail->kind) &&
		    rail->revision >= id->first_revision && rail->revision <= id->last_revision)
			return 1;
	}
	return 0;
}

static int rail_uevent(const struct device *dev, struct kobj_uevent_env *env)
{
	const struct rail_device *rail = to_rail_device(dev);

	return add_uevent_var(env, "RAIL_KIND=%s", rail->kind) ?:
	       add_uevent_var(env, "RAIL_REVISION=%u", rail->revision) ?:
	       add_uevent_var(env, "MODALIAS=rail:%s:%u", rail->kind, rail->revision);
}

static int rail_probe(struct device *dev)
{
	return to_rail_driver(dev->driver)->probe(to_rail_device(dev));
}

static void rail_remove(struct device *dev)
{
	to_rail_driver(dev->driver)->remove(to_rail_device(dev));
}

static ssize_t kind_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", to_rail_device(dev)->kind);
}
static DEVICE_ATTR_RO(kind);

static ssize_t revision_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", to_rail_device(dev)->revision);
}
static DEVICE_ATTR_RO(revision);

static ssize_t output_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(to_rail_device(dev)->output));
}
static DEVICE_ATTR_RO(output);

static ssize_t modalias_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const struct rail_device *rail = to_rail_device(dev);

	return sysfs_emit(buf, "rail:%s:%u\n", rail->kind, rail->revision);
}
static DEVICE_ATTR_RO(modalias);

static struct attribute *rail_dev_attrs[] = {
	&dev_attr_kind.attr,
	&dev_attr_revision.attr,
	&dev_attr_output.attr,
	&dev_attr_modalias.attr,
	NULL
};
ATTRIBUTE_GROUPS(rail_dev);

static ssize_t attach_store(const struct bus_type *bus, const char *buf, size_t count);
static BUS_ATTR_WO(attach);
static ssize_t detach_store(const struct bus_type *bus, const char *buf, size_t count);
static BUS_ATTR_WO(detach);

static struct attribute *rail_bus_attrs[] = {
	&bus_attr_attach.attr,
	&bus_attr_detach.attr,
	NULL
};
ATTRIBUTE_GROUPS(rail_bus);

static const struct bus_type rail_bus = {
	.name = "rail",
	.bus_groups = rail_bus_groups,
	.dev_groups = rail_dev_groups,
	.match = rail_match,
	.uevent = rail_uevent,
	.probe = rail_probe,
	.remove = rail_remove,
};

int rail_driver_register(struct rail_driver *driver)
{
	driver->driver.bus = &rail_bus;
	driver->driver.owner = THIS_MODULE;
	return driver_register(&driver->driver);
}

void rail_driver_unregister(struct rail_driver *driver)
{
	driver_unregister(&driver->driver);
}

static int is_at(struct device *dev, const void *position)
{
	return to_rail_device(dev)->position == *(const unsigned int *)position;
}

struct rail_device *rail_find(unsigned int position)
{
	struct device *dev = bus_find_device(&rail_bus, NULL, &position, is_at);

	return dev ? to_rail_device(dev) : NULL;
}

static void rail_release(struct device *dev)
{
	kfree(to_rail_device(dev));
}

static int attach(unsigned int position, const char *kind, u8 revision)
{
	struct rail_device *rail;
	int err;

	guard(mutex)(&rail_lock);
	if (closing)
		return -ENODEV;
	if (modules[position])
		return -EEXIST;
	rail = kzalloc(sizeof(*rail), GFP_KERNEL);
	if (!rail)
		return -ENOMEM;
	rail->position = position;
	rail->revision = revision;
	strscpy(rail->kind, kind);
	device_initialize(&rail->dev);
	rail->dev.bus = &rail_bus;
	rail->dev.release = rail_release;
	err = dev_set_name(&rail->dev, "rail%u", position);
	if (!err)
		err = device_add(&rail->dev);
	if (err) {
		put_device(&rail->dev);	/* frees the name too */
		return err;
	}
	modules[position] = rail;
	return 0;
}

/*
 * The position is free again only when the device is out of sysfs. Removing it waits for
 * whoever is in a file of its own, so no lock is held that one of them may want.
 */
static int detach(unsigned int position)
{
	struct rail_device *rail;

	scoped_guard(mutex, &rail_lock) {
		rail = modules[position];
		if (!rail || rail->gone)
			return -ENODEV;
		WRITE_ONCE(rail->gone, true);
	}
	device_del(&rail->dev);
	scoped_guard(mutex, &rail_lock)
		modules[position] = NULL;
	put_device(&rail->dev);
	return 0;
}

static bool is_kind(const char *text)
{
	size_t length = strlen(text);

	return length > 0 && length < RAIL_KIND &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz-") == length;
}

static ssize_t attach_store(const struct bus_type *bus, const char *buf, size_t count)
{
	unsigned int position;
	char text[48], *rest = text, *word[3];
	u8 revision;
	int err;

	if (strscpy(text, buf) < 0)
		return -EINVAL;
	rest = strim(text);
	for (int i = 0; i < 3; i++) {
		word[i] = strsep(&rest, " ");
		if (!word[i])
			return -EINVAL;
	}
	if (rest || kstrtouint(word[0], 10, &position) || position >= RAIL_POSITIONS ||
	    !is_kind(word[1]) || kstrtou8(word[2], 10, &revision))
		return -EINVAL;
	err = attach(position, word[1], revision);
	return err ?: count;
}

static ssize_t detach_store(const struct bus_type *bus, const char *buf, size_t count)
{
	unsigned int position;
	int err;

	if (kstrtouint(buf, 10, &position) || position >= RAIL_POSITIONS)
		return -EINVAL;
	err = detach(position);
	return err ?: count;
}

static int __init rail_init(void)
{
	int err = bus_register(&rail_bus);

	if (err)
		return err;
	err = rail_drivers_init();
	if (err)
		bus_unregister(&rail_bus);
	return err;
}
module_init(rail_init);

static void __exit rail_exit(void)
{
	/* The files of the bus are there until it is unregistered. */
	scoped_guard(mutex, &rail_lock)
		closing = true;
	for (unsigned int i = 0; i < RAIL_POSITIONS; i++)
		detach(i);
	rail_drivers_exit();
	bus_unregister(&rail_bus);
}
module_exit(rail_exit);

MODULE_DESCRIPTION("A bus of your own");
MODULE_LICENSE("GPL");
