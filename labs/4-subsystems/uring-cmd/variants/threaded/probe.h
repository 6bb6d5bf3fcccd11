/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The thermometer of a kiln, as a driver sees it. It belongs to the hardware: leave
 * this file and probe.c as they are.
 */
#ifndef KILN_PROBE_H
#define KILN_PROBE_H

#include <linux/types.h>

struct probe_reading {
	u32 degrees;
	u32 number;	/* of the measurement: 1, 2, 3, ...; 0 when there was none */
};

/*
 * Switches the thermometer on. It interrupts once for each measurement: @irq is for
 * request_irq(). Ten milliseconds and more lie between two measurements.
 */
int probe_power_on(int *irq);

/* After free_irq(), and with nobody in probe_trim(). */
void probe_power_off(void);

/* The last measurement. In any context. */
struct probe_reading probe_read(void);

/*
 * Trims the thermometer, which takes a while: it sleeps. One at a time. Returns the
 * deviation that was found, 0 or more.
 */
int probe_trim(void);

#endif
