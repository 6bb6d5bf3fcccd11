// SPDX-License-Identifier: GPL-2.0-only
/*
 * canaries - mistakes made on purpose, to see what the kernel says about each
 *
 * insmod canaries.ko bug=NAME makes one of them, by the task that loads the module.
 */
#include <linux/module.h>
#include <linux/string.h>
#include "canaries.h"

static char *bug = "none";
module_param(bug, charp, 0444);
MODULE_PARM_DESC(bug, "name of the mistake to make");

static const struct canary *const families[] = {
	memory_canaries, check_canaries, locking_canaries, context_canaries,
	fault_canaries, object_canaries, device_canaries, race_canaries,
};

/* The kernel looks at how an init function leaves the task. */
static int __init canaries_init(void)
{ /* HERE warn-preempt */
	const struct canary *canary;
	int i;

	for (i = 0; i < ARRAY_SIZE(families); i++) {
		for (canary = families[i]; canary->name; canary++) {
			if (strcmp(canary->name, bug))
				continue;
			canary->commit();
			return 0;
		}
	}
	return strcmp(bug, "none") ? -ENOENT : 0;
}
module_init(canaries_init);

static void __exit canaries_exit(void)
{
	undo_devices();
}
module_exit(canaries_exit);

MODULE_DESCRIPTION("Mistakes made on purpose");
MODULE_LICENSE("GPL");
