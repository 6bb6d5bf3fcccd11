/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The commands of /dev/engraver. Programs are built with this file: leave it as it is.
 */
#ifndef ENGRAVER_H
#define ENGRAVER_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define ENGRAVER_PAGES_MAX 16

struct engraver_job {
	__s32 buffer;	/* file descriptor of a dma-buf */
	__s32 after;	/* file descriptor of a sync file, or -1 */
};

/* The argument is a number of pages. Returns the file descriptor of a dma-buf. */
#define ENGRAVER_ALLOC		_IO('E', 1)
/* Returns the file descriptor of a sync file. */
#define ENGRAVER_ENGRAVE	_IOW('E', 2, struct engraver_job)

#endif
