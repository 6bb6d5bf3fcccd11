// SPDX-License-Identifier: GPL-2.0-only
/*
 * The spooler, another way: jobs are in an xarray of the driver's own, by a number; lookups go by RCU
 * and take a reference only of an object that still has one, so that the memory is freed by RCU too.
 * Files point to their job directly, and change that pointer with xchg. The kset is initialized by
 * hand, the attributes have operations of their own.
 */
#include <linux/fs.h>
#include <linux/kobject.h>
#include <linux/kstrtox.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/uaccess.h>
#include <linux/xarray.h>

struct job {
	struct kobject kobj;
	struct rcu_head rcu;
	u32 number;
	unsigned int pages;
	atomic_t left;
	struct mutex events;	/* no event after "remove" */
	bool cancelled;
};

static struct kset *spool;
static DEFINE_XARRAY_ALLOC(jobs);
static DEFINE_MUTEX(queue);

static inline struct job *job_of(const struct kobject *kobj)
{
	return container_of(kobj, struct job, kobj);
}

static struct attribute pages = { .name = "pages", .mode = 0444 };
static struct attribute printed = { .name = "printed", .mode = 0444 };
static struct attribute *job_attrs[] = { &pages, &printed, NULL };
ATTRIBUTE_GROUPS(job);

static ssize_t job_show(struct kobject *kobj, struct attribute *attr, char *buf)
{
	struct job *job = job_of(kobj);
	unsigned int value = job->pages;

	if (attr == &printed)
		value -= atomic_read(&job->left);
	return sysfs_emit(buf, "%u\n", value);
}

static const struct sysfs_ops job_ops = { .show = job_show };

static void job_free(struct rcu_head *rcu)
{
	kfree(container_of(rcu, struct job, rcu));
}

static void job_release(struct kobject *kobj)
{
	call_rcu(&job_of(kobj)->rcu, job_free);
}

static const struct kobj_type job_type = {
	.release = job_release,
	.sysfs_ops = &job_ops,
	.default_groups = job_groups,
};

static int job_uevent(const struct kobject *kobj, struct kobj_uevent_env *env)
{
	int err = add_uevent_var(env, "JOB_PAGES=%u", job_of(kobj)->pages);

	return err ? err : add_uevent_var(env, "JOB=%s", kobject_name(kobj));
}

static const struct kset_uevent_ops uevent_ops = { .uevent = job_uevent };

/* With a reference. */
static struct job *find(const char *name)
{
	struct job *job, *found = NULL;
	unsigned long number;

	rcu_read_lock();
	xa_for_each(&jobs, number, job) {
		if (kobject_get_unless_zero(&job->kobj)) {
			if (!READ_ONCE(job->cancelled) && !strcmp(kobject_name(&job->kobj), name)) {
				found = job;
				break;
			}
			rcu_read_unlock();
			kobject_put(&job->kobj);
			rcu_read_lock();
		}
	}
	rcu_read_unlock();
	return found;
}

static int create(const char *name, u32 count)
{
	struct job *job = find(name);
	int err;

	if (job) {
		kobject_put(&job->kobj);
		return -EEXIST;
	}
	job = kzalloc(sizeof(*job), GFP_KERNEL);
	if (!job)
		return -ENOMEM;
	kobject_init(&job->kobj, &job_type);
	mutex_init(&job->events);
	job->pages = count;
	atomic_set(&job->left, count);
	job->kobj.kset = spool;
	err = kobject_set_name(&job->kobj, "%s", name);
	if (!err)
		err = xa_alloc(&jobs, &job->number, NULL, xa_limit_32b, GFP_KERNEL);
	if (err)
		goto put;
	err = kobject_add(&job->kobj, NULL, "%s", name);
	if (err)
		goto erase;
	xa_store(&jobs, job->number, job, GFP_KERNEL);	/* into a place that is reserved */
	kobject_uevent(&job->kobj, KOBJ_ADD);
	return 0;

erase:
	xa_erase(&jobs, job->number);
put:
	kobject_put(&job->kobj);
	return err;
}

static void finish(struct job *job)
{
	mutex_lock(&job->events);
	WRITE_ONCE(job->cancelled, true);
	kobject_del(&job->kobj);
	mutex_unlock(&job->events);
	xa_erase(&jobs, job->number);
	kobject_put(&job->kobj);
}

static int take(struct file *file, struct job *job)
{
	if (!job)
		return -ENOENT;
	if (!cmpxchg((struct job **)&file->private_data, NULL, job))
		return 0;
	kobject_put(&job->kobj);
	return -EBUSY;
}

static int drop(struct file *file)
{
	struct job *job = xchg((struct job **)&file->private_data, NULL);

	if (!job)
		return -ENODATA;
	kobject_put(&job->kobj);
	return 0;
}

static int print(struct job *job, u32 count)
{
	char *done[] = { "JOB_STATE=done", NULL };
	int err = 0;

	mutex_lock(&job->events);
	if (job->cancelled)
		err = -ECANCELED;
	else if (count > atomic_read(&job->left))
		err = -EINVAL;
	else if (!atomic_sub_return(count, &job->left))
		kobject_uevent_env(&job->kobj, KOBJ_CHANGE, done);
	mutex_unlock(&job->events);
	return err;
}

static int run(struct file *file, int words, char **word)
{
	struct job *job;
	u32 number = 0;
	int err;

	if (words == 1)
		return strcmp(word[0], "drop") ? -EINVAL : drop(file);
	if (words == 2 && !strcmp(word[0], "print")) {
		if (kstrtou32(word[1], 10, &number) || number < 1)
			return -EINVAL;
		/* Another process with this file may drop the job meanwhile. */
		rcu_read_lock();
		job = READ_ONCE(file->private_data);
		if (job && !kobject_get_unless_zero(&job->kobj))
			job = NULL;
		rcu_read_unlock();
		if (!job)
			return -ENODATA;
		err = print(job, number);
		kobject_put(&job->kobj);
		return err;
	}
	if (!word[1][0] || strlen(word[1]) > 15 ||
	    word[1][strspn(word[1], "abcdefghijklmnopqrstuvwxyz0123456789-")])
		return -EINVAL;
	if (words == 2 && !strcmp(word[0], "take"))
		return take(file, find(word[1]));
	if (words == 2 && !strcmp(word[0], "cancel")) {
		mutex_lock(&queue);
		job = find(word[1]);
		if (job) {
			finish(job);
			kobject_put(&job->kobj);
		}
		mutex_unlock(&queue);
		return job ? 0 : -ENOENT;
	}
	if (words == 3 && !strcmp(word[0], "new") && !kstrtou32(word[2], 10, &number) &&
	    number >= 1 && number <= 1000000) {
		mutex_lock(&queue);
		err = create(word[1], number);
		mutex_unlock(&queue);
		return err;
	}
	return -EINVAL;
}

static ssize_t spool_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	char text[64], *rest, *word[4];
	int words, err;

	if (count >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, buf, count))
		return -EFAULT;
	text[count] = '\0';
	rest = strim(text);
	for (words = 0; rest && words < 4; words++)
		word[words] = strsep(&rest, " ");
	err = rest ? -EINVAL : run(file, words, word);
	return err ? err : count;
}

static ssize_t spool_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	struct job *job;
	char line[64];
	size_t length = 0;
	int left;

	rcu_read_lock();
	job = READ_ONCE(file->private_data);
	if (job && kobject_get_unless_zero(&job->kobj)) {
		left = atomic_read(&job->left);
		length = scnprintf(line, sizeof(line), "%s %u/%u %s\n", kobject_name(&job->kobj),
				   job->pages - left, job->pages,
				   READ_ONCE(job->cancelled) ? "cancelled" : left ? "queued" : "done");
	} else {
		job = NULL;
	}
	rcu_read_unlock();
	if (!job)
		return -ENODATA;
	kobject_put(&job->kobj);
	if (count > length)
		count = length;
	return copy_to_user(buf, line, count) ? -EFAULT : count;
}

static int spool_open(struct inode *inode, struct file *file)
{
	file->private_data = NULL;
	return stream_open(inode, file);
}

static int spool_release(struct inode *inode, struct file *file)
{
	drop(file);
	return 0;
}

static const struct file_operations spool_fops = {
	.owner = THIS_MODULE,
	.open = spool_open,
	.release = spool_release,
	.read = spool_read,
	.write = spool_write,
};

static struct miscdevice spool_device = { .minor = MISC_DYNAMIC_MINOR, .name = "spool", .fops = &spool_fops };

static int __init spool_init(void)
{
	int err;

	spool = kset_create_and_add("spool", &uevent_ops, kernel_kobj);
	if (!spool)
		return -ENOMEM;
	err = misc_register(&spool_device);
	if (err)
		kset_unregister(spool);
	return err;
}
module_init(spool_init);

static void __exit spool_exit(void)
{
	unsigned long number;
	struct job *job;

	misc_deregister(&spool_device);
	xa_for_each(&jobs, number, job)
		finish(job);
	kset_unregister(spool);
	xa_destroy(&jobs);
	rcu_barrier();
}
module_exit(spool_exit);

MODULE_DESCRIPTION("Objects whose last user leaves after they were removed");
MODULE_LICENSE("GPL");
