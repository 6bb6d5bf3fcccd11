/* SPDX-License-Identifier: GPL-2.0-only */
/* The rail as its drivers see it. */
#ifndef RAIL_H
#define RAIL_H

#include <linux/device.h>
#include <linux/types.h>

#define RAIL_POSITIONS 16
#define RAIL_KIND 16

/* A module on the rail. */
struct rail_device {
	/* TODO: a device of the device model, and what is known of this one */
	unsigned int position;
	u8 revision;
	char kind[RAIL_KIND];
};

/* What a driver of this bus hands over. */
struct rail_driver {
	struct device_driver driver;
	/* TODO: which modules it is for, and what to call when one comes and goes */
};

int rail_driver_register(struct rail_driver *driver);
void rail_driver_unregister(struct rail_driver *driver);

int rail_drivers_init(void);
void rail_drivers_exit(void);

#endif
