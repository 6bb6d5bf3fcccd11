// SPDX-License-Identifier: GPL-2.0-only
/* The names as a linked list, each in an allocation of its own. */
#include <linux/init.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <linux/string.h>

#define MAX_NAMES 8

struct entry {
	struct list_head node;
	char name[];
};

static LIST_HEAD(entries);
static unsigned int entry_count;
static struct entry *chosen;
static bool live;

static char *names = "alpha,beta,gamma";
module_param(names, charp, 0444);
MODULE_PARM_DESC(names, "Up to eight names, separated by commas");

static unsigned int pick;

static struct entry *entry_at(unsigned int number)
{
	struct entry *entry;

	list_for_each_entry(entry, &entries, node)
		if (!number--)
			return entry;
	return NULL;
}

static int pick_set(const char *val, const struct kernel_param *kp)
{
	unsigned int before = pick;
	struct entry *entry;
	int ret;

	ret = param_set_uint(val, kp);
	if (ret || !live)
		return ret;

	entry = entry_at(pick);
	if (!entry) {
		pick = before;
		return -ERANGE;
	}
	chosen = entry;
	return 0;
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
	return scnprintf(buffer, PAGE_SIZE, "%s\n", live ? chosen->name : "");
}

static const struct kernel_param_ops picked_ops = {
	.set = picked_set,
	.get = picked_get,
};
module_param_cb(picked, &picked_ops, NULL, 0444);
MODULE_PARM_DESC(picked, "The picked name (read only)");

static void drop_all(void)
{
	struct entry *entry, *next;

	list_for_each_entry_safe(entry, next, &entries, node) {
		list_del(&entry->node);
		kfree(entry);
	}
	entry_count = 0;
}

static int append(const char *name, size_t length)
{
	struct entry *entry;

	if (!length)
		return -EINVAL;
	if (entry_count == MAX_NAMES)
		return -E2BIG;
	entry = kmalloc(struct_size(entry, name, length + 1), GFP_KERNEL);
	if (!entry)
		return -ENOMEM;
	memcpy(entry->name, name, length);
	entry->name[length] = '\0';
	list_add_tail(&entry->node, &entries);
	entry_count++;
	return 0;
}

static int __init first_init(void)
{
	const char *at = names;
	int ret;

	for (;;) {
		const char *comma = strchrnul(at, ',');

		ret = append(at, comma - at);
		if (ret)
			break;
		if (!*comma)
			break;
		at = comma + 1;
	}

	kernel_param_lock(THIS_MODULE);
	chosen = entry_at(pick);
	if (!ret && !chosen)
		ret = -ERANGE;
	live = !ret;
	kernel_param_unlock(THIS_MODULE);

	if (ret)
		drop_all();
	return ret;
}
module_init(first_init);

static void __exit first_exit(void)
{
	kernel_param_lock(THIS_MODULE);
	live = false;
	kernel_param_unlock(THIS_MODULE);
	drop_all();
}
module_exit(first_exit);

MODULE_DESCRIPTION("A first module that can say no");
MODULE_LICENSE("GPL v2");
