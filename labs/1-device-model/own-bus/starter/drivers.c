// SPDX-License-Identifier: GPL-2.0-only
/* Drivers of the modules that the rail knows: valves and lamps. */
#include <linux/device.h>

#include "rail.h"

static struct rail_driver valve_driver = {
	.driver = { .name = "valve" },
	/* TODO: its modules, its files, probe and remove; and the same for lamps */
};

int rail_drivers_init(void)
{
	return rail_driver_register(&valve_driver);
}

void rail_drivers_exit(void)
{
	rail_driver_unregister(&valve_driver);
}
