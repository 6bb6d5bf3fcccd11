// SPDX-License-Identifier: GPL-2.0-only
/* What the agent does once: mounts, modules of the kernel, the mailbox. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <sys/stat.h>

#include "agent.h"

extern char __executable_start, etext;

void die(const char *what)
{
	fprintf(stderr, "agent: %s: %s\n", what, strerror(errno));
	sync();
	reboot(RB_AUTOBOOT);
	_exit(1);
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

void set_up_system(void)
{
	mount_on("proc", "/proc");
	mount_on("sysfs", "/sys");
	mount_on("devtmpfs", "/dev");
	mount_on("tmpfs", "/tmp");
	mount_on("debugfs", "/sys/kernel/debug");
	mount_on("tracefs", "/sys/kernel/tracing");
	mount_on("configfs", "/sys/kernel/config");
	load_modules();
	forbid_compaction();
}

void set_up_mailbox(void)
{
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
}
