/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A second entropy device, in software, beside the one that the machine has. It
 * belongs to the host: leave this file and twin.c as they are. All that a driver
 * has to do for it is to call these two; twin.c adds and removes the device as its
 * parameter `twin` says, and a driver meets it on the virtio bus like any other.
 */
#ifndef TAP_TWIN_H
#define TAP_TWIN_H

/* When the driver is registered. */
void twin_init(void);

/* Before the driver is unregistered, or after. Removes the twin if it is there. */
void twin_exit(void);

#endif
