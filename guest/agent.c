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
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "mailbox.h"

#define FIRST_TASKS 4			/* forked before a template is saved */
#define SPIN_NS 30000000ull		/* guest time a task spins after its last call */

static struct mailbox *const box = (struct mailbox *)MAILBOX_BASE;
static uint32_t bell_seen;

extern char __executable_start, etext;

static void die(const char *what)
{
	fprintf(stderr, "agent: %s: %s\n", what, strerror(errno));
	sync();
	reboot(RB_AUTOBOOT);
	_exit(1);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* The words both sides write. */
static uint32_t get(uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static void set(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static void sleep_on(uint32_t *word, uint32_t value, const struct timespec *timeout)
{
	syscall(SYS_futex, word, FUTEX_WAIT, value, timeout, NULL, 0);
}

static void wake(uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void count_completion(void)
{
	__atomic_fetch_add(&box->completions, 1, __ATOMIC_ACQ_REL);
	if (get(&box->advancing))
		wake(&box->completions);
}

/* --- the calls --- */

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

static int64_t spawn(int share_files);

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
	case PSEUDO_PEEK:
		memcpy((void *)s->args[1], (void *)s->args[0], s->args[2]);
		return s->args[2];
	case PSEUDO_POKE:
		memcpy((void *)s->args[0], (void *)s->args[1], s->args[2]);
		return s->args[2];
	case PSEUDO_EXEC:
		return call_exec((char *)s->args[0], (const char *)s->args[1]);
	case PSEUDO_CONSOLE:
		return start_console();
	case PSEUDO_ADVANCE:
		return advance(s->args[0], s->args[1]);
	}
	return s->flags & SLOT_COMPAT ? call_compat(s) : call_native(s);
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

/* --- a task --- */

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
			if ((++turns & 0xff) == 0 && now() > until)
				break;
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

/* --- the agent --- */

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
		if (get(&me->asked) != get(&me->done))
			perform(me);
		if (get(&box->bell) != bell_seen) {
			bell_seen = get(&box->bell);
			ring();
		}
	}
}

static void mount_on(const char *type, const char *where)
{
	mkdir(where, 0755);
	mount(type, where, type, 0, NULL);	/* a kernel without it is fine */
}

/* Debian's kernel has parts as modules; /modules/list names those wanted, in order. */
static void load_modules(void)
{
	FILE *list = fopen("/modules/list", "r");
	char name[256];

	while (list && fscanf(list, "%255s", name) == 1) {
		int fd = open(name, O_RDONLY | O_CLOEXEC);

		if (fd < 0 || syscall(SYS_finit_module, fd, "", 0) < 0)
			fprintf(stderr, "agent: %s: %s\n", name, strerror(errno));
		close(fd);
	}
	if (list)
		fclose(list);
}

/* Tells the host where each page of the region is in guest-physical memory. */
static void publish_pages(void)
{
	uint64_t *pages = (uint64_t *)(MAILBOX_BASE + MAILBOX_PAGE);
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	for (uint32_t i = 0; i < box->pages; i++) {
		uint64_t entry, page = MAILBOX_BASE / MAILBOX_PAGE + i;

		if (pread(fd, &entry, sizeof(entry), page * sizeof(entry)) != sizeof(entry) || !(entry >> 63))
			die("page map");
		pages[i] = (entry & ((1ull << 55) - 1)) * MAILBOX_PAGE;
	}
	close(fd);
}

/* Locked pages may still be moved by compaction. */
static void forbid_compaction(void)
{
	int fd = open("/proc/sys/vm/compact_unevictable_allowed", O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, "0", 1) != 1)
		die("compaction");
	close(fd);
}

int main(void)
{
	static const char magic[16] = {'b' ^ 1, 'r' ^ 1, 'i' ^ 1, 'n' ^ 1, 'g' ^ 1, 'u' ^ 1, 'p' ^ 1, '-' ^ 1,
				       'm' ^ 1, 'a' ^ 1, 'i' ^ 1, 'l' ^ 1, 'b' ^ 1, 'o' ^ 1, 'x' ^ 1, '!' ^ 1};
	struct sigaction child = {.sa_handler = reap};
	struct sched_param idle = {0};

	mount_on("proc", "/proc");
	mount_on("sysfs", "/sys");
	mount_on("devtmpfs", "/dev");
	mount_on("tmpfs", "/tmp");
	mount_on("debugfs", "/sys/kernel/debug");
	mount_on("tracefs", "/sys/kernel/tracing");
	mount_on("configfs", "/sys/kernel/config");
	load_modules();
	forbid_compaction();
	mlockall(MCL_CURRENT | MCL_FUTURE);
	if (mmap(box, MAILBOX_SIZE, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_POPULATE, -1, 0) == MAP_FAILED)
		die("mailbox");
	memset(box, 0, MAILBOX_SIZE);
	box->version = MAILBOX_VERSION;
	box->pages = MAILBOX_SIZE / MAILBOX_PAGE;
	box->text_start = (uintptr_t)&__executable_start;
	box->text_end = (uintptr_t)&etext;
	if (getrandom(&box->nonce, sizeof(box->nonce), 0) < 0)
		die("nonce");
	publish_pages();
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
