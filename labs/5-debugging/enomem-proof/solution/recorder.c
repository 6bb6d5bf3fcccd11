// SPDX-License-Identifier: GPL-2.0-only
/*
 * recorder: a journal of records that programs append to and play back.
 *
 * Every allocation here may fail. What was done before it is undone in the
 * opposite order, and what programs can see has then not changed.
 */
#include <linux/cdev.h>
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
	u8 *data;
};

struct session {
	unsigned int next;	/* record to play back next */
	u8 *scratch;
};

static DEFINE_MUTEX(lock);
static struct record **journal;
static unsigned int records;
static unsigned int sessions;
static dev_t devt;
static struct cdev cdev;

static void free_record(struct record *record)
{
	kfree(record->data);
	kfree(record);
}

static void clear_journal(void)
{
	while (records)
		free_record(journal[--records]);
}

static int recorder_open(struct inode *inode, struct file *file)
{
	struct session *session;
	int err = -ENOMEM;

	mutex_lock(&lock);
	if (sessions == SESSIONS_MAX) {
		mutex_unlock(&lock);
		return -EBUSY;
	}
	sessions++;
	mutex_unlock(&lock);

	session = kzalloc(sizeof(*session), GFP_KERNEL);
	if (!session)
		goto no_session;
	session->scratch = kmalloc(JOURNAL_BYTES_MAX, GFP_KERNEL);
	if (!session->scratch)
		goto no_scratch;
	file->private_data = session;
	return stream_open(inode, file);

	/* There is no release() after an open() that failed. */
no_scratch:
	kfree(session);
no_session:
	mutex_lock(&lock);
	sessions--;
	mutex_unlock(&lock);
	return err;
}

static int recorder_release(struct inode *inode, struct file *file)
{
	struct session *session = file->private_data;

	kfree(session->scratch);
	kfree(session);
	mutex_lock(&lock);
	sessions--;
	mutex_unlock(&lock);
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

static ssize_t recorder_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	struct record *record;
	ssize_t ret = count;

	if (count > RECORD_BYTES_MAX)
		return -EMSGSIZE;

	mutex_lock(&lock);
	if (records == RECORDS_MAX) {
		ret = -ENOSPC;
		goto unlock;
	}
	record = kmalloc(sizeof(*record), GFP_KERNEL);
	if (!record) {
		ret = -ENOMEM;
		goto unlock;
	}
	record->length = count;
	record->data = memdup_user(buf, count);
	if (IS_ERR(record->data)) {
		ret = PTR_ERR(record->data);
		kfree(record);
		goto unlock;
	}
	journal[records++] = record;
unlock:
	mutex_unlock(&lock);
	return ret;
}

/* Makes one record of all. The old ones go only when the new one can no longer fail. */
static int merge(void)
{
	struct record *merged;
	size_t length = 0;
	unsigned int i;

	lockdep_assert_held(&lock);
	if (!records)
		return -ENODATA;
	for (i = 0; i < records; i++)
		length += journal[i]->length;
	if (length > JOURNAL_BYTES_MAX)
		return -EMSGSIZE;

	merged = kmalloc(sizeof(*merged), GFP_KERNEL);
	if (!merged)
		return -ENOMEM;
	merged->data = kmalloc(length, GFP_KERNEL);
	if (!merged->data) {
		kfree(merged);
		return -ENOMEM;
	}
	merged->length = 0;
	for (i = 0; i < records; i++) {
		memcpy(merged->data + merged->length, journal[i]->data, journal[i]->length);
		merged->length += journal[i]->length;
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

static int __init recorder_init(void)
{
	int err;

	journal = kcalloc(RECORDS_MAX, sizeof(*journal), GFP_KERNEL);
	if (!journal)
		return -ENOMEM;
	err = alloc_chrdev_region(&devt, 0, 1, "recorder");
	if (err)
		goto no_number;
	/* Last: from here on there are users. */
	cdev_init(&cdev, &recorder_fops);
	cdev.owner = THIS_MODULE;
	err = cdev_add(&cdev, devt, 1);
	if (err)
		goto no_device;
	return 0;

no_device:
	unregister_chrdev_region(devt, 1);
no_number:
	kfree(journal);
	return err;
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
