/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The chip, in software: a platform device with registers and an interrupt. It is not part of
 * the driver: leave this file and chip.c as they are. A driver only calls these two.
 */
#ifndef MAST_CHIP_H
#define MAST_CHIP_H

/* When the driver is registered, or before. */
int chip_init(void);

/* Before the driver is unregistered, or after. Takes the chip away. */
void chip_exit(void);

#endif
