// SPDX-License-Identifier: GPL-2.0-only
/*
 * A spooler: jobs are objects in /sys/kernel/spool, and files of /dev/spool take and print
 * them.
 *
 * The directory and the device are there, and the commands are read. What a job is, and how
 * long it lives, is yours. See brief.md.
 */
#include <linux/fs.h>
#include <linux/kobject.h>
#include <linux/kstrtox.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#define NAME_MAX_LENGTH 15
#define PAGES_MAX 1000000

static struct kset *spool;

static int new_job(const char *name, u32 pages)
{
	/* TODO: an object in the kset, with its files, and an event when both are there */
	return -EOPNOTSUPP;
}

static int cancel_job(const char *name)
{
	/* TODO: what ends now, and what later? */
	return -EOPNOTSUPP;
}

static int take_job(struct file *file, const char *name)
{
	/* TODO: from now on this file is a user of the job */
	return -EOPNOTSUPP;
}

static int drop_job(struct file *file)
{
	/* TODO: and now it is none any more; what if the file is closed instead? */
	return -EOPNOTSUPP;
}

static int print_pages(struct file *file, u32 pages)
{
	/* TODO: of the job that the file has taken */
	return -EOPNOTSUPP;
}

static bool is_name(const char *text)
{
	size_t length = strlen(text);

	return length > 0 && length <= NAME_MAX_LENGTH &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

static int command(struct file *file, char *text)
{
	char *word = strsep(&text, " ");
	char *name;
	u32 number;

	if (!strcmp(word, "drop") && !text)
		return drop_job(file);
	if (!text)
		return -EINVAL;
	if (!strcmp(word, "print")) {
		if (kstrtou32(text, 10, &number) || !number)
			return -EINVAL;
		return print_pages(file, number);
	}

	name = strsep(&text, " ");
	if (!is_name(name))
		return -EINVAL;
	if (!strcmp(word, "cancel") && !text)
		return cancel_job(name);
	if (!strcmp(word, "take") && !text)
		return take_job(file, name);
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
	err = command(file, strim(text));
	return err ?: count;
}

static ssize_t spool_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	/* TODO: the line about the job that the file has taken */
	return -ENODATA;
}

static const struct file_operations spool_fops = {
	.owner = THIS_MODULE,
	.open = stream_open,
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
	misc_deregister(&spool_device);
	/* TODO: there may be jobs */
	kset_unregister(spool);
}
module_exit(spool_exit);

MODULE_DESCRIPTION("Objects whose last user leaves after they were removed");
MODULE_LICENSE("GPL");
