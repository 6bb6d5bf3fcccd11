/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The laser of an engraver, as a driver sees it. It belongs to the hardware: leave this
 * file and bench.c as they are.
 */
#ifndef ENGRAVER_BENCH_H
#define ENGRAVER_BENCH_H

#include <linux/device.h>
#include <linux/types.h>

/* A piece of memory as the laser sees it. */
struct laser_piece {
	dma_addr_t at;
	u32 bytes;	/* a multiple of 4 */
};

/*
 * Switches everything on. @laser is the device that does the DMA, @irq is for
 * request_irq().
 */
int bench_power_on(struct device **laser, int *irq);

/* After free_irq(), with no job under way. */
void bench_power_off(void);

/*
 * Begins a job: the pieces are engraved one after the other. The laser reads the memory,
 * and @pieces, at any time until it interrupts, which it does once for each job. One job at
 * a time. In any context.
 */
void laser_start(const struct laser_piece *pieces, unsigned int count);

/* What became of the job that the laser has interrupted for: 0 or a negative errno. */
int laser_result(void);

#endif
