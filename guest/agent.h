/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of the agent share. */
#ifndef AGENT_H
#define AGENT_H

#include <limits.h>
#include <linux/futex.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "mailbox.h"

#define box ((struct mailbox *)MAILBOX_BASE)

/* setup.c */
__attribute__((noreturn)) void die(const char *what);
void set_up_system(void);
void set_up_mailbox(void);

/* calls.c: makes the call a slot asks for, in the process that runs this. */
int64_t perform_call(const struct slot *s);

static inline uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* The words both sides write. */
static inline uint32_t get(uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline void set(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static inline void sleep_on(uint32_t *word, uint32_t value, const struct timespec *timeout)
{
	syscall(SYS_futex, word, FUTEX_WAIT, value, timeout, NULL, 0);
}

static inline void wake(uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

#endif
