/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A chip with two serial ports, as a driver sees it. It belongs to the hardware:
 * leave this file and chip.c as they are. The ports are wired to each other: what
 * one sends the other receives, and RTS of each is CTS of the other.
 *
 * All functions but chip_power_on() and chip_power_off() may be called in any context.
 */
#ifndef BUOY_CHIP_H
#define BUOY_CHIP_H

#include <linux/bits.h>
#include <linux/types.h>

#define CHIP_PORTS 2

/* It differs from one chip to the next. */
struct chip_facts {
	unsigned int clock;		/* Hz */
	unsigned int fifo;		/* bytes that the FIFO of each direction holds */
	int irq[CHIP_PORTS];		/* interrupt of each port, for request_irq() */
};

enum chip_register {
	/*
	 * Writing puts a byte into the sending FIFO; without room it is lost. Reading takes
	 * the oldest byte out of the receiving FIFO, in DATA_BYTE, with what is to be said of
	 * it; there has to be one.
	 */
	CHIP_DATA,
	CHIP_STATUS,	/* to be read */
	CHIP_CONTROL,	/* 0 after power on */
	CHIP_ENABLE,	/* which causes interrupt; 0 after power on */
	CHIP_CAUSE,	/* what is the case, enabled or not; writing CAUSE_CTS clears it */
	CHIP_DIVISOR,	/* 1 to 65535: the bit rate is the clock / 16 / this */
};

#define DATA_BYTE	GENMASK(7, 0)
#define DATA_FRAMING	BIT(8)	/* the stop bit was missing: the byte is not what was sent */
#define DATA_OVERRUN	BIT(9)	/* before this byte others were lost, because the FIFO was full */

#define STATUS_RECEIVED	BIT(0)	/* the receiving FIFO has a byte */
#define STATUS_ROOM	BIT(1)	/* the sending FIFO has room for a byte */
#define STATUS_IDLE	BIT(2)	/* the last bit of the last byte is on the line */
#define STATUS_CTS	BIT(3)	/* the other side may be sent to */

#define CONTROL_RECEIVE	BIT(0)	/* while 0, nothing is received, and the receiving FIFO is empty */
#define CONTROL_SEND	BIT(1)	/* while 0, nothing is sent, and the sending FIFO is empty */
#define CONTROL_RTS	BIT(2)	/* the other side may send: its CTS */

/*
 * The interrupt is that of a level: it comes again and again as long as something that
 * is enabled is the case.
 */
#define CAUSE_RECEIVED	BIT(0)	/* there is a byte in the receiving FIFO */
#define CAUSE_ROOM	BIT(1)	/* the sending FIFO is at most half full */
#define CAUSE_CTS	BIT(2)	/* CTS has changed since this was cleared */

int chip_power_on(struct chip_facts *facts);
void chip_power_off(void);
u32 chip_read(unsigned int port, enum chip_register which);
void chip_write(unsigned int port, enum chip_register which, u32 value);

#endif
