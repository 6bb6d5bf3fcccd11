// SPDX-License-Identifier: GPL-2.0-only
/* Data that two tasks use at the same time, and nothing that orders them. */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include "canaries.h"

static unsigned long parcels;

static int count_parcels(void *unused)
{
	while (!kthread_should_stop()) {
		parcels++; /* HERE kcsan-race */
		cond_resched();
	}
	return 0;
}

static void count_without_a_lock(void)
{
	struct task_struct *tasks[2];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tasks); i++)
		tasks[i] = kthread_run(count_parcels, NULL, "counter-%zu", i);
	msleep(500);
	for (i = 0; i < ARRAY_SIZE(tasks); i++)
		if (!IS_ERR(tasks[i]))
			kthread_stop(tasks[i]);
}

const struct canary race_canaries[] = {
	{ "kcsan-race", count_without_a_lock },
	{ }
};
