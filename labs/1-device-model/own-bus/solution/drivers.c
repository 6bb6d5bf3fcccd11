// SPDX-License-Identifier: GPL-2.0-only
/* Drivers of the modules that the rail knows: valves and lamps. */
#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/kstrtox.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "rail.h"

#define LEVEL_MAX 100

static ssize_t level_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(to_rail_device(dev)->output));
}

static ssize_t level_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t count)
{
	u8 level;

	if (kstrtou8(buf, 10, &level) || level > LEVEL_MAX)
		return -EINVAL;
	WRITE_ONCE(to_rail_device(dev)->output, level);
	return count;
}
static DEVICE_ATTR_RW(level);

struct valve {
	struct mutex lock;		/* for the source */
	struct rail_device *source;	/* one reference, or NULL */
};

static void put_source(struct rail_device *source)
{
	if (source)
		put_device(&source->dev);
}

static ssize_t source_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct valve *valve = dev_get_drvdata(dev);

	guard(mutex)(&valve->lock);
	if (!valve->source)
		return sysfs_emit(buf, "none\n");
	return sysfs_emit(buf, "%s %s%s\n", dev_name(&valve->source->dev), valve->source->kind,
			  READ_ONCE(valve->source->gone) ? " gone" : "");
}

static ssize_t source_store(struct device *dev, struct device_attribute *attr,
			    const char *buf, size_t count)
{
	struct valve *valve = dev_get_drvdata(dev);
	struct rail_device *source = NULL;
	unsigned int position;

	if (!sysfs_streq(buf, "none")) {
		if (kstrtouint(buf, 10, &position) || position >= RAIL_POSITIONS ||
		    position == to_rail_device(dev)->position)
			return -EINVAL;
		source = rail_find(position);
		if (!source)
			return -ENODEV;
	}
	scoped_guard(mutex, &valve->lock)
		swap(valve->source, source);
	put_source(source);	/* the one before */
	return count;
}
static DEVICE_ATTR_RW(source);

static int valve_probe(struct rail_device *rail)
{
	struct valve *valve;

	if (rail->revision == 0)
		return -ENXIO;
	valve = devm_kzalloc(&rail->dev, sizeof(*valve), GFP_KERNEL);
	if (!valve)
		return -ENOMEM;
	mutex_init(&valve->lock);
	dev_set_drvdata(&rail->dev, valve);
	return 0;
}

/* The core has removed our files before this: nobody is in them any more. */
static void valve_remove(struct rail_device *rail)
{
	struct valve *valve = dev_get_drvdata(&rail->dev);

	WRITE_ONCE(rail->output, 0);
	put_source(valve->source);
	mutex_destroy(&valve->lock);
}

static int lamp_probe(struct rail_device *rail)
{
	return 0;
}

static void lamp_remove(struct rail_device *rail)
{
	WRITE_ONCE(rail->output, 0);
}

static struct attribute *valve_attrs[] = {
	&dev_attr_level.attr,
	&dev_attr_source.attr,
	NULL
};
ATTRIBUTE_GROUPS(valve);

static struct attribute *lamp_attrs[] = {
	&dev_attr_level.attr,
	NULL
};
ATTRIBUTE_GROUPS(lamp);

static const struct rail_id valve_ids[] = {
	{ "valve", 0, U8_MAX },
	{ }
};

static const struct rail_id lamp_ids[] = {
	{ "lamp", 1, 3 },
	{ }
};

static struct rail_driver valve_driver = {
	.driver = { .name = "valve", .dev_groups = valve_groups },
	.ids = valve_ids,
	.probe = valve_probe,
	.remove = valve_remove,
};

static struct rail_driver lamp_driver = {
	.driver = { .name = "lamp", .dev_groups = lamp_groups },
	.ids = lamp_ids,
	.probe = lamp_probe,
	.remove = lamp_remove,
};

int rail_drivers_init(void)
{
	int err = rail_driver_register(&valve_driver);

	if (err)
		return err;
	err = rail_driver_register(&lamp_driver);
	if (err)
		rail_driver_unregister(&valve_driver);
	return err;
}

void rail_drivers_exit(void)
{
	rail_driver_unregister(&lamp_driver);
	rail_driver_unregister(&valve_driver);
}
