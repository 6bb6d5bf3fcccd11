// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/doors: who may pass which door. Doors ask all the time; the rules change
 * now and then.
 *
 * This driver is right, and every question waits for its one mutex. See brief.md.
 */
#include <linux/fs.h>
#include <linux/ioctl.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#define RULES_MAX 256

struct doors_question {
	__u32 badge;
	__u32 door;
	__u32 code;
};

#define DOORS_ASK _IOW(0xdc, 1, struct doors_question)	/* 0x400cdc01 */

struct rule {
	struct list_head entry;
	u32 id;
	u32 first, last;
	u64 doors;
	u32 code;
	bool counted;
	u32 left;	/* if counted */
};

/* TODO: everybody waits for everybody here */
static DEFINE_MUTEX(lock);
static LIST_HEAD(rules);
static unsigned int rule_count;

static struct rule *find(u32 id)
{
	struct rule *rule;

	lockdep_assert_held(&lock);
	list_for_each_entry(rule, &rules, entry)
		if (rule->id == id)
			return rule;
	return NULL;
}

static void take_out(struct rule *rule)
{
	lockdep_assert_held(&lock);
	list_del(&rule->entry);
	rule_count--;
	kfree(rule);
}

static int ask(const struct doors_question *question)
{
	struct rule *rule;
	int err = -ENOENT;

	if (question->door > 63)
		return -EINVAL;

	mutex_lock(&lock);
	list_for_each_entry(rule, &rules, entry) {
		if (question->badge < rule->first || question->badge > rule->last)
			continue;
		if (!(rule->doors & BIT_ULL(question->door)) || rule->code != question->code) {
			err = -EACCES;
		} else {
			err = 0;
			if (rule->counted && --rule->left == 0)
				take_out(rule);
		}
		break;
	}
	mutex_unlock(&lock);
	return err;
}

static int add_rule(u32 id, u32 first, u32 last, u64 doors, u32 code, u32 passes)
{
	struct rule *rule;
	int err = 0;

	if (first > last || passes > INT_MAX)
		return -EINVAL;

	mutex_lock(&lock);
	if (find(id)) {
		err = -EEXIST;
	} else if (rule_count == RULES_MAX) {
		err = -ENOSPC;
	} else {
		rule = kzalloc(sizeof(*rule), GFP_KERNEL);
		if (rule) {
			rule->id = id;
			rule->first = first;
			rule->last = last;
			rule->doors = doors;
			rule->code = code;
			rule->counted = passes;
			rule->left = passes;
			list_add_tail(&rule->entry, &rules);
			rule_count++;
		} else {
			err = -ENOMEM;
		}
	}
	mutex_unlock(&lock);
	return err;
}

static int set_rule(u32 id, u64 doors, u32 code, u32 passes)
{
	struct rule *rule;

	if (passes > INT_MAX)
		return -EINVAL;

	mutex_lock(&lock);
	rule = find(id);
	if (rule) {
		rule->doors = doors;
		rule->code = code;
		rule->counted = passes;
		rule->left = passes;
	}
	mutex_unlock(&lock);
	return rule ? 0 : -ENOENT;
}

static int delete_rule(u32 id)
{
	struct rule *rule;

	mutex_lock(&lock);
	rule = find(id);
	if (rule)
		take_out(rule);
	mutex_unlock(&lock);
	return rule ? 0 : -ENOENT;
}

static void clear_rules(void)
{
	struct rule *rule, *next;

	mutex_lock(&lock);
	list_for_each_entry_safe(rule, next, &rules, entry)
		take_out(rule);
	mutex_unlock(&lock);
}

static ssize_t doors_write(struct file *file, const char __user *buf, size_t length, loff_t *pos)
{
	u32 id, first, last, code, passes;
	char text[96], end;
	char *command;
	u64 doors;
	int err;

	if (length >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, buf, length))
		return -EFAULT;
	text[length] = '\0';
	command = strim(text);

	if (sscanf(command, "add %u %u %u %llx %u %u%c",
		   &id, &first, &last, &doors, &code, &passes, &end) == 6) {
		err = add_rule(id, first, last, doors, code, passes);
	} else if (sscanf(command, "set %u %llx %u %u%c", &id, &doors, &code, &passes, &end) == 4) {
		err = set_rule(id, doors, code, passes);
	} else if (sscanf(command, "del %u%c", &id, &end) == 1) {
		err = delete_rule(id);
	} else if (!strcmp(command, "clear")) {
		clear_rules();
		err = 0;
	} else {
		err = -EINVAL;
	}
	return err ?: length;
}

static long doors_ioctl(struct file *file, unsigned int request, unsigned long argument)
{
	struct doors_question question;

	if (request != DOORS_ASK)
		return -ENOTTY;
	if (copy_from_user(&question, (void __user *)argument, sizeof(question)))
		return -EFAULT;
	return ask(&question);
}

static void *rules_start(struct seq_file *seq, loff_t *pos)
{
	mutex_lock(&lock);
	return seq_list_start(&rules, *pos);
}

static void *rules_next(struct seq_file *seq, void *entry, loff_t *pos)
{
	return seq_list_next(entry, &rules, pos);
}

static void rules_stop(struct seq_file *seq, void *entry)
{
	mutex_unlock(&lock);
}

static int rules_show(struct seq_file *seq, void *entry)
{
	struct rule *rule = list_entry(entry, struct rule, entry);

	seq_printf(seq, "%u %u %u %llx %u ", rule->id, rule->first, rule->last, rule->doors,
		   rule->code);
	if (rule->counted)
		seq_printf(seq, "%u\n", rule->left);
	else
		seq_puts(seq, "-\n");
	return 0;
}

static const struct seq_operations rules_ops = {
	.start = rules_start,
	.next = rules_next,
	.stop = rules_stop,
	.show = rules_show,
};

static int doors_open(struct inode *inode, struct file *file)
{
	/* misc_open() has left something there, which seq_open() takes for its own. */
	file->private_data = NULL;
	return seq_open(file, &rules_ops);
}

static const struct file_operations doors_fops = {
	.owner = THIS_MODULE,
	.open = doors_open,
	.release = seq_release,
	.read = seq_read,
	.llseek = seq_lseek,
	.write = doors_write,
	.unlocked_ioctl = doors_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice doors_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "doors",
	.fops = &doors_fops,
};

static int __init doors_init(void)
{
	return misc_register(&doors_device);
}
module_init(doors_init);

static void __exit doors_exit(void)
{
	misc_deregister(&doors_device);
	clear_rules();
}
module_exit(doors_exit);

MODULE_DESCRIPTION("Who may pass which door");
MODULE_LICENSE("GPL");
