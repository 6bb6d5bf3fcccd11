// SPDX-License-Identifier: GPL-2.0-only
/*
 * The doors, another way: one pointer to an array of rules. Every command makes a
 * new array, publishes it, waits until nobody looks at the old one, and frees that.
 * A question that takes a last pass leaves the removing to a work item.
 */
#include <linux/atomic.h>
#include <linux/fs.h>
#include <linux/ioctl.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/rcupdate.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#define RULES_MAX 256

struct doors_question {
	__u32 badge;
	__u32 door;
	__u32 code;
};

#define DOORS_ASK _IOW(0xdc, 1, struct doors_question)	/* 0x400cdc01 */

struct rule {
	u32 id;
	u32 first, last;
	u64 doors;
	u32 code;
	bool counted;
	atomic_t left;		/* if counted; 0: as if it was not there */
	struct rule *removed;	/* the next of those that go together */
};

/* A table never changes: each command makes a new one, which shares rules with the one before. */
struct table {
	unsigned int count;
	struct rule *rules[];
};

static struct table __rcu *current_table;
static DEFINE_MUTEX(edit_lock);

static void purge(struct work_struct *work);
static DECLARE_DELAYED_WORK(purge_work, purge);

static bool is_spent(struct rule *rule)
{
	return rule->counted && !atomic_read(&rule->left);
}

static struct table *table_now(void)
{
	return rcu_dereference_protected(current_table, lockdep_is_held(&edit_lock));
}

static struct rule *find(u32 id)
{
	struct table *table = table_now();

	for (unsigned int i = 0; i < table->count; i++)
		if (table->rules[i]->id == id && !is_spent(table->rules[i]))
			return table->rules[i];
	return NULL;
}

/*
 * Publishes a table in which @new stands in the place of @old; at the end if there
 * is no @old. Rules without passes are left out, all rules if @clear.
 */
static int rebuild(struct rule *old, struct rule *new, bool clear)
{
	struct table *before = table_now(), *after;
	struct rule *removed = NULL;

	after = kmalloc(struct_size(after, rules, before->count + 1), GFP_KERNEL);
	if (!after)
		return -ENOMEM;
	after->count = 0;
	for (unsigned int i = 0; i < before->count; i++) {
		struct rule *rule = before->rules[i];

		if (rule == old && new)
			after->rules[after->count++] = new;
		if (rule == old || clear || is_spent(rule)) {
			rule->removed = removed;
			removed = rule;
		} else {
			after->rules[after->count++] = rule;
		}
	}
	if (new && !old)
		after->rules[after->count++] = new;

	rcu_assign_pointer(current_table, after);
	synchronize_rcu();
	kfree(before);
	while (removed) {
		struct rule *next = removed->removed;

		kfree(removed);
		removed = next;
	}
	return 0;
}

static void purge(struct work_struct *work)
{
	mutex_lock(&edit_lock);
	if (rebuild(NULL, NULL, false))
		schedule_delayed_work(&purge_work, HZ);
	mutex_unlock(&edit_lock);
}

static int ask(const struct doors_question *question)
{
	struct table *table;
	int err = -ENOENT;

	if (question->door > 63)
		return -EINVAL;

	rcu_read_lock();
	table = rcu_dereference(current_table);
	for (unsigned int i = 0; i < table->count; i++) {
		struct rule *rule = table->rules[i];
		int left = 1;

		if (question->badge < rule->first || question->badge > rule->last ||
		    is_spent(rule))
			continue;
		if (!(rule->doors & BIT_ULL(question->door)) || rule->code != question->code) {
			err = -EACCES;
			break;
		}
		if (rule->counted)
			left = atomic_dec_if_positive(&rule->left);
		if (left < 0)
			continue;
		if (!left)
			schedule_delayed_work(&purge_work, 0);
		err = 0;
		break;
	}
	rcu_read_unlock();
	return err;
}

static struct rule *new_rule(u32 id, u32 first, u32 last, u64 doors, u32 code, u32 passes)
{
	struct rule *rule = kzalloc(sizeof(*rule), GFP_KERNEL);

	if (!rule)
		return NULL;
	rule->id = id;
	rule->first = first;
	rule->last = last;
	rule->doors = doors;
	rule->code = code;
	rule->counted = passes;
	atomic_set(&rule->left, passes);
	return rule;
}

/* Spent rules may still be in the table, and do not count. */
static bool is_full(void)
{
	struct table *table = table_now();
	unsigned int alive = 0;

	for (unsigned int i = 0; i < table->count; i++)
		alive += !is_spent(table->rules[i]);
	return alive == RULES_MAX;
}

static int add_rule(u32 id, u32 first, u32 last, u64 doors, u32 code, u32 passes)
{
	struct rule *rule;
	int err;

	if (first > last || passes > INT_MAX)
		return -EINVAL;
	rule = new_rule(id, first, last, doors, code, passes);
	if (!rule)
		return -ENOMEM;

	mutex_lock(&edit_lock);
	if (find(id))
		err = -EEXIST;
	else if (is_full())
		err = -ENOSPC;
	else
		err = rebuild(NULL, rule, false);
	mutex_unlock(&edit_lock);
	if (err)
		kfree(rule);
	return err;
}

static int set_rule(u32 id, u64 doors, u32 code, u32 passes)
{
	struct rule *old, *new;
	int err;

	if (passes > INT_MAX)
		return -EINVAL;
	new = new_rule(id, 0, 0, doors, code, passes);
	if (!new)
		return -ENOMEM;

	mutex_lock(&edit_lock);
	old = find(id);
	if (old) {
		new->first = old->first;
		new->last = old->last;
		err = rebuild(old, new, false);
	} else {
		err = -ENOENT;
	}
	mutex_unlock(&edit_lock);
	if (err)
		kfree(new);
	return err;
}

static int delete_rule(u32 id)
{
	struct rule *rule;
	int err;

	mutex_lock(&edit_lock);
	rule = find(id);
	err = rule ? rebuild(rule, NULL, false) : -ENOENT;
	mutex_unlock(&edit_lock);
	return err;
}

static int clear_rules(void)
{
	int err;

	mutex_lock(&edit_lock);
	err = rebuild(NULL, NULL, true);
	mutex_unlock(&edit_lock);
	return err;
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
		err = clear_rules();
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

/* It may be another table at each rule; in the section, each of these rules is there. */
static void *rule_at(loff_t pos)
{
	struct table *table = rcu_dereference(current_table);

	return pos < table->count ? table->rules[pos] : NULL;
}

static void *rules_start(struct seq_file *seq, loff_t *pos)
{
	rcu_read_lock();
	return rule_at(*pos);
}

static void *rules_next(struct seq_file *seq, void *entry, loff_t *pos)
{
	return rule_at(++*pos);
}

static void rules_stop(struct seq_file *seq, void *entry)
{
	rcu_read_unlock();
}

static int rules_show(struct seq_file *seq, void *entry)
{
	struct rule *rule = entry;
	int left = atomic_read(&rule->left);

	if (rule->counted && !left)
		return 0;
	seq_printf(seq, "%u %u %u %llx %u ", rule->id, rule->first, rule->last, rule->doors,
		   rule->code);
	if (rule->counted)
		seq_printf(seq, "%d\n", left);
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
	struct table *empty = kzalloc(sizeof(*empty), GFP_KERNEL);
	int err;

	if (!empty)
		return -ENOMEM;
	RCU_INIT_POINTER(current_table, empty);
	err = misc_register(&doors_device);
	if (err)
		kfree(empty);
	return err;
}
module_init(doors_init);

/* No file is open, so nobody asks any more and nobody can schedule the work. */
static void __exit doors_exit(void)
{
	struct table *table;

	misc_deregister(&doors_device);
	cancel_delayed_work_sync(&purge_work);
	table = rcu_dereference_protected(current_table, true);
	for (unsigned int i = 0; i < table->count; i++)
		kfree(table->rules[i]);
	kfree(table);
}
module_exit(doors_exit);

MODULE_DESCRIPTION("Who may pass which door");
MODULE_LICENSE("GPL");
