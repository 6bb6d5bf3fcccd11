// SPDX-License-Identifier: GPL-2.0-only
/*
 * recorder: a journal of records that programs append to and play back.
 *
 * Another way to be safe: cleanup.h ties what was allocated, and the lock, to
 * the scope. Whatever is not handed over at the end is given back by itself.
 */
#include <linux/cdev.h>
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/ioctl.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#define RECORDS_MAX 8
#define RECORD_BYTES_MAX 256
#define JOURNAL_BYTES_MAX (RECORDS_MAX * RECORD_BYTES_MAX)
#define SESSIONS_MAX 4

#define RECORDER_MERGE _IO('R', 1)
#define RECORDER_CLEAR _IO('R', 2)

struct record {
	size_t length;
	u8 data[] __counted_by(length);
};

struct session {
	unsigned int next;	/* record to play back next */
	u8 scratch[JOURNAL_BYTES_MAX];
};

static DEFINE_MUTEX(lock);
static struct record **journal;
static unsigned int records;
static unsigned int sessions;
static dev_t devt;
static struct cdev cdev;

static void clear_journal(void)
{
	while (records)
		kfree(journal[--records]);
}

static int recorder_open(struct inode *inode, struct file *file)
{
	struct session *session __free(kfree) = kzalloc(sizeof(*session), GFP_KERNEL);

	if (!session)
		return -ENOMEM;
	/* Counted when nothing can fail any more. */
	scoped_guard(mutex, &lock) {
		if (sessions == SESSIONS_MAX)
			return -EBUSY;
		sessions++;
	}
	file->private_data = no_free_ptr(session);
	return stream_open(inode, file);
}

static int recorder_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	guard(mutex)(&lock);
	sessions--;
	return 0;
}

static ssize_t recorder_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	struct session *session = file->private_data;
	size_t length = 0;

	mutex_lock(&lock);
	if (session->next < records) {
		struct record *record = journal[session->next++];

		length = min(count, record->length);
		memcpy(session->scratch, record->data, length);
	}
	mutex_unlock(&lock);
	return copy_to_user(buf, session->scratch, length) ? -EFAULT : length;
}

static struct record *new_record(size_t length)
{
	struct record *record = kmalloc(struct_size(record, data, length), GFP_KERNEL);

	if (record)
		record->length = length;
	return record;
}

static ssize_t recorder_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	struct record *record __free(kfree) = NULL;

	if (count > RECORD_BYTES_MAX)
		return -EMSGSIZE;
	record = new_record(count);
	if (!record)
		return -ENOMEM;
	if (copy_from_user(record->data, buf, count))
		return -EFAULT;

	guard(mutex)(&lock);
	if (records == RECORDS_MAX)
		return -ENOSPC;
	journal[records++] = no_free_ptr(record);
	return count;
}

static int merge(void)
{
	struct record *merged;
	size_t length = 0, at = 0;
	unsigned int i;

	if (!records)
		return -ENODATA;
	for (i = 0; i < records; i++)
		length += journal[i]->length;
	if (length > JOURNAL_BYTES_MAX)
		return -EMSGSIZE;
	merged = new_record(length);
	if (!merged)
		return -ENOMEM;
	for (i = 0; i < records; i++) {
		memcpy(merged->data + at, journal[i]->data, journal[i]->length);
		at += journal[i]->length;
	}
	clear_journal();
	journal[records++] = merged;
	return 0;
}

static long recorder_ioctl(struct file *file, unsigned int request, unsigned long argument)
{
	struct session *session = file->private_data;
	int err = 0;

	mutex_lock(&lock);
	switch (request) {
	case RECORDER_MERGE:
		err = merge();
		break;
	case RECORDER_CLEAR:
		clear_journal();
		break;
	default:
		err = -ENOTTY;
	}
	if (!err)
		session->next = 0;
	mutex_unlock(&lock);
	return err;
}

static const struct file_operations recorder_fops = {
	.owner = THIS_MODULE,
	.open = recorder_open,
	.release = recorder_release,
	.read = recorder_read,
	.write = recorder_write,
	.unlocked_ioctl = recorder_ioctl,
};

DEFINE_FREE(region, dev_t, if (_T) unregister_chrdev_region(_T, 1))

static int __init recorder_init(void)
{
	struct record **made __free(kfree) = kcalloc(RECORDS_MAX, sizeof(*made), GFP_KERNEL);
	dev_t number __free(region) = 0;
	int err;

	if (!made)
		return -ENOMEM;
	err = alloc_chrdev_region(&number, 0, 1, "recorder");
	if (err)
		return err;
	journal = made;
	cdev_init(&cdev, &recorder_fops);
	cdev.owner = THIS_MODULE;
	err = cdev_add(&cdev, number, 1);
	if (err)
		return err;
	devt = number;
	number = 0;
	made = NULL;
	return 0;
}
module_init(recorder_init);

static void __exit recorder_exit(void)
{
	cdev_del(&cdev);
	unregister_chrdev_region(devt, 1);
	clear_journal();
	kfree(journal);
}
module_exit(recorder_exit);

MODULE_DESCRIPTION("A journal that survives a lack of memory");
MODULE_LICENSE("GPL");
