// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rail: a bus whose modules are clipped on and pulled off by writing to files of the bus.
 *
 * The bus is there, with its two files, and reads what is written to them. What a module is,
 * who drives it and how long it lives is yours. See brief.md.
 */
#include <linux/device.h>
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "rail.h"

static int attach(unsigned int position, const char *kind, u8 revision)
{
	/* TODO: a device of this bus, with a name, files, and somebody who frees it in the end */
	return -EOPNOTSUPP;
}

static int detach(unsigned int position)
{
	/* TODO: the device ends now; its memory when nobody holds it any more */
	return -EOPNOTSUPP;
}

static int rail_match(struct device *dev, const struct device_driver *drv)
{
	/* TODO: is this driver for this module? */
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
static BUS_ATTR_WO(attach);

static ssize_t detach_store(const struct bus_type *bus, const char *buf, size_t count)
{
	unsigned int position;
	int err;

	if (kstrtouint(buf, 10, &position) || position >= RAIL_POSITIONS)
		return -EINVAL;
	err = detach(position);
	return err ?: count;
}
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
	.match = rail_match,
	/* TODO: what its devices have in common: files, events, how they are probed and removed */
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
	/* TODO: modules may still be attached */
	rail_drivers_exit();
	bus_unregister(&rail_bus);
}
module_exit(rail_exit);

MODULE_DESCRIPTION("A bus of your own");
MODULE_LICENSE("GPL");
