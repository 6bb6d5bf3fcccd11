// SPDX-License-Identifier: GPL-2.0-only
/*
 * The agent: PID 1 of a machine, a server of system calls.
 *
 * It knows no lab and judges nothing. The host says which task makes which
 * system call with which bytes; the agent says what the kernel answered and
 * when. Every instruction the guest has not run before costs the emulator a
 * translation, so on that path nothing is executed, parsed or allocated, and
 * no system call is made but the one asked for.
 *
 * Tasks are processes of their own: they block, take signals and die as a
 * learner's users do. The one that was called last spins on the mailbox for a
 * while, so that a row of calls costs no context switch. The agent itself runs
 * at idle priority: whenever every task is blocked it takes over and watches
 * the bell.
 *
 * Why it spins at all: under QEMU's -icount with sleep=off, guest time jumps
 * ahead whenever the guest sleeps. An agent that slept between two requests
 * would let hours go by; so time passes only when the host asks for it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "agent.h"

#define FIRST_TASKS 4			/* forked before a template is saved */
/* How long a task spins after its last call: guest time, and looks for the next one. */
#define SPIN_NS 30000000ull
#define SPIN_TURNS 4096

static uint32_t bell_seen;

static int64_t spawn(int share_files);

/*
 * Between two looks for work. The emulator leaves its loop at this instruction, which takes it as long as some
 * hundreds of others: guest time goes slower than the host's while a host that is busy is waited for.
 */
static void breathe(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#endif
}

static void count_completion(void)
{
	__atomic_fetch_add(&box->completions, 1, __ATOMIC_ACQ_REL);
	if (get(&box->advancing))
		wake(&box->completions);
}

static int64_t advance(uint64_t ns, uint32_t completions)
{
	struct timespec timeout = {ns / 1000000000, ns % 1000000000};

	set(&box->advancing, 1);
	sleep_on(&box->completions, completions, &timeout);
	set(&box->advancing, 0);
	return get(&box->completions) != completions;
}

static int64_t call(const struct slot *s)
{
	switch (s->nr) {
	case PSEUDO_SPAWN:
		return spawn(s->args[0]);
	case PSEUDO_ADVANCE:
		return advance(s->args[0], s->args[1]);
	}
	return perform_call(s);
}

/* Does what the slot asks, in the process that runs this. */
static void perform(struct slot *s)
{
	uint32_t asked = get(&s->asked);

	s->signal = 0;
	set(&s->started, asked);
	s->start = now();
	s->ret = call(s);
	s->end = now();
	set(&s->done, asked);
	if (s != box->slots)
		count_completion();
}

static void on_signal(int signal)
{
	(void)signal;
}

static void task_main(struct slot *s)
{
	struct sigaction interrupt = {.sa_handler = on_signal};
	struct sigaction restart = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	struct sched_param normal = {0};

	/* The two signals the host uses: one that interrupts a call, one that lets it restart. */
	sigaction(SIGUSR1, &interrupt, NULL);
	sigaction(SIGUSR2, &restart, NULL);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	sched_setscheduler(0, SCHED_OTHER, &normal);
	for (;;) {
		uint64_t until = now() + SPIN_NS;
		uint32_t turns = 0;

		while (get(&s->asked) == get(&s->done)) {
			/* Somebody else is called: the agent, at idle priority, must get the processor. */
			if (get(&box->bell) != bell_seen)
				break;
			if ((++turns & 0xff) == 0 && (turns >= SPIN_TURNS || now() > until))
				break;
			breathe();
		}
		bell_seen = get(&box->bell);
		if (get(&s->asked) != get(&s->done)) {
			perform(s);
			continue;
		}
		set(&s->asleep, 1);
		sleep_on(&s->asked, get(&s->done), NULL);
		set(&s->asleep, 0);
		bell_seen = get(&box->bell);
	}
}

static int64_t spawn(int share_files)
{
	struct slot *s = NULL;
	long pid;
	int i;

	for (i = 1; i < MAILBOX_SLOTS && !s; i++)
		if (!box->slots[i].pid)
			s = &box->slots[i];
	if (!s)
		return -EAGAIN;
	/* The counters go on: the host may not have seen yet that the last task's call is over. */
	set(&s->started, get(&s->asked));
	set(&s->done, get(&s->asked));
	set(&s->asleep, 0);
	pid = syscall(SYS_clone, SIGCHLD | (share_files ? CLONE_FILES : 0), NULL, NULL, NULL, NULL);
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		char name[16];

		snprintf(name, sizeof(name), "task-%d", (int)(s - box->slots));
		prctl(PR_SET_NAME, name);
		task_main(s);
	}
	s->pid = pid;
	return s - box->slots;
}

/*
 * The handler of SIGCHLD. It does the work itself, so that a task that dies just
 * before the agent goes to sleep has already changed the word it sleeps on.
 */
static void reap(int signal)
{
	int status, saved = errno;
	pid_t pid;

	(void)signal;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (int i = 1; i < MAILBOX_SLOTS; i++) {
			struct slot *s = &box->slots[i];

			if (s->pid != pid)
				continue;
			s->pid = 0;
			s->signal = WIFSIGNALED(status) ? WTERMSIG(status) : SIGKILL;
			s->end = now();
			s->ret = -EINTR;
			set(&s->done, get(&s->asked));
			count_completion();
		}
	}
	errno = saved;
}

/* Hands what was asked to the tasks that sleep; those that spin see it by themselves. */
static void ring(void)
{
	for (int i = 1; i < MAILBOX_SLOTS; i++) {
		struct slot *s = &box->slots[i];

		if (get(&s->asked) == get(&s->done) || get(&s->started) == get(&s->asked))
			continue;
		if (!s->pid) {
			s->ret = -ESRCH;
			set(&s->done, get(&s->asked));
		} else if (get(&s->asleep)) {
			wake(&s->asked);
		}
	}
}

static void serve(void)
{
	struct slot *me = &box->slots[0];

	for (;;) {
		int asked = get(&me->asked) != get(&me->done);

		/* Tasks first: letting time pass is slept through, and they were asked before it. */
		if (get(&box->bell) != bell_seen) {
			bell_seen = get(&box->bell);
			ring();
		}
		if (asked)
			perform(me);
		else
			breathe();
	}
}

int main(void)
{
	static const char magic[16] = {'b' ^ 1, 'r' ^ 1, 'i' ^ 1, 'n' ^ 1, 'g' ^ 1, 'u' ^ 1, 'p' ^ 1, '-' ^ 1,
				       'm' ^ 1, 'a' ^ 1, 'i' ^ 1, 'l' ^ 1, 'b' ^ 1, 'o' ^ 1, 'x' ^ 1, '!' ^ 1};
	struct sigaction child = {.sa_handler = reap};
	struct sched_param idle = {0};

	set_up_system();
	set_up_mailbox();
	box->slots[0].pid = getpid();
	sigaction(SIGCHLD, &child, NULL);
	for (int i = 0; i < FIRST_TASKS; i++)
		if (spawn(i < FIRST_TASKS - 1) < 0)
			die("task");
	sched_setscheduler(0, SCHED_IDLE, &idle);
	/* The host finds the region by these bytes; they stand in memory nowhere else. */
	for (unsigned int i = 0; i < sizeof(magic); i++)
		box->magic[i] = magic[i] ^ 1;
	serve();
}
