/* SPDX-License-Identifier: GPL-2.0-only */
/* The rail as its drivers see it. */
#ifndef RAIL_H
#define RAIL_H

#include <linux/device.h>
#include <linux/types.h>

#define RAIL_POSITIONS 16
#define RAIL_KIND 16

/**
 * struct rail_device - a module on the rail
 * @dev: what the device model knows of it, and the count of its users
 * @position: where on the rail it is, or was
 * @revision: of its hardware
 * @kind: what it is
 * @output: what it puts out, 0 to 100
 * @gone: it was detached; whoever still has a reference can only look at it
 */
struct rail_device {
	struct device dev;
	unsigned int position;
	u8 revision;
	char kind[RAIL_KIND];
	u8 output;
	bool gone;
};

#define to_rail_device(_dev) container_of_const(_dev, struct rail_device, dev)

/* Modules that a driver is for; a list ends with one without a kind. */
struct rail_id {
	const char *kind;
	u8 first_revision;
	u8 last_revision;
};

struct rail_driver {
	struct device_driver driver;
	const struct rail_id *ids;
	int (*probe)(struct rail_device *rail);
	void (*remove)(struct rail_device *rail);
};

#define to_rail_driver(_drv) container_of_const(_drv, struct rail_driver, driver)

int rail_driver_register(struct rail_driver *driver);
void rail_driver_unregister(struct rail_driver *driver);

/* The module at a position, with a reference for the caller; NULL when there is none. */
struct rail_device *rail_find(unsigned int position);

int rail_drivers_init(void);
void rail_drivers_exit(void);

#endif
