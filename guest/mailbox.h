/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How host and agent talk: a few pages of guest memory that both read and
 * write, the host from outside. The other end is src/machine/mailbox.ts; the
 * two change together. No device, no driver and no interrupt is involved, so
 * it works on every kernel, costs the guest nothing, and gives the learner's
 * code no node to open.
 *
 * The region lies at a fixed address in the agent and in every task: one page
 * of struct mailbox, one page with the guest-physical address of each page of
 * the region (they are locked), then the arena, whose bytes the host hands out
 * to calls as it likes.
 */
#ifndef MAILBOX_H
#define MAILBOX_H

#include <stdint.h>

#define MAILBOX_VERSION 2
#define MAILBOX_PAGE 4096ul
#define MAILBOX_BASE 0x10000000ul	/* below 4 GiB: 32-bit calls reach it too */
#define MAILBOX_ARENA_SIZE 0x180000ul
#define MAILBOX_SIZE (2 * MAILBOX_PAGE + MAILBOX_ARENA_SIZE)
#define MAILBOX_SLOTS 16		/* slot 0 is the agent, the others are tasks */

/*
 * The three counters of a slot number its calls: the host raises `asked`, the
 * agent follows with `started` and `done`. Each side writes its counter last.
 */
struct slot {
	uint32_t asked;			/* host */
	uint32_t started;		/* agent */
	uint32_t done;			/* agent */
	uint32_t asleep;		/* agent: the task waits on `asked` and must be woken */
	uint32_t flags;			/* host: SLOT_* */
	uint32_t nr;			/* host: system call or PSEUDO_* */
	int32_t pid;			/* agent: 0 when there is no such task */
	int32_t signal;			/* agent: what killed the task, else 0 */
	uint64_t args[6];		/* host */
	int64_t ret;			/* agent: negative errno, as the kernel has it */
	uint64_t start, end;		/* agent: guest CLOCK_MONOTONIC, ns */
};					/* 104 bytes */

struct mailbox {
	uint8_t magic[16];		/* written last */
	uint32_t version;
	uint32_t bell;			/* host: raised after each change of an `asked` */
	uint32_t completions;		/* agent: calls of tasks that are done, all told */
	uint32_t advancing;		/* agent: it sleeps on `completions` */
	uint32_t storms;		/* both: how many rows of calls that begin together are ready */
	uint32_t pages;			/* of the region */
	uint64_t nonce;			/* agent: drawn at start, so that a copy is told apart */
	uint64_t text_start, text_end;	/* virtual addresses of the agent's code */
	struct slot slots[MAILBOX_SLOTS];
};

#define SLOT_COMPAT 1u			/* through the 32-bit entry (int $0x80) */

/* Calls that are not system calls. */
#define PSEUDO_SPAWN 0x10000u		/* slot 0: (share files): a new task; returns its slot */
#define PSEUDO_PEEK 0x10001u		/* (address, arena, length): copy out of the task's memory */
#define PSEUDO_POKE 0x10002u		/* (address, arena, length): copy into it */
#define PSEUDO_EXEC 0x10003u		/* (argv block, output path): run a program; wait status */
#define PSEUDO_CONSOLE 0x10004u		/* slot 0: a shell on the serial console; its pid */
/*
 * Slot 0: (ns, completions): lets guest time pass until a task's call is done
 * that was not counted in `completions`, or ns nanoseconds are over.
 */
#define PSEUDO_ADVANCE 0x10005u
#define PSEUDO_STORM 0x10006u		/* (struct storm in the arena): a row of calls, again and again */

struct storm_call {
	uint32_t nr;			/* host: system call */
	uint32_t uses;			/* host: 0, or 1 + the index of the call whose result is args[0] */
	uint64_t args[6];		/* host */
	int64_t last;			/* agent: what it returned last */
	uint32_t good;			/* agent: how often it succeeded */
	uint32_t error;			/* agent: errno of its last failure */
};					/* 72 bytes */

struct storm {
	uint32_t count, times;		/* host: calls in the row, turns */
	uint32_t together;		/* host: how many begin at one moment */
	uint32_t turn;			/* agent: turns that are over */
	struct storm_call calls[];
};

#endif
