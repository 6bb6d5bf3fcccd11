/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * What programs know of /dev/kiln: the first version as it was shipped, and the numbers of the
 * new commands. Their structures are yours to write; brief.md has the layout.
 */
#ifndef KILN_H
#define KILN_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define KILN_TYPE 0xb9

/* Shipped. It can't be changed any more. */
struct kiln_status {
	__u32 programs;
	__u64 seconds;
	__s32 limit;
};

#define KILN_STATUS _IOR(KILN_TYPE, 1, struct kiln_status)

#define KILN_PROGRAM _IO(KILN_TYPE, 2)
#define KILN_SHOW _IO(KILN_TYPE, 3)
#define KILN_LIMIT _IO(KILN_TYPE, 4)

#endif
