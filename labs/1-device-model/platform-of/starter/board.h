/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The board: the gateway chip with its blocks, and the firmware that describes them. It
 * stands for what is not yours on a real machine: leave this file and board.c as they are.
 * A driver only calls these two; it meets its devices on the platform bus.
 */
#ifndef HIVE_BOARD_H
#define HIVE_BOARD_H

/* When the driver is registered, or before. */
int board_init(void);

/* Before the driver is unregistered, or after. Takes a tree that is there away. */
void board_exit(void);

#endif
