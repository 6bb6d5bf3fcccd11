/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The firmware: it describes panels and the chip with their lines in the device tree. It is not
 * part of the driver: leave this file and firmware.c as they are. A driver only calls these two.
 */
#ifndef PANEL_FIRMWARE_H
#define PANEL_FIRMWARE_H

/* When the driver is registered, or before. */
int firmware_init(void);

/* Before the driver is unregistered, or after. Takes a tree that is there away. */
void firmware_exit(void);

#endif
