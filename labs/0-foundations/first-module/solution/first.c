// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module with three parameters: a list of names, the number of the picked
 * one, and the picked one itself.
 */
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <linux/string.h>

#define FIRST_MAX_NAMES 8

struct first_list {
	char *text;			/* what the names below point into */
	unsigned int count;
	char *name[FIRST_MAX_NAMES];
};

/*
 * The files of the parameters are there before init and after exit; the list
 * is not. The lock of the parameters, which the kernel holds around the
 * functions below that set and get, protects it.
 */
static struct first_list *first_list;

static char *names = "alpha,beta,gamma";
module_param(names, charp, 0444);
MODULE_PARM_DESC(names, "Up to eight names, separated by commas");

static unsigned int pick;

static int pick_set(const char *val, const struct kernel_param *kp)
{
	unsigned int number;
	int ret;

	ret = kstrtouint(val, 10, &number);
	if (ret)
		return ret;
	/* At load time there is no list yet; init looks at it again. */
	if (first_list && number >= first_list->count)
		return -ERANGE;

	pick = number;
	return 0;
}

static const struct kernel_param_ops pick_ops = {
	.set = pick_set,
	.get = param_get_uint,
};
module_param_cb(pick, &pick_ops, &pick, 0644);
MODULE_PARM_DESC(pick, "Number of the picked name, from 0");

/* Without it, the kernel would call a null pointer for picked=... */
static int picked_set(const char *val, const struct kernel_param *kp)
{
	return -EPERM;
}

static int picked_get(char *buffer, const struct kernel_param *kp)
{
	if (!first_list)
		return -ENODEV;
	return scnprintf(buffer, PAGE_SIZE, "%s\n", first_list->name[pick]);
}

static const struct kernel_param_ops picked_ops = {
	.set = picked_set,
	.get = picked_get,
};
module_param_cb(picked, &picked_ops, NULL, 0444);
MODULE_PARM_DESC(picked, "The picked name (read only)");

static void first_free(struct first_list *list)
{
	kfree(list->text);
	kfree(list);
}

/* Makes a list of a copy of the text, as splitting changes it. */
static struct first_list *first_split(const char *text)
{
	struct first_list *list;
	char *rest, *name;
	int ret;

	list = kzalloc(sizeof(*list), GFP_KERNEL);
	if (!list)
		return ERR_PTR(-ENOMEM);

	list->text = kstrdup(text, GFP_KERNEL);
	if (!list->text) {
		ret = -ENOMEM;
		goto err_free;
	}

	rest = list->text;
	while ((name = strsep(&rest, ","))) {
		if (!*name) {
			ret = -EINVAL;
			goto err_free;
		}
		if (list->count == FIRST_MAX_NAMES) {
			ret = -E2BIG;
			goto err_free;
		}
		list->name[list->count++] = name;
	}
	return list;

err_free:
	first_free(list);
	return ERR_PTR(ret);
}

static int __init first_init(void)
{
	struct first_list *list;
	int ret = 0;

	list = first_split(names);
	if (IS_ERR(list))
		return PTR_ERR(list);

	/* From here on a write to the file finds the list, or came before. */
	kernel_param_lock(THIS_MODULE);
	if (pick < list->count)
		first_list = list;
	else
		ret = -ERANGE;
	kernel_param_unlock(THIS_MODULE);

	if (ret)
		first_free(list);
	return ret;
}
module_init(first_init);

static void __exit first_exit(void)
{
	struct first_list *list;

	/* Someone may be reading a file at this very moment. */
	kernel_param_lock(THIS_MODULE);
	list = first_list;
	first_list = NULL;
	kernel_param_unlock(THIS_MODULE);

	first_free(list);
}
module_exit(first_exit);

MODULE_DESCRIPTION("A first module that can say no");
MODULE_LICENSE("GPL");
