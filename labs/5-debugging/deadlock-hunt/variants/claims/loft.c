// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/loft: the bars above a stage, which are moved by winches.
 * Written to it are commands; read from it is where everything is. See brief.md.
 *
 * There is one lock, which is never held while something moves. A command that
 * takes time marks its bars as busy, all of them at one moment, and others wait
 * until all they need are idle. Nobody who waits has taken anything.
 */
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#define BARS 6
#define HIGHEST 9000		/* millimetres; a bar moves one in a millisecond */
#define LONGEST_HOLD 10000	/* milliseconds */
#define BRAKE_OPENS 500		/* milliseconds */
#define CUES 8
#define COMMAND_MAX 64

struct bar {
	bool busy;
	unsigned int position;
	struct bar *partner;
	bool held;
	unsigned long held_until;	/* in jiffies */
	struct delayed_work hold_ends;
};

struct cue {
	struct list_head link;
	struct bar *bar;
	unsigned int position;
	bool given;
};

/* Protects everything below, and what is in bars and cues. */
static DEFINE_MUTEX(loft_lock);
static DECLARE_WAIT_QUEUE_HEAD(loft_idle);
static struct bar bars[BARS];
static LIST_HEAD(cues);
static unsigned int cue_count;

static int number_of(const struct bar *bar)
{
	return bar - bars + 1;
}

static bool idle(const struct bar *bar)
{
	return !bar->busy && !(bar->partner && bar->partner->busy);
}

/* Waits until the bars, and those they are coupled with, are idle. The lock is held before and after. */
static void await_idle(const struct bar *bar, const struct bar *other)
{
	wait_event_cmd(loft_idle, idle(bar) && idle(other),
		       mutex_unlock(&loft_lock), mutex_lock(&loft_lock));
}

/* Lets time pass while bars are busy, and the lock is not held. */
static void work_for(struct bar *bar, struct bar *partner, unsigned int ms)
{
	bar->busy = true;
	if (partner)
		partner->busy = true;
	mutex_unlock(&loft_lock);
	msleep(ms);
	mutex_lock(&loft_lock);
	bar->busy = false;
	if (partner)
		partner->busy = false;
	wake_up_all(&loft_idle);
}

static void cues_give(const struct bar *bar)
{
	struct cue *cue;

	list_for_each_entry(cue, &cues, link)
		if (cue->bar == bar && bar->position >= cue->position)
			cue->given = true;
}

static bool may_move(const struct bar *bar, int by)
{
	int to = bar->position + by;

	return to >= 0 && to <= HIGHEST;
}

static void arrive(struct bar *bar, int by)
{
	bar->position += by;
	cues_give(bar);
}

static int loft_go(struct bar *bar, unsigned int position)
{
	struct bar *partner;
	int by;

	await_idle(bar, bar);
	partner = bar->partner;
	by = (int)position - (int)bar->position;
	if (bar->held || (partner && partner->held))
		return -EBUSY;
	if (!may_move(bar, by) || (partner && !may_move(partner, by)))
		return -ERANGE;
	work_for(bar, partner, abs(by));
	arrive(bar, by);
	if (partner)
		arrive(partner, by);
	return 0;
}

static int loft_couple(struct bar *bar, struct bar *other)
{
	await_idle(bar, other);
	if (bar->partner || other->partner)
		return -EBUSY;
	bar->partner = other;
	other->partner = bar;
	return 0;
}

static int loft_uncouple(struct bar *bar)
{
	await_idle(bar, bar);
	if (!bar->partner)
		return -ENOENT;
	bar->partner->partner = NULL;
	bar->partner = NULL;
	return 0;
}

static int loft_hold(struct bar *bar, unsigned int ms)
{
	await_idle(bar, bar);
	if (bar->held)
		return -EBUSY;
	bar->held = true;
	bar->held_until = jiffies + msecs_to_jiffies(ms);
	mod_delayed_work(system_wq, &bar->hold_ends, msecs_to_jiffies(ms));
	return 0;
}

static void bar_hold_ends(struct work_struct *work)
{
	struct bar *bar = container_of(to_delayed_work(work), struct bar, hold_ends);

	mutex_lock(&loft_lock);
	/* It may be late: this hold was ended, and another one begun. */
	if (bar->held && time_after_eq(jiffies, bar->held_until))
		bar->held = false;
	mutex_unlock(&loft_lock);
}

static int loft_free(struct bar *bar)
{
	await_idle(bar, bar);
	if (!bar->held)
		return -ENOENT;
	work_for(bar, NULL, BRAKE_OPENS);
	bar->held = false;
	cancel_delayed_work(&bar->hold_ends);
	return 0;
}

static int loft_cue(struct bar *bar, unsigned int position)
{
	struct cue *cue;

	if (cue_count == CUES)
		return -ENOSPC;
	cue = kmalloc(sizeof(*cue), GFP_KERNEL);
	if (!cue)
		return -ENOMEM;
	cue->bar = bar;
	cue->position = position;
	cue->given = bar->position >= position;
	list_add_tail(&cue->link, &cues);
	cue_count++;
	return 0;
}

static void loft_clear(void)
{
	struct cue *cue, *next;

	list_for_each_entry_safe(cue, next, &cues, link) {
		list_del(&cue->link);
		kfree(cue);
	}
	cue_count = 0;
}

static struct bar *bar_of(unsigned int number)
{
	return number >= 1 && number <= BARS ? &bars[number - 1] : NULL;
}

/* One command without its newline, in a buffer that may be changed. */
static int loft_command(char *line)
{
	char *command = strsep(&line, " ");
	char *first = strsep(&line, " ");
	char *second = strsep(&line, " ");
	unsigned int number, value;
	struct bar *bar, *other;

	if (line)
		return -EINVAL;
	if (!first) {
		if (strcmp(command, "clear"))
			return -EINVAL;
		loft_clear();
		return 0;
	}
	bar = kstrtouint(first, 10, &number) ? NULL : bar_of(number);
	if (!bar)
		return -EINVAL;

	if (!second) {
		if (!strcmp(command, "uncouple"))
			return loft_uncouple(bar);
		if (!strcmp(command, "free"))
			return loft_free(bar);
		return -EINVAL;
	}
	if (kstrtouint(second, 10, &value))
		return -EINVAL;
	if (!strcmp(command, "go"))
		return value <= HIGHEST ? loft_go(bar, value) : -ERANGE;
	if (!strcmp(command, "cue"))
		return value <= HIGHEST ? loft_cue(bar, value) : -ERANGE;
	if (!strcmp(command, "hold"))
		return value >= 1 && value <= LONGEST_HOLD ? loft_hold(bar, value) : -ERANGE;
	other = bar_of(value);
	if (!strcmp(command, "couple") && other && other != bar)
		return loft_couple(bar, other);
	return -EINVAL;
}

static ssize_t loft_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	char *line;
	int err;

	if (count > COMMAND_MAX)
		return -EINVAL;
	line = memdup_user_nul(buf, count);
	if (IS_ERR(line))
		return PTR_ERR(line);
	if (count && line[count - 1] == '\n')
		line[count - 1] = '\0';
	mutex_lock(&loft_lock);
	err = loft_command(line);
	mutex_unlock(&loft_lock);
	kfree(line);
	return err ?: count;
}

static ssize_t loft_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	struct cue *cue;
	struct bar *bar;
	ssize_t ret;
	int len = 0;
	char *page;

	page = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!page)
		return -ENOMEM;

	mutex_lock(&loft_lock);
	for (bar = bars; bar < bars + BARS; bar++) {
		len += scnprintf(page + len, PAGE_SIZE - len, "bar %d %u", number_of(bar), bar->position);
		if (bar->partner)
			len += scnprintf(page + len, PAGE_SIZE - len, " with %d",
					 number_of(bar->partner));
		len += scnprintf(page + len, PAGE_SIZE - len, bar->held ? " held\n" : "\n");
	}
	list_for_each_entry(cue, &cues, link)
		len += scnprintf(page + len, PAGE_SIZE - len, "cue %d %u %s %u\n",
				 number_of(cue->bar), cue->position,
				 cue->given ? "given" : "waiting", cue->bar->position);
	mutex_unlock(&loft_lock);

	ret = simple_read_from_buffer(buf, count, pos, page, len);
	kfree(page);
	return ret;
}

static const struct file_operations loft_fops = {
	.owner = THIS_MODULE,
	.read = loft_read,
	.write = loft_write,
	.llseek = default_llseek,
};

static struct miscdevice loft_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "loft",
	.fops = &loft_fops,
};

static int __init loft_init(void)
{
	struct bar *bar;

	for (bar = bars; bar < bars + BARS; bar++)
		INIT_DELAYED_WORK(&bar->hold_ends, bar_hold_ends);
	return misc_register(&loft_device);
}
module_init(loft_init);

static void __exit loft_exit(void)
{
	struct bar *bar;

	misc_deregister(&loft_device);
	for (bar = bars; bar < bars + BARS; bar++)
		cancel_delayed_work_sync(&bar->hold_ends);
	loft_clear();
}
module_exit(loft_exit);

MODULE_DESCRIPTION("The bars above a stage");
MODULE_LICENSE("GPL");
