/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * What programs know of /dev/kiln. Fields of the extensible structures are never moved, resized
 * or given another meaning; new ones are added at the end. All of them have one layout for
 * 32-bit and 64-bit programs: no pointers, no longs, each field aligned by hand.
 */
#ifndef KILN_H
#define KILN_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define KILN_TYPE 0xb9

#define KILN_SLOTS 8
#define KILN_SEGMENTS 1024
#define KILN_NAME 16

/* From the first version, and not extensible. Its layout is not that of a 32-bit program. */
struct kiln_status {
	__u32 programs;
	__u64 seconds;
	__s32 limit;
};

#define KILN_STATUS _IOR(KILN_TYPE, 1, struct kiln_status)

struct kiln_segment {
	__s32 celsius;
	__u32 seconds;
};

#define KILN_REPLACE (1U << 0)
#define KILN_CHECK (1U << 1)

struct kiln_program {
	__u32 size;
	__u32 flags;
	__u64 segments;		/* struct kiln_segment[count] */
	__u32 count;
	__u32 slot;
	char name[KILN_NAME];
	/* since version 2 */
	__u32 delay;
	__u32 reserved;
};

#define KILN_PROGRAM _IO(KILN_TYPE, 2)

enum { KILN_HOLD, KILN_RISE, KILN_FALL };

struct kiln_point {
	__u64 at;
	__s32 celsius;
	__u8 kind;
	__u8 reserved[3];
};

struct kiln_show {
	__u32 size;
	__u32 slot;
	__u64 points;		/* struct kiln_point[count] */
	__u32 count;
	__u32 flags;
	char name[KILN_NAME];
	/* since version 2 */
	__u64 seconds;
};

#define KILN_SHOW _IO(KILN_TYPE, 3)

struct kiln_limit {
	__u32 size;
	__u32 flags;
	__s32 celsius;
	__u32 reserved;
};

#define KILN_LIMIT _IO(KILN_TYPE, 4)

#endif
