// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module with three parameters: a list of names, the number of the picked
 * one, and the picked one itself. See brief.md for what must be refused.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

static char *names = "alpha,beta,gamma";
module_param(names, charp, 0444);
MODULE_PARM_DESC(names, "Up to eight names, separated by commas");

/* TODO: a pick that is checked, at load time and at run time. */
static unsigned int pick;
module_param(pick, uint, 0644);
MODULE_PARM_DESC(pick, "Number of the picked name, from 0");

/* TODO: this one follows from the two others, and can't be set. */
static char *picked = "alpha";
module_param(picked, charp, 0444);
MODULE_PARM_DESC(picked, "The picked name");

static int __init first_init(void)
{
	/* TODO: split the names and keep them, or fail. */
	return 0;
}
module_init(first_init);

static void __exit first_exit(void)
{
	/* TODO: give back what init took. */
}
module_exit(first_exit);

MODULE_DESCRIPTION("A first module that can say no");
MODULE_LICENSE("GPL");
