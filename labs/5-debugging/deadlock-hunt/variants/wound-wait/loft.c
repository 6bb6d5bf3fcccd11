// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/loft: the bars above a stage, which are moved by winches.
 * Written to it are commands; read from it is where everything is. See brief.md.
 *
 * Locks, in the order in which they are taken:
 *   bar->lock   in any order, as these are wound/wait mutexes: who came later lets go
 *   cue_lock    innermost: nothing is taken while it is held
 * Nobody waits for a work while holding any of them. Each hold has a work of its own.
 */
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>
#include <linux/ww_mutex.h>

#define BARS 6
#define HIGHEST 9000		/* millimetres; a bar moves one in a millisecond */
#define LONGEST_HOLD 10000	/* milliseconds */
#define BRAKE_OPENS 500		/* milliseconds */
#define CUES 8
#define COMMAND_MAX 64

struct bar {
	struct ww_mutex lock;		/* held while the winch or the brake works */
	unsigned int position;		/* is read without the lock by those who show cues */
	struct bar *partner;		/* changes with both locks held */
	struct hold *hold;
};

struct hold {
	struct bar *bar;
	struct delayed_work ends;
};

struct cue {
	struct list_head link;
	struct bar *bar;
	unsigned int position;
	bool given;
};

static DEFINE_WW_CLASS(loft_class);
static struct workqueue_struct *loft_wq;
static struct bar bars[BARS];

static DEFINE_MUTEX(cue_lock);	/* protects the list and what is in it */
static LIST_HEAD(cues);
static unsigned int cue_count;

static int number_of(const struct bar *bar)
{
	return bar - bars + 1;
}

/* Locks one bar, or two. */
static void lock_bars(struct bar *bar, struct bar *other, struct ww_acquire_ctx *ctx)
{
	struct bar *swap;

	ww_acquire_init(ctx, &loft_class);
	ww_mutex_lock(&bar->lock, ctx);
	while (other && ww_mutex_lock(&other->lock, ctx) == -EDEADLK) {
		ww_mutex_unlock(&bar->lock);
		ww_mutex_lock_slow(&other->lock, ctx);
		swap = bar;
		bar = other;
		other = swap;
	}
	ww_acquire_done(ctx);
}

static void unlock_bars(struct bar *bar, struct bar *other, struct ww_acquire_ctx *ctx)
{
	if (other)
		ww_mutex_unlock(&other->lock);
	ww_mutex_unlock(&bar->lock);
	ww_acquire_fini(ctx);
}

/* Locks a bar, and the one it is coupled with, if any, which is returned. */
static struct bar *bar_lock(struct bar *bar, struct ww_acquire_ctx *ctx)
{
	struct bar *partner = READ_ONCE(bar->partner);

	lock_bars(bar, partner, ctx);
	while (bar->partner != partner) {
		unlock_bars(bar, partner, ctx);
		partner = READ_ONCE(bar->partner);
		lock_bars(bar, partner, ctx);
	}
	return partner;
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
	WRITE_ONCE(bar->position, bar->position + by);
	cues_give(bar);
}

static int loft_go(struct bar *bar, unsigned int position)
{
	struct ww_acquire_ctx ctx;
	struct bar *partner = bar_lock(bar, &ctx);
	int by = (int)position - (int)bar->position;
	int err = 0;

	if (bar->hold || (partner && partner->hold)) {
		err = -EBUSY;
	} else if (!may_move(bar, by) || (partner && !may_move(partner, by))) {
		err = -ERANGE;
	} else {
		msleep(abs(by));	/* the winches turn */
		arrive(bar, by);
		if (partner)
			arrive(partner, by);
	}
	unlock_bars(bar, partner, &ctx);
	return err;
}

static int loft_couple(struct bar *bar, struct bar *other)
{
	struct ww_acquire_ctx ctx;
	int err = 0;

	lock_bars(bar, other, &ctx);
	if (bar->partner || other->partner) {
		err = -EBUSY;
	} else {
		WRITE_ONCE(bar->partner, other);
		WRITE_ONCE(other->partner, bar);
	}
	unlock_bars(bar, other, &ctx);
	return err;
}

static int loft_uncouple(struct bar *bar)
{
	struct ww_acquire_ctx ctx;
	struct bar *partner = bar_lock(bar, &ctx);

	if (partner) {
		WRITE_ONCE(bar->partner, NULL);
		WRITE_ONCE(partner->partner, NULL);
	}
	unlock_bars(bar, partner, &ctx);
	return partner ? 0 : -ENOENT;
}

/* Takes a hold off its bar; whoever did it frees it. */
static void bar_hold_ends(struct work_struct *work)
{
	struct hold *hold = container_of(to_delayed_work(work), struct hold, ends);
	struct bar *bar = hold->bar;
	bool mine;

	ww_mutex_lock(&bar->lock, NULL);
	mine = bar->hold == hold;
	if (mine)
		bar->hold = NULL;
	ww_mutex_unlock(&bar->lock);
	if (mine)
		kfree(hold);
}

static int loft_hold(struct bar *bar, unsigned int ms)
{
	struct hold *hold = kmalloc(sizeof(*hold), GFP_KERNEL);
	int err = 0;

	if (!hold)
		return -ENOMEM;
	hold->bar = bar;
	INIT_DELAYED_WORK(&hold->ends, bar_hold_ends);

	ww_mutex_lock(&bar->lock, NULL);
	if (bar->hold) {
		err = -EBUSY;
		kfree(hold);
	} else {
		bar->hold = hold;
		queue_delayed_work(loft_wq, &hold->ends, msecs_to_jiffies(ms));
	}
	ww_mutex_unlock(&bar->lock);
	return err;
}

static int loft_free(struct bar *bar)
{
	struct hold *hold;

	ww_mutex_lock(&bar->lock, NULL);
	hold = bar->hold;
	if (hold) {
		msleep(BRAKE_OPENS);
		bar->hold = NULL;
	}
	ww_mutex_unlock(&bar->lock);
	if (!hold)
		return -ENOENT;
	/* It finds that the hold is not the bar's any more, and leaves it to us. */
	cancel_delayed_work_sync(&hold->ends);
	kfree(hold);
	return 0;
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

	ww_mutex_lock(&bar->lock, NULL);
	mutex_lock(&cue_lock);
	if (cue_count == CUES) {
		err = -ENOSPC;
		kfree(cue);
	} else {
		cue->given = bar->position >= position;
		list_add_tail(&cue->link, &cues);
		cue_count++;
	}
	mutex_unlock(&cue_lock);
	ww_mutex_unlock(&bar->lock);
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
		ww_mutex_lock(&bar->lock, NULL);
		len += scnprintf(page + len, PAGE_SIZE - len, "bar %d %u", number_of(bar), bar->position);
		if (bar->partner)
			len += scnprintf(page + len, PAGE_SIZE - len, " with %d",
					 number_of(bar->partner));
		len += scnprintf(page + len, PAGE_SIZE - len, bar->hold ? " held\n" : "\n");
		ww_mutex_unlock(&bar->lock);
	}
	mutex_lock(&cue_lock);
	list_for_each_entry(cue, &cues, link)
		len += scnprintf(page + len, PAGE_SIZE - len, "cue %d %u %s %u\n",
				 number_of(cue->bar), cue->position,
				 cue->given ? "given" : "waiting", READ_ONCE(cue->bar->position));
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
	int err;

	loft_wq = alloc_workqueue("loft", 0, 0);
	if (!loft_wq)
		return -ENOMEM;
	for (bar = bars; bar < bars + BARS; bar++)
		ww_mutex_init(&bar->lock, &loft_class);
	err = misc_register(&loft_device);
	if (err)
		destroy_workqueue(loft_wq);
	return err;
}
module_init(loft_init);

static void __exit loft_exit(void)
{
	struct bar *bar;

	misc_deregister(&loft_device);
	for (bar = bars; bar < bars + BARS; bar++) {
		struct hold *hold;

		ww_mutex_lock(&bar->lock, NULL);
		hold = bar->hold;
		bar->hold = NULL;
		ww_mutex_unlock(&bar->lock);
		if (hold)
			cancel_delayed_work_sync(&hold->ends);
		kfree(hold);
	}
	destroy_workqueue(loft_wq);	/* waits for a work that ended its hold itself */
	loft_clear();
}
module_exit(loft_exit);

MODULE_DESCRIPTION("The bars above a stage");
MODULE_LICENSE("GPL");
