// SPDX-License-Identifier: GPL-2.0-only
/*
 * Everything is done by the setters, before init: names are checked and split
 * when they are handed over. There is room for the longest of them from the
 * start, so that there is nothing to give back.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>

#define MAX_NAMES 8

struct name_list {
	char given[1024];
	char text[1024];
	unsigned int count;
	const char *name[MAX_NAMES];
};

static struct name_list list = {
	.given = "alpha,beta,gamma",
	.count = 3,
	.name = { "alpha", "beta", "gamma" },
};

static unsigned int pick;
static bool loaded;

static int names_set(const char *val, const struct kernel_param *kp)
{
	struct name_list *into = kp->arg;
	unsigned int count = 0;
	char *rest, *name;

	if (strscpy(into->given, val) < 0)
		return -ENOSPC;
	strscpy(into->text, val);

	rest = into->text;
	while ((name = strsep(&rest, ","))) {
		if (!*name)
			return -EINVAL;
		if (count == MAX_NAMES)
			return -E2BIG;
		into->name[count++] = name;
	}
	into->count = count;
	return 0;
}

static int names_get(char *buffer, const struct kernel_param *kp)
{
	return scnprintf(buffer, PAGE_SIZE, "%s\n", list.given);
}

static const struct kernel_param_ops names_ops = {
	.set = names_set,
	.get = names_get,
};
module_param_cb(names, &names_ops, &list, 0444);
MODULE_PARM_DESC(names, "Up to eight names, separated by commas");

static int pick_set(const char *val, const struct kernel_param *kp)
{
	int ret;

	/* The number of names may still change until init. */
	ret = param_set_uint_minmax(val, kp, 0,
				    loaded ? list.count - 1 : UINT_MAX);
	/* A number out of range is EINVAL for the helper, as is no number. */
	if (ret == -EINVAL && kstrtouint(val, 0, &(unsigned int){ 0 }) == 0)
		ret = -ERANGE;
	return ret;
}

static const struct kernel_param_ops pick_ops = {
	.set = pick_set,
	.get = param_get_uint,
};
module_param_cb(pick, &pick_ops, &pick, 0644);
MODULE_PARM_DESC(pick, "Number of the picked name, from 0");

static int picked_set(const char *val, const struct kernel_param *kp)
{
	return -EPERM;
}

static int picked_get(char *buffer, const struct kernel_param *kp)
{
	if (!loaded)
		return -ENODEV;
	return scnprintf(buffer, PAGE_SIZE, "%s\n", list.name[pick]);
}

static const struct kernel_param_ops picked_ops = {
	.set = picked_set,
	.get = picked_get,
};
module_param_cb(picked, &picked_ops, NULL, 0444);
MODULE_PARM_DESC(picked, "The picked name (read only)");

static int __init first_init(void)
{
	int ret = 0;

	kernel_param_lock(THIS_MODULE);
	if (pick >= list.count)
		ret = -ERANGE;
	loaded = !ret;
	kernel_param_unlock(THIS_MODULE);
	return ret;
}
module_init(first_init);

static void __exit first_exit(void)
{
	kernel_param_lock(THIS_MODULE);
	loaded = false;
	kernel_param_unlock(THIS_MODULE);
}
module_exit(first_exit);

MODULE_DESCRIPTION("A first module that can say no");
MODULE_LICENSE("GPL");
