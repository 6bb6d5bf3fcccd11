// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rail, another way: no table of positions; the bus itself is asked who is there. One lock
 * is held for a whole command, and no file of a device ever takes it. What a valve needs of its
 * source is an object of its own, which the module and its valves share and count; the module's
 * device is never held.
 */
#include <linux/device.h>
#include <linux/kref.h>
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

/* What outlives a module: who it was, and whether it is still there. */
struct label {
	struct kref users;
	bool gone;
	char name[8];
	char kind[16];
};

struct unit {
	struct device dev;
	struct label *label;
	unsigned int revision;
	int output;
	struct label *source;	/* of a valve, while it is bound */
	struct mutex source_lock;
};

static inline struct unit *unit_of(struct device *dev)
{
	return container_of(dev, struct unit, dev);
}

static DEFINE_MUTEX(command_lock);
static bool closing;

static void label_free(struct kref *users)
{
	kfree(container_of(users, struct label, users));
}

static void label_put(struct label *label)
{
	if (label)
		kref_put(&label->users, label_free);
}

static void unit_release(struct device *dev)
{
	struct unit *unit = unit_of(dev);

	label_put(unit->label);
	kfree(unit);
}

static ssize_t kind_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", unit_of(dev)->label->kind);
}
static DEVICE_ATTR_RO(kind);

static ssize_t revision_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", unit_of(dev)->revision);
}
static DEVICE_ATTR_RO(revision);

static ssize_t output_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", READ_ONCE(unit_of(dev)->output));
}
static DEVICE_ATTR_RO(output);

static ssize_t modalias_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "rail:%s:%u\n", unit_of(dev)->label->kind, unit_of(dev)->revision);
}
static DEVICE_ATTR_RO(modalias);

static struct attribute *unit_attrs[] = {
	&dev_attr_kind.attr, &dev_attr_revision.attr, &dev_attr_output.attr, &dev_attr_modalias.attr, NULL
};
ATTRIBUTE_GROUPS(unit);

static int rail_uevent(const struct device *dev, struct kobj_uevent_env *env)
{
	const struct unit *unit = container_of(dev, struct unit, dev);

	if (add_uevent_var(env, "RAIL_KIND=%s", unit->label->kind) ||
	    add_uevent_var(env, "RAIL_REVISION=%u", unit->revision) ||
	    add_uevent_var(env, "MODALIAS=rail:%s:%u", unit->label->kind, unit->revision))
		return -ENOMEM;
	return 0;
}

static int rail_match(struct device *dev, const struct device_driver *drv)
{
	struct unit *unit = unit_of(dev);

	if (!strcmp(unit->label->kind, "lamp"))
		return !strcmp(drv->name, "lamp") && unit->revision >= 1 && unit->revision <= 3;
	return !strcmp(unit->label->kind, "valve") && !strcmp(drv->name, "valve");
}

static int rail_probe(struct device *dev)
{
	if (!strcmp(dev->driver->name, "valve") && unit_of(dev)->revision == 0)
		return -ENXIO;
	return 0;
}

static void rail_remove(struct device *dev)
{
	struct unit *unit = unit_of(dev);

	WRITE_ONCE(unit->output, 0);
	label_put(unit->source);
	unit->source = NULL;
}

static ssize_t attach_store(const struct bus_type *bus, const char *buf, size_t count);
static ssize_t detach_store(const struct bus_type *bus, const char *buf, size_t count);
static BUS_ATTR_WO(attach);
static BUS_ATTR_WO(detach);
static struct attribute *rail_attrs[] = { &bus_attr_attach.attr, &bus_attr_detach.attr, NULL };
ATTRIBUTE_GROUPS(rail);

static const struct bus_type rail_bus = {
	.name = "rail",
	.bus_groups = rail_groups,
	.dev_groups = unit_groups,
	.match = rail_match,
	.uevent = rail_uevent,
	.probe = rail_probe,
	.remove = rail_remove,
};

static struct device *find(unsigned int position)
{
	char name[8];

	snprintf(name, sizeof(name), "rail%u", position);
	return bus_find_device_by_name(&rail_bus, NULL, name);
}

static ssize_t level_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return output_show(dev, attr, buf);
}

static ssize_t level_store(struct device *dev, struct device_attribute *attr, const char *buf, size_t count)
{
	int level;

	if (kstrtoint(buf, 10, &level) || level < 0 || level > 100)
		return -EINVAL;
	WRITE_ONCE(unit_of(dev)->output, level);
	return count;
}
static DEVICE_ATTR_RW(level);

static ssize_t source_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct unit *unit = unit_of(dev);
	struct label *source;
	ssize_t length;

	mutex_lock(&unit->source_lock);
	source = unit->source;
	if (source)
		length = sysfs_emit(buf, "%s %s%s\n", source->name, source->kind,
				    READ_ONCE(source->gone) ? " gone" : "");
	else
		length = sysfs_emit(buf, "none\n");
	mutex_unlock(&unit->source_lock);
	return length;
}

static ssize_t source_store(struct device *dev, struct device_attribute *attr, const char *buf, size_t count)
{
	struct unit *unit = unit_of(dev);
	struct label *label = NULL, *old;
	struct device *source;
	unsigned int position;

	if (!sysfs_streq(buf, "none")) {
		if (kstrtouint(buf, 10, &position) || position > 15)
			return -EINVAL;
		source = find(position);
		if (!source)
			return -ENODEV;
		if (source != dev) {
			label = unit_of(source)->label;
			kref_get(&label->users);
		}
		put_device(source);
		if (!label)
			return -EINVAL;
	}
	mutex_lock(&unit->source_lock);
	old = unit->source;
	unit->source = label;
	mutex_unlock(&unit->source_lock);
	label_put(old);
	return count;
}
static DEVICE_ATTR_RW(source);

static struct attribute *level_attrs[] = { &dev_attr_level.attr, NULL };
static struct attribute *source_attrs[] = { &dev_attr_source.attr, NULL };
static const struct attribute_group level_group = { .attrs = level_attrs };
static const struct attribute_group source_group = { .attrs = source_attrs };
static const struct attribute_group *valve_groups[] = { &level_group, &source_group, NULL };
static const struct attribute_group *lamp_groups[] = { &level_group, NULL };

static struct device_driver valve = { .name = "valve", .bus = &rail_bus, .dev_groups = valve_groups };
static struct device_driver lamp = { .name = "lamp", .bus = &rail_bus, .dev_groups = lamp_groups };

static int attach(unsigned int position, const char *kind, unsigned int revision)
{
	struct device *there = find(position);
	struct unit *unit;
	int err;

	if (there) {
		put_device(there);
		return -EEXIST;
	}
	unit = kzalloc(sizeof(*unit), GFP_KERNEL);
	if (!unit)
		return -ENOMEM;
	unit->label = kzalloc(sizeof(*unit->label), GFP_KERNEL);
	if (!unit->label) {
		kfree(unit);
		return -ENOMEM;
	}
	kref_init(&unit->label->users);
	snprintf(unit->label->name, sizeof(unit->label->name), "rail%u", position);
	strscpy(unit->label->kind, kind);
	unit->revision = revision;
	mutex_init(&unit->source_lock);
	unit->dev.bus = &rail_bus;
	unit->dev.release = unit_release;
	unit->dev.init_name = unit->label->name;
	err = device_register(&unit->dev);
	if (err)
		put_device(&unit->dev);
	return err;
}

static void take_off(struct device *dev)
{
	WRITE_ONCE(unit_of(dev)->label->gone, true);
	device_unregister(dev);
}

static ssize_t attach_store(const struct bus_type *bus, const char *buf, size_t count)
{
	unsigned int position, revision;
	int err = -EINVAL;
	char *text, *at, *kind, *number;

	text = kstrndup(buf, count, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	at = strim(text);
	kind = strchr(at, ' ');
	number = kind ? strchr(kind + 1, ' ') : NULL;
	if (!number)
		goto out;
	*kind++ = '\0';
	*number++ = '\0';
	if (kstrtouint(at, 10, &position) || kstrtouint(number, 10, &revision) || position > 15 ||
	    revision > 255 || strlen(kind) > 15 || !*kind ||
	    kind[strspn(kind, "-abcdefghijklmnopqrstuvwxyz")])
		goto out;
	mutex_lock(&command_lock);
	err = closing ? -ENODEV : attach(position, kind, revision);
	mutex_unlock(&command_lock);
out:
	kfree(text);
	return err ?: count;
}

static ssize_t detach_store(const struct bus_type *bus, const char *buf, size_t count)
{
	unsigned int position;
	struct device *dev;

	if (kstrtouint(buf, 10, &position) || position > 15)
		return -EINVAL;
	mutex_lock(&command_lock);
	dev = find(position);
	if (dev) {
		take_off(dev);
		put_device(dev);
	}
	mutex_unlock(&command_lock);
	return dev ? count : -ENODEV;
}

static int take_off_any(struct device *dev, void *unused)
{
	take_off(dev);
	return 0;
}

static int __init rail_init(void)
{
	int err;

	valve.owner = THIS_MODULE;
	lamp.owner = THIS_MODULE;
	err = bus_register(&rail_bus);
	if (err)
		return err;
	err = driver_register(&valve);
	if (err)
		goto no_valve;
	err = driver_register(&lamp);
	if (err)
		goto no_lamp;
	return 0;

no_lamp:
	driver_unregister(&valve);
no_valve:
	bus_unregister(&rail_bus);
	return err;
}
module_init(rail_init);

static void __exit rail_exit(void)
{
	mutex_lock(&command_lock);
	closing = true;
	bus_for_each_dev(&rail_bus, NULL, NULL, take_off_any);
	mutex_unlock(&command_lock);
	driver_unregister(&lamp);
	driver_unregister(&valve);
	bus_unregister(&rail_bus);
}
module_exit(rail_exit);

MODULE_DESCRIPTION("A bus of your own");
MODULE_LICENSE("GPL");
