// SPDX-License-Identifier: GPL-2.0-only
/*
 * The valves, another way: no timer and no work. One thread is the air line; it
 * sleeps until the first time of all ends, carries out the stroke, and looks again.
 * What it looks at after a stroke is not freed by others until it has.
 */
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

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
	unsigned long due;
	unsigned int strokes;
};

/* For everything here. The thread does not hold it during a stroke. */
static DEFINE_MUTEX(lock);
static LIST_HEAD(valves);
static unsigned int valve_count;
static unsigned long total;
static struct valve *in_stroke;	/* the thread looks at it again, so it may not be freed */
static bool changed;		/* there may be an earlier time to wait for */

static DECLARE_WAIT_QUEUE_HEAD(news);		/* for the thread */
static DECLARE_WAIT_QUEUE_HEAD(stroke_over);
static struct task_struct *air_line;

static void start_time(struct valve *valve)
{
	lockdep_assert_held(&lock);
	valve->due = jiffies + valve->time;
	WRITE_ONCE(changed, true);
	wake_up(&news);
}

static void take_off(struct valve *valve)
{
	lockdep_assert_held(&lock);
	list_del_init(&valve->entry);
	valve_count--;
}

/* The valve whose time ends first. */
static struct valve *first_due(void)
{
	struct valve *valve, *first = NULL;

	lockdep_assert_held(&lock);
	list_for_each_entry(valve, &valves, entry)
		if (!first || time_before(valve->due, first->due))
			first = valve;
	return first;
}

/* Call with the lock held, which is let go for the time of the stroke. */
static void stroke(struct valve *valve)
{
	in_stroke = valve;
	mutex_unlock(&lock);
	msleep(stroke_ms);
	mutex_lock(&lock);
	in_stroke = NULL;
	total++;
	if (list_empty(&valve->entry)) {
		wake_up_all(&stroke_over);	/* who took it off frees it */
		return;
	}
	valve->strokes++;
	if (tries && valve->strokes >= tries) {
		take_off(valve);
		kfree(valve);
	} else {
		start_time(valve);
	}
}

static int run_air_line(void *unused)
{
	while (!kthread_should_stop()) {
		struct valve *valve;
		long wait = MAX_SCHEDULE_TIMEOUT;

		mutex_lock(&lock);
		WRITE_ONCE(changed, false);
		valve = first_due();
		if (valve) {
			wait = max_t(long, valve->due - jiffies, 0);
			if (!wait)
				stroke(valve);
		}
		mutex_unlock(&lock);
		if (wait)
			wait_event_idle_timeout(news, READ_ONCE(changed) || kthread_should_stop(),
						wait);
	}
	return 0;
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

	mutex_lock(&lock);
	if (find(id)) {
		err = -EEXIST;
	} else if (valve_count == VALVES_MAX) {
		err = -ENOSPC;
	} else {
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

static bool is_in_stroke(struct valve *valve)
{
	bool it_is;

	mutex_lock(&lock);
	it_is = in_stroke == valve;
	mutex_unlock(&lock);
	return it_is;
}

static int disarm(u32 id)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	struct valve *valve;

	mutex_lock(&lock);
	valve = find(id);
	if (valve)
		take_off(valve);
	mutex_unlock(&lock);
	if (!valve)
		return -ENOENT;

	add_wait_queue(&stroke_over, &wait);
	while (is_in_stroke(valve))
		wait_woken(&wait, TASK_UNINTERRUPTIBLE, MAX_SCHEDULE_TIMEOUT);
	remove_wait_queue(&stroke_over, &wait);
	kfree(valve);
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
	air_line = kthread_run(run_air_line, NULL, "air-line");
	if (IS_ERR(air_line))
		return PTR_ERR(air_line);
	err = misc_register(&valves_device);
	if (err)
		kthread_stop(air_line);
	return err;
}
module_init(valves_init);

static void __exit valves_exit(void)
{
	struct valve *valve, *next;

	misc_deregister(&valves_device);
	kthread_stop(air_line);	/* after the stroke that is under way */
	list_for_each_entry_safe(valve, next, &valves, entry)
		kfree(valve);
}
module_exit(valves_exit);

MODULE_DESCRIPTION("Valves that are shut when nobody confirms them");
MODULE_LICENSE("GPL");
