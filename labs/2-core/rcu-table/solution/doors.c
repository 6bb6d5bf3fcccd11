// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/doors: who may pass which door. Doors ask all the time; the rules change
 * now and then.
 *
 * Who asks walks the list in an RCU read-side critical section and takes no lock.
 * Who changes the list holds edit_lock. A rule that is in the list does not change,
 * but for the number of passes that are left: replacing one means to put a finished
 * copy in its place. What was taken out is freed when all that could still be
 * looking at it are done.
 */
#include <linux/atomic.h>
#include <linux/fs.h>
#include <linux/ioctl.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/rculist.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
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
	struct rcu_head rcu;
	u32 id;
	u32 first, last;
	u64 doors;
	u32 code;
	bool counted;
	atomic_t left;		/* if counted; 0: as if it was not there */
	bool listed;		/* under edit_lock */
};

/* Changed under edit_lock; readers need rcu_read_lock() only. */
static LIST_HEAD(rules);
static unsigned int rule_count;
static DEFINE_SPINLOCK(edit_lock);

static bool is_spent(struct rule *rule)
{
	return rule->counted && !atomic_read(&rule->left);
}

static struct rule *find(u32 id)
{
	struct rule *rule;

	lockdep_assert_held(&edit_lock);
	list_for_each_entry(rule, &rules, entry)
		if (rule->id == id && !is_spent(rule))
			return rule;
	return NULL;
}

static void take_out(struct rule *rule)
{
	lockdep_assert_held(&edit_lock);
	list_del_rcu(&rule->entry);
	rule->listed = false;
	rule_count--;
	kfree_rcu(rule, rcu);
}

/* The last pass is taken. A command may have been faster and taken the rule out already. */
static void retire(struct rule *rule)
{
	spin_lock(&edit_lock);
	if (rule->listed)
		take_out(rule);
	spin_unlock(&edit_lock);
}

static int ask(const struct doors_question *question)
{
	struct rule *rule;
	int err = -ENOENT;

	if (question->door > 63)
		return -EINVAL;

	rcu_read_lock();
	list_for_each_entry_rcu(rule, &rules, entry) {
		int left;

		if (question->badge < rule->first || question->badge > rule->last ||
		    is_spent(rule))
			continue;
		if (!(rule->doors & BIT_ULL(question->door)) || rule->code != question->code) {
			err = -EACCES;
			break;
		}
		if (rule->counted) {
			left = atomic_dec_if_positive(&rule->left);
			if (left < 0)
				continue;	/* somebody else took the last one just now */
			if (!left)
				retire(rule);	/* still ours to look at: we are in the section */
		}
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
	rule->listed = true;
	return rule;
}

static int add_rule(u32 id, u32 first, u32 last, u64 doors, u32 code, u32 passes)
{
	struct rule *rule;
	int err = 0;

	if (first > last || passes > INT_MAX)
		return -EINVAL;
	rule = new_rule(id, first, last, doors, code, passes);
	if (!rule)
		return -ENOMEM;

	spin_lock(&edit_lock);
	if (find(id)) {
		err = -EEXIST;
	} else if (rule_count == RULES_MAX) {
		err = -ENOSPC;
	} else {
		list_add_tail_rcu(&rule->entry, &rules);
		rule_count++;
	}
	spin_unlock(&edit_lock);
	if (err)
		kfree(rule);	/* nobody has seen it */
	return err;
}

static int set_rule(u32 id, u64 doors, u32 code, u32 passes)
{
	struct rule *old, *new;

	if (passes > INT_MAX)
		return -EINVAL;
	new = new_rule(id, 0, 0, doors, code, passes);
	if (!new)
		return -ENOMEM;

	spin_lock(&edit_lock);
	old = find(id);
	if (old) {
		new->first = old->first;
		new->last = old->last;
		list_replace_rcu(&old->entry, &new->entry);
		old->listed = false;
		kfree_rcu(old, rcu);
	}
	spin_unlock(&edit_lock);
	if (!old)
		kfree(new);
	return old ? 0 : -ENOENT;
}

static int delete_rule(u32 id)
{
	struct rule *rule;

	spin_lock(&edit_lock);
	rule = find(id);
	if (rule)
		take_out(rule);
	spin_unlock(&edit_lock);
	return rule ? 0 : -ENOENT;
}

static void clear_rules(void)
{
	struct rule *rule, *next;

	spin_lock(&edit_lock);
	list_for_each_entry_safe(rule, next, &rules, entry)
		take_out(rule);
	spin_unlock(&edit_lock);
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

/* seq_file copies to user space between stop and start: only there it may sleep. */
static void *rules_start(struct seq_file *seq, loff_t *pos)
{
	rcu_read_lock();
	return seq_list_start_rcu(&rules, *pos);
}

static void *rules_next(struct seq_file *seq, void *entry, loff_t *pos)
{
	return seq_list_next_rcu(entry, &rules, pos);
}

static void rules_stop(struct seq_file *seq, void *entry)
{
	rcu_read_unlock();
}

static int rules_show(struct seq_file *seq, void *entry)
{
	struct rule *rule = list_entry(entry, struct rule, entry);
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
	return misc_register(&doors_device);
}
module_init(doors_init);

static void __exit doors_exit(void)
{
	misc_deregister(&doors_device);
	clear_rules();	/* the kernel waits for what kfree_rcu() has of a module */
}
module_exit(doors_exit);

MODULE_DESCRIPTION("Who may pass which door");
MODULE_LICENSE("GPL");
