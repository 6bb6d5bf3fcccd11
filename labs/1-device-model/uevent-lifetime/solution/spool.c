// SPDX-License-Identifier: GPL-2.0-only
/*
 * A spooler: jobs are objects in /sys/kernel/spool, and files of /dev/spool take and print
 * them.
 *
 * A job is a kobject. Its first reference is that of the queue; each file that has taken it has
 * one more, and so has whoever has just looked it up. Cancelling ends the object's life in
 * sysfs and the queue's reference. The memory goes in the release function, with whoever is
 * last.
 */
#include <linux/cleanup.h>
#include <linux/fs.h>
#include <linux/kobject.h>
#include <linux/kstrtox.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/uaccess.h>

#define NAME_MAX_LENGTH 15
#define PAGES_MAX 1000000

struct job {
	struct kobject kobj;
	u32 pages;

	struct mutex lock;	/* for what follows */
	u32 printed;
	bool cancelled;
};

/* An open file. */
struct holder {
	struct mutex lock;	/* for the job */
	struct job *job;	/* with a reference, or NULL */
};

static struct kset *spool;
static DEFINE_MUTEX(queue_lock);	/* jobs come and go one at a time */

static struct job *to_job(const struct kobject *kobj)
{
	return container_of(kobj, struct job, kobj);
}

static ssize_t pages_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", to_job(kobj)->pages);
}

static ssize_t printed_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(to_job(kobj)->printed));
}

static struct kobj_attribute pages_attr = __ATTR_RO(pages);
static struct kobj_attribute printed_attr = __ATTR_RO(printed);

static struct attribute *job_attrs[] = {
	&pages_attr.attr,
	&printed_attr.attr,
	NULL
};
ATTRIBUTE_GROUPS(job);

static void job_release(struct kobject *kobj)
{
	struct job *job = to_job(kobj);

	mutex_destroy(&job->lock);
	kfree(job);
}

static const struct kobj_type job_type = {
	.release = job_release,
	.sysfs_ops = &kobj_sysfs_ops,
	.default_groups = job_groups,
};

static int job_uevent(const struct kobject *kobj, struct kobj_uevent_env *env)
{
	return add_uevent_var(env, "JOB=%s", kobject_name(kobj)) ?:
	       add_uevent_var(env, "JOB_PAGES=%u", to_job(kobj)->pages);
}

static const struct kset_uevent_ops spool_uevent_ops = {
	.uevent = job_uevent,
};

static int new_job(const char *name, u32 pages)
{
	struct kobject *same;
	struct job *job;
	int err;

	guard(mutex)(&queue_lock);
	same = kset_find_obj(spool, name);
	if (same) {
		kobject_put(same);
		return -EEXIST;
	}
	job = kzalloc(sizeof(*job), GFP_KERNEL);
	if (!job)
		return -ENOMEM;
	job->pages = pages;
	mutex_init(&job->lock);
	job->kobj.kset = spool;
	err = kobject_init_and_add(&job->kobj, &job_type, NULL, "%s", name);
	if (err) {
		/* It has a count and perhaps a name by now, so it goes the way of all jobs. */
		kobject_put(&job->kobj);
		return err;
	}
	kobject_uevent(&job->kobj, KOBJ_ADD);	/* its files are there */
	return 0;
}

/* Ends what others can see of a job, and the queue's claim to it. */
static void end_job(struct job *job)
{
	scoped_guard(mutex, &job->lock)
		job->cancelled = true;
	kobject_del(&job->kobj);	/* sends "remove" */
	kobject_put(&job->kobj);
}

static int cancel_job(const char *name)
{
	struct kobject *kobj;

	guard(mutex)(&queue_lock);
	kobj = kset_find_obj(spool, name);
	if (!kobj)
		return -ENOENT;
	end_job(to_job(kobj));
	kobject_put(kobj);	/* that of the lookup */
	return 0;
}

static int take_job(struct holder *holder, const char *name)
{
	struct kobject *kobj;

	guard(mutex)(&holder->lock);
	if (holder->job)
		return -EBUSY;
	kobj = kset_find_obj(spool, name);
	if (!kobj)
		return -ENOENT;
	holder->job = to_job(kobj);	/* the reference of the lookup is ours now */
	return 0;
}

static int drop_job(struct holder *holder)
{
	guard(mutex)(&holder->lock);
	if (!holder->job)
		return -ENODATA;
	kobject_put(&holder->job->kobj);
	holder->job = NULL;
	return 0;
}

static int print_pages(struct holder *holder, u32 pages)
{
	static char *done[] = { "JOB_STATE=done", NULL };
	struct job *job;

	guard(mutex)(&holder->lock);
	job = holder->job;
	if (!job)
		return -ENODATA;
	guard(mutex)(&job->lock);
	if (job->cancelled)
		return -ECANCELED;
	if (pages > job->pages - job->printed)
		return -EINVAL;
	WRITE_ONCE(job->printed, job->printed + pages);
	/* Under the lock: not after the event that says the job is gone. */
	if (job->printed == job->pages)
		kobject_uevent_env(&job->kobj, KOBJ_CHANGE, done);
	return 0;
}

static bool is_name(const char *text)
{
	size_t length = strlen(text);

	return length > 0 && length <= NAME_MAX_LENGTH &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

static int command(struct holder *holder, char *text)
{
	char *word = strsep(&text, " ");
	char *name;
	u32 number;

	if (!strcmp(word, "drop") && !text)
		return drop_job(holder);
	if (!text)
		return -EINVAL;
	if (!strcmp(word, "print")) {
		if (kstrtou32(text, 10, &number) || !number)
			return -EINVAL;
		return print_pages(holder, number);
	}

	name = strsep(&text, " ");
	if (!is_name(name))
		return -EINVAL;
	if (!strcmp(word, "cancel") && !text)
		return cancel_job(name);
	if (!strcmp(word, "take") && !text)
		return take_job(holder, name);
	if (!strcmp(word, "new") && text && !kstrtou32(text, 10, &number) &&
	    number >= 1 && number <= PAGES_MAX)
		return new_job(name, number);
	return -EINVAL;
}

static ssize_t spool_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	char text[48];
	int err;

	if (count >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, buf, count))
		return -EFAULT;
	text[count] = '\0';
	err = command(file->private_data, strim(text));
	return err ?: count;
}

static ssize_t spool_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	struct holder *holder = file->private_data;
	char line[64];
	size_t length;

	scoped_guard(mutex, &holder->lock) {
		struct job *job = holder->job;

		if (!job)
			return -ENODATA;
		guard(mutex)(&job->lock);
		length = scnprintf(line, sizeof(line), "%s %u/%u %s\n", kobject_name(&job->kobj),
				   job->printed, job->pages, job->cancelled ? "cancelled" :
				   job->printed == job->pages ? "done" : "queued");
	}
	count = min(count, length);
	return copy_to_user(buf, line, count) ? -EFAULT : count;
}

static int spool_open(struct inode *inode, struct file *file)
{
	struct holder *holder = kzalloc(sizeof(*holder), GFP_KERNEL);

	if (!holder)
		return -ENOMEM;
	mutex_init(&holder->lock);
	file->private_data = holder;
	return stream_open(inode, file);
}

static int spool_release(struct inode *inode, struct file *file)
{
	struct holder *holder = file->private_data;

	drop_job(holder);	/* nothing taken is fine */
	mutex_destroy(&holder->lock);
	kfree(holder);
	return 0;
}

static const struct file_operations spool_fops = {
	.owner = THIS_MODULE,
	.open = spool_open,
	.release = spool_release,
	.read = spool_read,
	.write = spool_write,
};

static struct miscdevice spool_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "spool",
	.fops = &spool_fops,
};

static int __init spool_init(void)
{
	int err;

	spool = kset_create_and_add("spool", &spool_uevent_ops, kernel_kobj);
	if (!spool)
		return -ENOMEM;
	err = misc_register(&spool_device);
	if (err)
		kset_unregister(spool);
	return err;
}
module_init(spool_init);

/* No file is open, so nobody but the queue has a job: what is left goes here and now. */
static void __exit spool_exit(void)
{
	struct kobject *kobj, *next;

	misc_deregister(&spool_device);
	list_for_each_entry_safe(kobj, next, &spool->list, entry)
		end_job(to_job(kobj));
	kset_unregister(spool);
}
module_exit(spool_exit);

MODULE_DESCRIPTION("Objects whose last user leaves after they were removed");
MODULE_LICENSE("GPL");
