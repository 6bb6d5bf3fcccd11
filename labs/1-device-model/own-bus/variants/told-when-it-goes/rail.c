// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rail, another way: nobody holds a reference to somebody else's module. A valve keeps the
 * words that tell its source, and is in a list; who pulls a module off tells those who listen.
 * All is in one file, modules are children of a root device, and what ends with a binding is
 * devm's.
 */
#include <linux/device.h>
#include <linux/kstrtox.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#define POSITIONS 16

struct rail_module {
	struct device dev;
	u64 number;
	u8 revision;
	char kind[16];
	atomic_t output;
};

#define to_module(_dev) container_of_const(_dev, struct rail_module, dev)

enum driver_kind { VALVE, LAMP };

static struct device *root;
static DEFINE_MUTEX(positions_lock);
static bool occupied[POSITIONS];	/* until the module is out of sysfs */
static u64 last_number;

/* Adding a device may have to remove it again, and waits for its files: what they need has a lock of its own. */
static DEFINE_SPINLOCK(present_lock);
static struct rail_module *present[POSITIONS];
static LIST_HEAD(listeners);		/* valves with a source */

struct valve {
	struct list_head entry;
	struct device *dev;
	u64 source;			/* 0: none */
	char words[40];
};

static ssize_t kind_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", to_module(dev)->kind);
}
static DEVICE_ATTR_RO(kind);

static ssize_t revision_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", to_module(dev)->revision);
}
static DEVICE_ATTR_RO(revision);

static ssize_t output_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", atomic_read(&to_module(dev)->output));
}
static DEVICE_ATTR_RO(output);

static ssize_t modalias_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "rail:%s:%d\n", to_module(dev)->kind, to_module(dev)->revision);
}
static DEVICE_ATTR_RO(modalias);

static struct attribute *module_attrs[] = {
	&dev_attr_kind.attr, &dev_attr_revision.attr, &dev_attr_output.attr, &dev_attr_modalias.attr, NULL
};
ATTRIBUTE_GROUPS(module);

static void module_release(struct device *dev)
{
	kfree(to_module(dev));
}

static int rail_module_uevent(const struct device *dev, struct kobj_uevent_env *env)
{
	const struct rail_module *module = to_module(dev);
	int err;

	err = add_uevent_var(env, "MODALIAS=rail:%s:%d", module->kind, module->revision);
	if (!err)
		err = add_uevent_var(env, "RAIL_KIND=%s", module->kind);
	if (!err)
		err = add_uevent_var(env, "RAIL_REVISION=%d", module->revision);
	return err;
}

static const struct device_type module_type = {
	.name = "rail_module",
	.groups = module_groups,
	.uevent = rail_module_uevent,
	.release = module_release,
};

static ssize_t attach_store(const struct bus_type *bus, const char *buf, size_t count);
static ssize_t detach_store(const struct bus_type *bus, const char *buf, size_t count);
static BUS_ATTR_WO(attach);
static BUS_ATTR_WO(detach);

static bool is_for(const struct device_driver *drv, const struct rail_module *module)
{
	if (strcmp(drv->name, module->kind))
		return false;
	return strcmp(drv->name, "lamp") || (module->revision > 0 && module->revision < 4);
}

static int rail_match(struct device *dev, const struct device_driver *drv)
{
	return is_for(drv, to_module(dev));
}

static const struct bus_type rail_bus = {
	.name = "rail",
	.match = rail_match,
};

static void close_output(void *module)
{
	atomic_set(&((struct rail_module *)module)->output, 0);
}

static void listen_no_more(void *data)
{
	struct valve *valve = data;

	spin_lock(&present_lock);
	list_del_init(&valve->entry);
	spin_unlock(&present_lock);
}

static int common_probe(struct device *dev)
{
	return devm_add_action_or_reset(dev, close_output, to_module(dev));
}

static int valve_probe(struct device *dev)
{
	struct valve *valve;
	int err;

	if (!to_module(dev)->revision)
		return -ENXIO;
	valve = devm_kzalloc(dev, sizeof(*valve), GFP_KERNEL);
	if (!valve)
		return -ENOMEM;
	INIT_LIST_HEAD(&valve->entry);
	valve->dev = dev;
	strscpy(valve->words, "none");
	dev_set_drvdata(dev, valve);
	err = devm_add_action_or_reset(dev, listen_no_more, valve);
	return err ?: common_probe(dev);
}

static ssize_t level_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return output_show(dev, attr, buf);
}

static ssize_t level_store(struct device *dev, struct device_attribute *attr, const char *buf, size_t count)
{
	unsigned int level;

	if (kstrtouint(buf, 10, &level) || level > 100)
		return -EINVAL;
	atomic_set(&to_module(dev)->output, level);
	return count;
}
static DEVICE_ATTR_RW(level);

static ssize_t source_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct valve *valve = dev_get_drvdata(dev);
	ssize_t length;

	spin_lock(&present_lock);
	length = sysfs_emit(buf, "%s\n", valve->words);
	spin_unlock(&present_lock);
	return length;
}

static ssize_t source_store(struct device *dev, struct device_attribute *attr, const char *buf, size_t count)
{
	struct valve *valve = dev_get_drvdata(dev);
	struct rail_module *source = NULL;
	unsigned int position;
	bool none = sysfs_streq(buf, "none");

	if (!none && (kstrtouint(buf, 10, &position) || position >= POSITIONS))
		return -EINVAL;

	spin_lock(&present_lock);
	if (!none)
		source = present[position];
	if (!none && (!source || source == to_module(dev))) {
		spin_unlock(&present_lock);
		return source ? -EINVAL : -ENODEV;
	}
	list_del_init(&valve->entry);
	if (source) {
		valve->source = source->number;
		snprintf(valve->words, sizeof(valve->words), "%s %s", dev_name(&source->dev), source->kind);
		list_add(&valve->entry, &listeners);
	} else {
		strscpy(valve->words, "none");
	}
	spin_unlock(&present_lock);
	return count;
}
static DEVICE_ATTR_RW(source);

static struct attribute *valve_attrs[] = { &dev_attr_level.attr, &dev_attr_source.attr, NULL };
ATTRIBUTE_GROUPS(valve);
static struct attribute *lamp_attrs[] = { &dev_attr_level.attr, NULL };
ATTRIBUTE_GROUPS(lamp);

static struct device_driver drivers[] = {
	[VALVE] = {
		.name = "valve", .bus = &rail_bus, .owner = THIS_MODULE,
		.probe = valve_probe, .dev_groups = valve_groups,
	},
	[LAMP] = {
		.name = "lamp", .bus = &rail_bus, .owner = THIS_MODULE,
		.probe = common_probe, .dev_groups = lamp_groups,
	},
};

/* A module that goes is told to the valves that have it as their source. */
static struct rail_module *take(unsigned int position)
{
	struct rail_module *module;
	struct valve *valve, *next;

	spin_lock(&present_lock);
	module = present[position];
	present[position] = NULL;
	list_for_each_entry_safe(valve, next, &listeners, entry) {
		if (!module || valve->source != module->number)
			continue;
		strlcat(valve->words, " gone", sizeof(valve->words));
		list_del_init(&valve->entry);
	}
	spin_unlock(&present_lock);
	return module;
}

static int attach(unsigned int position, const char *kind, u8 revision)
{
	struct rail_module *module;
	int err;

	module = kzalloc(sizeof(*module), GFP_KERNEL);
	if (!module)
		return -ENOMEM;
	device_initialize(&module->dev);
	module->dev.type = &module_type;
	module->dev.bus = &rail_bus;
	module->dev.parent = root;
	module->revision = revision;
	strscpy(module->kind, kind);
	err = dev_set_name(&module->dev, "rail%u", position);
	if (err)
		goto put;

	mutex_lock(&positions_lock);
	module->number = ++last_number;
	err = occupied[position] ? -EEXIST : device_add(&module->dev);
	if (!err) {
		occupied[position] = true;
		spin_lock(&present_lock);
		present[position] = module;
		spin_unlock(&present_lock);
	}
	mutex_unlock(&positions_lock);
put:
	if (err)
		put_device(&module->dev);
	return err;
}

static int detach(unsigned int position)
{
	struct rail_module *module = take(position);

	if (!module)
		return -ENODEV;
	device_unregister(&module->dev);
	mutex_lock(&positions_lock);
	occupied[position] = false;
	mutex_unlock(&positions_lock);
	return 0;
}

static ssize_t attach_store(const struct bus_type *bus, const char *buf, size_t count)
{
	unsigned int position, revision;
	char kind[16], end = '\n';
	int err;

	if (sscanf(buf, "%2u %15[-abcdefghijklmnopqrstuvwxyz] %3u%c", &position, kind, &revision, &end) < 3 || end != '\n')
		return -EINVAL;
	if (position >= POSITIONS || revision > 255)
		return -EINVAL;
	err = attach(position, kind, revision);
	return err ?: count;
}

static ssize_t detach_store(const struct bus_type *bus, const char *buf, size_t count)
{
	unsigned int position;
	int err;

	if (kstrtouint(buf, 0, &position) || position >= POSITIONS)
		return -EINVAL;
	err = detach(position);
	return err ?: count;
}

static int __init rail_init(void)
{
	int err;

	root = root_device_register("rail");
	if (IS_ERR(root))
		return PTR_ERR(root);
	err = bus_register(&rail_bus);
	if (err)
		goto no_bus;
	err = driver_register(&drivers[VALVE]);
	if (err)
		goto no_valve;
	err = driver_register(&drivers[LAMP]);
	if (err)
		goto no_lamp;
	err = bus_create_file(&rail_bus, &bus_attr_attach);
	if (err)
		goto no_attach;
	err = bus_create_file(&rail_bus, &bus_attr_detach);
	if (err)
		goto no_detach;
	return 0;

no_detach:
	bus_remove_file(&rail_bus, &bus_attr_attach);
no_attach:
	driver_unregister(&drivers[LAMP]);
no_lamp:
	driver_unregister(&drivers[VALVE]);
no_valve:
	bus_unregister(&rail_bus);
no_bus:
	root_device_unregister(root);
	return err;
}
module_init(rail_init);

static void __exit rail_exit(void)
{
	bus_remove_file(&rail_bus, &bus_attr_detach);
	bus_remove_file(&rail_bus, &bus_attr_attach);
	for (unsigned int i = 0; i < POSITIONS; i++)
		detach(i);
	driver_unregister(&drivers[LAMP]);
	driver_unregister(&drivers[VALVE]);
	bus_unregister(&rail_bus);
	root_device_unregister(root);
}
module_exit(rail_exit);

MODULE_DESCRIPTION("A bus of your own");
MODULE_LICENSE("GPL");
