// SPDX-License-Identifier: GPL-2.0-only
/* What a task can be asked for: a system call, a row of them, or a program. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.h"

#define STORM_PATIENCE 1			/* seconds until a row begins without the others */

#if defined(__x86_64__)
static int64_t call_native(const struct slot *s)
{
	register uint64_t r10 __asm__("r10") = s->args[3];
	register uint64_t r8 __asm__("r8") = s->args[4];
	register uint64_t r9 __asm__("r9") = s->args[5];
	int64_t ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"((uint64_t)s->nr), "D"(s->args[0]), "S"(s->args[1]), "d"(s->args[2]),
			   "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

static int64_t call_compat(const struct slot *s)
{
	uint64_t ret = s->nr;

	/* ebp carries the sixth argument, and the compiler may want it. */
	__asm__ volatile("push %%rbp\n\t"
			 "mov %[a5], %%rbp\n\t"
			 "int $0x80\n\t"
			 "pop %%rbp"
			 : "+a"(ret)
			 : "b"(s->args[0]), "c"(s->args[1]), "d"(s->args[2]), "S"(s->args[3]),
			   "D"(s->args[4]), [a5] "r"(s->args[5])
			 : "r8", "r9", "r10", "r11", "memory");
	return (int32_t)ret;
}
#else
static int64_t call_native(const struct slot *s)
{
	long ret = syscall(s->nr, s->args[0], s->args[1], s->args[2], s->args[3], s->args[4], s->args[5]);

	return ret == -1 ? -errno : ret;
}

static int64_t call_compat(const struct slot *s)
{
	(void)s;
	return -ENOSYS;
}
#endif

/* A shell on the serial console, for a person. */
static int64_t start_console(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		int tty;

		setsid();
		tty = open("/dev/ttyS0", O_RDWR);
		ioctl(tty, TIOCSCTTY, 1);
		dup2(tty, 0);
		dup2(tty, 1);
		dup2(tty, 2);
		execle("/bin/sh", "-sh", NULL,
		       (char *[]){"PATH=/bin:/sbin", "HOME=/", "TERM=vt100", "PS1=\\w # ", NULL});
		_exit(127);
	}
	return pid < 0 ? -errno : pid;
}

/* argv is a block of NUL-terminated strings that ends with an empty one. */
static int64_t call_exec(char *block, const char *output)
{
	char *argv[64];
	int argc = 0, status;
	pid_t pid;

	for (char *s = block; *s && argc < 63; s += strlen(s) + 1)
		argv[argc++] = s;
	argv[argc] = NULL;
	pid = vfork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		int in = open("/dev/null", O_RDONLY);
		int out = open(output, O_WRONLY | O_CREAT | O_TRUNC, 0600);

		dup2(in, 0);
		dup2(out, 1);
		dup2(out, 2);
		execve(argv[0], argv, (char *[]){"PATH=/bin:/sbin", "HOME=/", NULL});
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return status;
}

/*
 * Waits for the others. It sleeps, so that the agent, at idle priority, gets to wake
 * them even where all of a processor would be taken by spinning.
 */
/*
 * Waits for the others, asleep: a task that would look again and again, at a
 * priority above all others, would keep the agent from waking them.
 */
static void begin_together(uint32_t together)
{
	const struct timespec patience = {STORM_PATIENCE, 0};
	uint32_t here = __atomic_add_fetch(&box->storms, 1, __ATOMIC_ACQ_REL);

	wake(&box->storms);
	while (here < together) {
		uint32_t before = here;

		sleep_on(&box->storms, before, &patience);
		here = get(&box->storms);
		if (here == before)
			break;
	}
}

/*
 * Runs a row of calls over and over, as fast as they go: what a race needs and the
 * host could not ask for one by one. A call that uses the result of another is left
 * out while that one fails.
 */
static int64_t storm(struct storm *storm)
{
	begin_together(storm->together);
	for (uint32_t turn = 0; turn < storm->times; turn++) {
		for (uint32_t i = 0; i < storm->count; i++) {
			struct storm_call *c = &storm->calls[i];
			struct slot one = {.nr = c->nr};

			memcpy(one.args, c->args, sizeof(one.args));
			if (c->uses) {
				int64_t result = storm->calls[c->uses - 1].last;

				if (result < 0) {
					c->last = result;
					continue;
				}
				one.args[0] = result;
			}
			c->last = call_native(&one);
			if (c->last >= 0)
				c->good++;
			else
				c->error = -c->last;
		}
		set(&storm->turn, turn + 1);
	}
	return storm->times;
}

int64_t perform_call(const struct slot *s)
{
	switch (s->nr) {
	case PSEUDO_PEEK:
		memcpy((void *)s->args[1], (void *)s->args[0], s->args[2]);
		return s->args[2];
	case PSEUDO_POKE:
		memcpy((void *)s->args[0], (void *)s->args[1], s->args[2]);
		return s->args[2];
	case PSEUDO_EXEC:
		return call_exec((char *)s->args[0], (const char *)s->args[1]);
	case PSEUDO_STORM:
		return storm((struct storm *)s->args[0]);
	case PSEUDO_CONSOLE:
		return start_console();
	}
	return s->flags & SLOT_COMPAT ? call_compat(s) : call_native(s);
}
