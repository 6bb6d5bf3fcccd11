/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The capsule's controller, as a driver sees it. It belongs to the hardware:
 * leave this file and hardware.c as they are.
 */
#ifndef CAPSULE_HARDWARE_H
#define CAPSULE_HARDWARE_H

#include <linux/scatterlist.h>
#include <linux/types.h>

#define HW_SLOTS_MAX 8
#define HW_SEGMENTS_MAX 16

/* What a capsule can do. It differs from one to the next. */
struct hw_facts {
	u32 block_size;		/* bytes of a block, the unit of everything: 512 to 4096 */
	u32 blocks;		/* blocks of the capsule */
	u32 slots;		/* commands at one time, 1 to HW_SLOTS_MAX, numbered from 0 */
	u32 segments;		/* pieces of memory of one command, 2 to HW_SEGMENTS_MAX */
	u32 most;		/* blocks of one command; at least a page */
	u32 patience_ms;	/* a command that has not ended after this time is to be aborted */
};

enum hw_op {
	HW_READ,	/* from the capsule to memory */
	HW_WRITE,	/* from memory to the capsule's cache */
	HW_FLUSH,	/* from the cache to the medium: all that was written before */
};

struct hw_command {
	enum hw_op op;
	bool force;		/* HW_WRITE: these blocks are on the medium when the command ends */
	u32 block;		/* the first one; not for HW_FLUSH, nor are the next three */
	u32 count;
	/* The memory, as many bytes as the blocks have. It is used until the command ends. */
	struct scatterlist *sg;
	unsigned int segments;
};

enum hw_status {
	HW_GOOD,
	HW_MEDIUM,	/* a block can not be read or written */
};

/*
 * A command has ended and its slot is free. Called in hard interrupt context, also
 * before hw_submit() has returned. @moved is how many blocks were moved: the first
 * ones of the command. HW_GOOD does not say that it was all of them, but it was at
 * least one: what is missing has to be asked for by another command. Each command
 * that hw_submit() took ends once, by this or by hw_abort().
 */
typedef void (*hw_done)(void *context, unsigned int slot, enum hw_status status, u32 moved);

int hw_power_on(struct hw_facts *facts, hw_done done, void *context);

/* No command may be under way any more. */
void hw_power_off(void);

/*
 * Begins a command in a slot that is free. -EBUSY: the controller is occupied with
 * itself; nothing was begun, and no interrupt tells when it can take one again, which
 * takes a few milliseconds. Does not sleep.
 */
int hw_submit(unsigned int slot, const struct hw_command *command);

/*
 * true: the command was stopped, nothing was moved, its slot is free, and no interrupt
 * will come for it. false: it could not be stopped; its interrupt comes, or came.
 * Does not sleep.
 */
bool hw_abort(unsigned int slot);

#endif
