/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Commands of /dev/kiln for IORING_OP_URING_CMD. Programs are built with this file:
 * leave it as it is.
 */
#ifndef KILN_H
#define KILN_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* In cmd_op of the submission queue entry. */
#define KILN_READ	_IO('K', 1)
#define KILN_WAIT	_IO('K', 2)
#define KILN_FORGET	_IO('K', 3)
#define KILN_TRIM	_IO('K', 4)

/* In cmd[] of the submission queue entry; what a command does not use is 0. */
struct kiln_command {
	__u32 degrees;		/* KILN_WAIT */
	__u32 tag;		/* KILN_WAIT, KILN_FORGET */
	__u64 record;		/* KILN_WAIT: address of a struct kiln_record */
};

struct kiln_record {
	__u32 degrees;
	__u32 number;
};

#endif
