// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/loft: the bars above a stage, which are moved by winches.
 * Written to it are commands; read from it is where everything is. See brief.md.
 */
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#define BARS 6
#define HIGHEST 9000		/* millimetres; a bar moves one in a millisecond */
#define LONGEST_HOLD 10000	/* milliseconds */
#define BRAKE_OPENS 500		/* milliseconds */
#define CUES 8
#define COMMAND_MAX 64

struct bar {
	struct mutex lock;	/* held while the winch or the brake works */
	unsigned int position;
	struct bar *partner;
	bool held;
	struct delayed_work hold_ends;
};

struct cue {
	struct list_head link;
	struct bar *bar;
	unsigned int position;
	bool given;
};

static struct bar bars[BARS];

static DEFINE_MUTEX(cue_lock);
static LIST_HEAD(cues);
static unsigned int cue_count;

static int number_of(const struct bar *bar)
{
	return bar - bars + 1;
}

/* Locks a bar, and the one it is coupled with, if any, which is returned. */
static struct bar *bar_lock(struct bar *bar)
{
	mutex_lock(&bar->lock);
	if (bar->partner) /* nested: lockdep warned of "possible recursive locking" */
		mutex_lock_nested(&bar->partner->lock, SINGLE_DEPTH_NESTING);
	return bar->partner;
}

static void bar_unlock(struct bar *bar, struct bar *partner)
{
	if (partner)
		mutex_unlock(&partner->lock);
	mutex_unlock(&bar->lock);
}

/* A bar has arrived somewhere. */
static void cues_give(const struct bar *bar)
{
	struct cue *cue;

	mutex_lock(&cue_lock);
	list_for_each_entry(cue, &cues, link)
		if (cue->bar == bar && bar->position >= cue->position)
			cue->given = true;
	mutex_unlock(&cue_lock);
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
	struct bar *partner = bar_lock(bar);
	int by = (int)position - (int)bar->position;
	int err = 0;

	if (bar->held || (partner && partner->held)) {
		err = -EBUSY;
	} else if (!may_move(bar, by) || (partner && !may_move(partner, by))) {
		err = -ERANGE;
	} else {
		msleep(abs(by));	/* the winches turn */
		arrive(bar, by);
		if (partner)
			arrive(partner, by);
	}
	bar_unlock(bar, partner);
	return err;
}

static int loft_couple(struct bar *bar, struct bar *other)
{
	int err = 0;

	mutex_lock(&bar->lock);
	mutex_lock_nested(&other->lock, SINGLE_DEPTH_NESTING);
	if (bar->partner || other->partner) {
		err = -EBUSY;
	} else {
		bar->partner = other;
		other->partner = bar;
	}
	mutex_unlock(&other->lock);
	mutex_unlock(&bar->lock);
	return err;
}

static int loft_uncouple(struct bar *bar)
{
	struct bar *partner = bar_lock(bar);

	if (partner) {
		bar->partner = NULL;
		partner->partner = NULL;
	}
	bar_unlock(bar, partner);
	return partner ? 0 : -ENOENT;
}

static int loft_hold(struct bar *bar, unsigned int ms)
{
	int err = 0;

	mutex_lock(&bar->lock);
	if (bar->held) {
		err = -EBUSY;
	} else {
		bar->held = true;
		schedule_delayed_work(&bar->hold_ends, msecs_to_jiffies(ms));
	}
	mutex_unlock(&bar->lock);
	return err;
}

static void bar_hold_ends(struct work_struct *work)
{
	struct bar *bar = container_of(to_delayed_work(work), struct bar, hold_ends);

	mutex_lock(&bar->lock);
	bar->held = false;
	mutex_unlock(&bar->lock);
}

static int loft_free(struct bar *bar)
{
	int err = 0;

	mutex_lock(&bar->lock);
	if (!bar->held) {
		err = -ENOENT;
	} else {
		msleep(BRAKE_OPENS);
		cancel_delayed_work_sync(&bar->hold_ends);
		bar->held = false;
	}
	mutex_unlock(&bar->lock);
	return err;
}

static int loft_cue(struct bar *bar, unsigned int position)
{
	struct cue *cue;
	int err = 0;

	cue = kmalloc(sizeof(*cue), GFP_KERNEL);
	if (!cue)
		return -ENOMEM;
	cue->bar = bar;
	cue->position = position;

	mutex_lock(&bar->lock);
	cue->given = bar->position >= position;
	mutex_lock(&cue_lock);
	if (cue_count == CUES) {
		err = -ENOSPC;
		kfree(cue);
	} else {
		list_add_tail(&cue->link, &cues);
		cue_count++;
	}
	mutex_unlock(&cue_lock);
	mutex_unlock(&bar->lock);
	return err;
}

static void loft_clear(void)
{
	struct cue *cue, *next;

	mutex_lock(&cue_lock);
	list_for_each_entry_safe(cue, next, &cues, link) {
		list_del(&cue->link);
		kfree(cue);
	}
	cue_count = 0;
	mutex_unlock(&cue_lock);
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
	err = loft_command(line);
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

	for (bar = bars; bar < bars + BARS; bar++) {
		mutex_lock(&bar->lock);
		len += scnprintf(page + len, PAGE_SIZE - len, "bar %d %u", number_of(bar), bar->position);
		if (bar->partner)
			len += scnprintf(page + len, PAGE_SIZE - len, " with %d",
					 number_of(bar->partner));
		len += scnprintf(page + len, PAGE_SIZE - len, bar->held ? " held\n" : "\n");
		mutex_unlock(&bar->lock);
	}
	mutex_lock(&cue_lock);
	list_for_each_entry(cue, &cues, link) {
		mutex_lock(&cue->bar->lock);
		len += scnprintf(page + len, PAGE_SIZE - len, "cue %d %u %s %u\n",
				 number_of(cue->bar), cue->position,
				 cue->given ? "given" : "waiting", cue->bar->position);
		mutex_unlock(&cue->bar->lock);
	}
	mutex_unlock(&cue_lock);

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

	for (bar = bars; bar < bars + BARS; bar++) {
		mutex_init(&bar->lock);
		INIT_DELAYED_WORK(&bar->hold_ends, bar_hold_ends);
	}
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
