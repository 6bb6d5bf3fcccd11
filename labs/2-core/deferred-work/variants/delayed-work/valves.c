// SPDX-License-Identifier: GPL-2.0-only
/*
 * The valves, another way: timer and work are one, a delayed work, which knows how
 * to be moved to another time and how to be stopped wherever it is.
 */
#include <linux/delay.h>
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
#include <linux/workqueue.h>

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
	struct delayed_work work;

	/* under the lock */
	bool watched;			/* on the list; who ends this frees the valve */
	unsigned int strokes;
};

/* For the list and what belongs to it. The work takes it: never wait for work while holding it. */
static DEFINE_MUTEX(lock);
static LIST_HEAD(valves);
static unsigned int valve_count;
static unsigned long total;

static struct workqueue_struct *line;

/* Also takes back what waits for the line: a work is pending once, as a timer or in the queue. */
static void start_time(struct valve *valve)
{
	lockdep_assert_held(&lock);
	mod_delayed_work(line, &valve->work, valve->time);
}

static void take_off(struct valve *valve)
{
	lockdep_assert_held(&lock);
	valve->watched = false;
	list_del(&valve->entry);
	valve_count--;
}

static void valve_work(struct work_struct *work)
{
	struct valve *valve = container_of(to_delayed_work(work), struct valve, work);
	bool given_up = false;
	bool watched;

	mutex_lock(&lock);
	watched = valve->watched;
	mutex_unlock(&lock);
	if (!watched)
		return;

	msleep(stroke_ms);

	mutex_lock(&lock);
	total++;
	if (valve->watched) {
		valve->strokes++;
		if (tries && valve->strokes >= tries) {
			take_off(valve);
			given_up = true;
		} else {
			start_time(valve);
		}
	}
	mutex_unlock(&lock);

	if (given_up) {
		/* Nobody finds it, so nobody queues it; what a confirmation has queued is taken back. */
		cancel_delayed_work(&valve->work);
		kfree(valve);
	}
}

/*
 * Of a valve that was taken off the list by the caller. The work is kept from being
 * queued from here on, so it does not matter that a stroke which is just over
 * believed that it is still watched.
 */
static void let_go(struct valve *valve)
{
	disable_delayed_work_sync(&valve->work);
	kfree(valve);
}

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
	INIT_DELAYED_WORK(&valve->work, valve_work);

	mutex_lock(&lock);
	if (find(id)) {
		err = -EEXIST;
	} else if (valve_count == VALVES_MAX) {
		err = -ENOSPC;
	} else {
		valve->watched = true;
		list_add_tail(&valve->entry, &valves);
		valve_count++;
		start_time(valve);
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
		start_time(valve);
	}
	mutex_unlock(&lock);
	return valve ? 0 : -ENOENT;
}

static int disarm(u32 id)
{
	struct valve *valve;

	mutex_lock(&lock);
	valve = find(id);
	if (valve)
		take_off(valve);
	mutex_unlock(&lock);
	if (!valve)
		return -ENOENT;
	let_go(valve);
	return 0;
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
	int err;

	if (stroke_ms < 1 || stroke_ms > STROKE_MAX_MS)
		return -EINVAL;
	line = alloc_ordered_workqueue("valves", 0);
	if (!line)
		return -ENOMEM;
	err = misc_register(&valves_device);
	if (err)
		destroy_workqueue(line);
	return err;
}
module_init(valves_init);

static void __exit valves_exit(void)
{
	struct valve *valve, *next;
	LIST_HEAD(leaving);

	misc_deregister(&valves_device);
	/* All of them first: those that wait for the line must not get it while we wait for one. */
	mutex_lock(&lock);
	list_for_each_entry_safe(valve, next, &valves, entry) {
		take_off(valve);
		list_add(&valve->entry, &leaving);
	}
	mutex_unlock(&lock);
	list_for_each_entry_safe(valve, next, &leaving, entry)
		let_go(valve);
	/* Waits for a valve that is giving itself up. */
	destroy_workqueue(line);
}
module_exit(valves_exit);

MODULE_DESCRIPTION("Valves that are shut when nobody confirms them");
MODULE_LICENSE("GPL");
