// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/valves: valves that are shut when nobody confirms them in time.
 *
 * Commands, the list of valves and the text are here. Times and strokes, and above
 * all their end, are yours. See brief.md.
 */
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#define VALVES_MAX	64
#define TIME_MIN_MS	10
#define TIME_MAX_MS	60000
#define STROKE_MAX_MS	1000

static unsigned int stroke_ms = 50;
module_param(stroke_ms, uint, 0444);
MODULE_PARM_DESC(stroke_ms, "milliseconds that a stroke takes, 1 to 1000 (default 50)");

static unsigned int tries;
module_param(tries, uint, 0444);
MODULE_PARM_DESC(tries, "strokes after which a valve is given up (default 0: never)");

struct valve {
	struct list_head entry;
	u32 id;
	unsigned long time;		/* in jiffies */
	unsigned int strokes;
	/* TODO: what calls you when the time is over, and where does the stroke run? */
};

static DEFINE_MUTEX(lock);
static LIST_HEAD(valves);
static unsigned int valve_count;
static unsigned long total;

static struct valve *find(u32 id)
{
	struct valve *valve;

	lockdep_assert_held(&lock);
	list_for_each_entry(valve, &valves, entry)
		if (valve->id == id)
			return valve;
	return NULL;
}

static int arm(u32 id, u32 ms)
{
	struct valve *valve;
	int err = 0;

	if (ms < TIME_MIN_MS || ms > TIME_MAX_MS)
		return -EINVAL;
	valve = kzalloc(sizeof(*valve), GFP_KERNEL);
	if (!valve)
		return -ENOMEM;
	valve->id = id;
	valve->time = msecs_to_jiffies(ms) + 1;	/* a part of the first jiffy is over */

	mutex_lock(&lock);
	if (find(id)) {
		err = -EEXIST;
	} else if (valve_count == VALVES_MAX) {
		err = -ENOSPC;
	} else {
		list_add_tail(&valve->entry, &valves);
		valve_count++;
		/* TODO: its time begins */
	}
	mutex_unlock(&lock);
	if (err)
		kfree(valve);
	return err;
}

static int confirm(u32 id)
{
	struct valve *valve;

	mutex_lock(&lock);
	valve = find(id);
	if (valve) {
		valve->strokes = 0;
		/* TODO: its time begins anew */
	}
	mutex_unlock(&lock);
	return valve ? 0 : -ENOENT;
}

static int disarm(u32 id)
{
	struct valve *valve;

	mutex_lock(&lock);
	valve = find(id);
	if (valve) {
		list_del(&valve->entry);
		valve_count--;
		kfree(valve);	/* TODO: it may have other plans */
	}
	mutex_unlock(&lock);
	return valve ? 0 : -ENOENT;
}

static ssize_t valves_write(struct file *file, const char __user *buf, size_t length, loff_t *pos)
{
	char text[48], end;
	char *command;
	u32 id, ms;
	int err;

	if (length >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, buf, length))
		return -EFAULT;
	text[length] = '\0';
	command = strim(text);

	if (sscanf(command, "arm %u %u%c", &id, &ms, &end) == 2)
		err = arm(id, ms);
	else if (sscanf(command, "confirm %u%c", &id, &end) == 1)
		err = confirm(id);
	else if (sscanf(command, "disarm %u%c", &id, &end) == 1)
		err = disarm(id);
	else
		err = -EINVAL;
	return err ?: length;
}

static int valves_show(struct seq_file *seq, void *unused)
{
	struct valve *valve;

	mutex_lock(&lock);
	seq_printf(seq, "strokes %lu\n", total);
	list_for_each_entry(valve, &valves, entry)
		seq_printf(seq, "%u %u\n", valve->id, valve->strokes);
	mutex_unlock(&lock);
	return 0;
}

static int valves_open(struct inode *inode, struct file *file)
{
	/* misc_open() has left something there, which single_open() takes for its own. */
	file->private_data = NULL;
	return single_open(file, valves_show, NULL);
}

static const struct file_operations valves_fops = {
	.owner = THIS_MODULE,
	.open = valves_open,
	.release = single_release,
	.read = seq_read,
	.llseek = seq_lseek,
	.write = valves_write,
};

static struct miscdevice valves_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "valves",
	.fops = &valves_fops,
};

static int __init valves_init(void)
{
	if (stroke_ms < 1 || stroke_ms > STROKE_MAX_MS)
		return -EINVAL;
	return misc_register(&valves_device);
}
module_init(valves_init);

static void __exit valves_exit(void)
{
	misc_deregister(&valves_device);
	/* TODO: valves may be watched, and a stroke may be under way */
}
module_exit(valves_exit);

MODULE_DESCRIPTION("Valves that are shut when nobody confirms them");
MODULE_LICENSE("GPL");
