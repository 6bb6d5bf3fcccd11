// SPDX-License-Identifier: GPL-2.0-only
/*
 * The spooler, another way: what machines hold is not the kobject but the job behind it, which has a
 * count of its own. The kobject is an object by itself, holds the job, and goes when the job is
 * cancelled and nobody is in its files. Jobs are found in a list under a lock, which files share.
 */
#include <linux/fs.h>
#include <linux/kobject.h>
#include <linux/kref.h>
#include <linux/kstrtox.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/uaccess.h>

struct entry;

struct job {
	struct kref users;
	char name[16];
	u32 pages, printed;
	struct entry *entry;	/* NULL: cancelled */
};

/* The job as sysfs shows it. */
struct entry {
	struct kobject kobj;
	struct list_head list;
	struct job *job;
};

static struct kset *spool;
static LIST_HEAD(entries);
static DEFINE_MUTEX(command_lock);	/* one command at a time */
static DEFINE_SPINLOCK(files_lock);	/* which job a file has */

static void job_free(struct kref *users)
{
	kfree(container_of(users, struct job, users));
}

static void job_put(struct job *job)
{
	if (job)
		kref_put(&job->users, job_free);
}

static struct entry *entry_of(const struct kobject *kobj)
{
	return container_of(kobj, struct entry, kobj);
}

static ssize_t pages_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", entry_of(kobj)->job->pages);
}

static ssize_t printed_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(entry_of(kobj)->job->printed));
}

static struct kobj_attribute pages = __ATTR_RO(pages);
static struct kobj_attribute printed = __ATTR_RO(printed);
static struct attribute *entry_attrs[] = { &pages.attr, &printed.attr, NULL };
ATTRIBUTE_GROUPS(entry);

static void entry_release(struct kobject *kobj)
{
	job_put(entry_of(kobj)->job);
	kfree(entry_of(kobj));
}

static const struct kobj_type entry_type = {
	.release = entry_release,
	.sysfs_ops = &kobj_sysfs_ops,
	.default_groups = entry_groups,
};

static void tell(struct entry *entry, enum kobject_action action, const char *state)
{
	char name[24], count[24], *env[] = { name, count, (char *)state, NULL };

	snprintf(name, sizeof(name), "JOB=%s", entry->job->name);
	snprintf(count, sizeof(count), "JOB_PAGES=%u", entry->job->pages);
	kobject_uevent_env(&entry->kobj, action, env);
}

static struct entry *find(const char *name)
{
	struct entry *entry;

	lockdep_assert_held(&command_lock);
	list_for_each_entry(entry, &entries, list)
		if (!strcmp(entry->job->name, name))
			return entry;
	return NULL;
}

static int new_job(const char *name, u32 count)
{
	struct entry *entry;
	struct job *job;
	int err;

	if (find(name))
		return -EEXIST;
	job = kzalloc(sizeof(*job), GFP_KERNEL);
	entry = kzalloc(sizeof(*entry), GFP_KERNEL);
	if (!job || !entry) {
		kfree(job);
		kfree(entry);
		return -ENOMEM;
	}
	kref_init(&job->users);
	strscpy(job->name, name);
	job->pages = count;
	job->entry = entry;
	entry->job = job;	/* with the job's first reference */
	kobject_init(&entry->kobj, &entry_type);
	entry->kobj.kset = spool;
	err = kobject_add(&entry->kobj, NULL, "%s", name);
	if (err) {
		kobject_put(&entry->kobj);
		return err;
	}
	list_add_tail(&entry->list, &entries);
	tell(entry, KOBJ_ADD, NULL);
	return 0;
}

static void end(struct entry *entry)
{
	list_del(&entry->list);
	entry->job->entry = NULL;
	tell(entry, KOBJ_REMOVE, NULL);	/* with its variables; the automatic one is not sent then */
	kobject_del(&entry->kobj);
	kobject_put(&entry->kobj);
}

static int cancel_job(const char *name)
{
	struct entry *entry = find(name);

	if (!entry)
		return -ENOENT;
	end(entry);
	return 0;
}

static int take_job(struct file *file, const char *name)
{
	struct entry *entry = find(name);

	if (!entry)
		return -ENOENT;
	if (file->private_data)
		return -EBUSY;
	kref_get(&entry->job->users);
	spin_lock(&files_lock);
	file->private_data = entry->job;
	spin_unlock(&files_lock);
	return 0;
}

static int drop_job(struct file *file)
{
	struct job *job;

	spin_lock(&files_lock);
	job = file->private_data;
	file->private_data = NULL;
	spin_unlock(&files_lock);
	job_put(job);
	return job ? 0 : -ENODATA;
}

static int print_pages(struct file *file, u32 count)
{
	struct job *job = file->private_data;

	if (!job)
		return -ENODATA;
	if (!job->entry)
		return -ECANCELED;
	if (count > job->pages - job->printed)
		return -EINVAL;
	WRITE_ONCE(job->printed, job->printed + count);
	if (job->printed == job->pages)
		tell(job->entry, KOBJ_CHANGE, "JOB_STATE=done");
	return 0;
}

static bool is_name(const char *text)
{
	return *text && strlen(text) < 16 && !text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-")];
}

static int command(struct file *file, char *text)
{
	char *argument = strchr(text, ' ');
	u32 number;

	if (!argument)
		return strcmp(text, "drop") ? -EINVAL : drop_job(file);
	*argument++ = '\0';
	if (!strcmp(text, "print"))
		return kstrtou32(argument, 10, &number) || !number ? -EINVAL : print_pages(file, number);
	if (!strcmp(text, "new")) {
		char *count = strchr(argument, ' ');

		if (!count)
			return -EINVAL;
		*count++ = '\0';
		if (!is_name(argument) || kstrtou32(count, 10, &number) || !number || number > 1000000)
			return -EINVAL;
		return new_job(argument, number);
	}
	if (!is_name(argument))
		return -EINVAL;
	if (!strcmp(text, "take"))
		return take_job(file, argument);
	if (!strcmp(text, "cancel"))
		return cancel_job(argument);
	return -EINVAL;
}

static ssize_t spool_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	char *text;
	int err;

	if (count > 64)
		return -EINVAL;
	text = memdup_user_nul(buf, count);
	if (IS_ERR(text))
		return PTR_ERR(text);
	mutex_lock(&command_lock);
	err = command(file, strim(text));
	mutex_unlock(&command_lock);
	kfree(text);
	return err ?: count;
}

static ssize_t spool_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	struct job *job;
	char line[64];
	int length = 0;

	mutex_lock(&command_lock);
	job = file->private_data;
	if (job) {
		const char *state = !job->entry ? "cancelled" : job->printed < job->pages ? "queued" : "done";

		length = scnprintf(line, sizeof(line), "%s %u/%u %s\n", job->name, job->printed, job->pages, state);
	}
	mutex_unlock(&command_lock);
	if (!job)
		return -ENODATA;
	count = min_t(size_t, count, length);
	return copy_to_user(buf, line, count) ? -EFAULT : count;
}

static int spool_open(struct inode *inode, struct file *file)
{
	file->private_data = NULL;	/* the misc layer has left its device there */
	return nonseekable_open(inode, file);
}

static int spool_release(struct inode *inode, struct file *file)
{
	drop_job(file);
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

	spool = kset_create_and_add("spool", NULL, kernel_kobj);
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
	struct entry *entry, *next;

	misc_deregister(&spool_device);
	list_for_each_entry_safe(entry, next, &entries, list)
		end(entry);
	kset_unregister(spool);
}
module_exit(spool_exit);

MODULE_DESCRIPTION("Objects whose last user leaves after they were removed");
MODULE_LICENSE("GPL");
