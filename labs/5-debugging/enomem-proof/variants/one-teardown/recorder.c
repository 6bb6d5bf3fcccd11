// SPDX-License-Identifier: GPL-2.0-only
/*
 * recorder: a journal of records that programs append to and play back.
 *
 * Another way to be safe: for each thing that is made in several parts there is
 * one function that takes it apart, and it can be handed any half-made state.
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
static struct cdev *cdev;

static void free_record(struct record *record)
{
	if (!record)
		return;
	if (!IS_ERR(record->data))
		kfree(record->data);
	kfree(record);
}

static void clear_journal(void)
{
	while (records)
		free_record(journal[--records]);
}

static void end_session(struct session *session)
{
	if (session)
		kfree(session->scratch);
	kfree(session);
	mutex_lock(&lock);
	sessions--;
	mutex_unlock(&lock);
}

static bool begin_session(void)
{
	bool room;

	mutex_lock(&lock);
	room = sessions < SESSIONS_MAX;
	sessions += room;
	mutex_unlock(&lock);
	return room;
}

static int recorder_open(struct inode *inode, struct file *file)
{
	struct session *session;

	if (!begin_session())
		return -EBUSY;
	session = kzalloc(sizeof(*session), GFP_KERNEL);
	if (session)
		session->scratch = kmalloc(JOURNAL_BYTES_MAX, GFP_KERNEL);
	if (!session || !session->scratch) {
		end_session(session);
		return -ENOMEM;
	}
	file->private_data = session;
	return stream_open(inode, file);
}

static int recorder_release(struct inode *inode, struct file *file)
{
	end_session(file->private_data);
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

/* Makes the whole record first; the journal is touched when nothing can fail any more. */
static ssize_t recorder_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	struct record *record;
	ssize_t ret;

	if (count > RECORD_BYTES_MAX)
		return -EMSGSIZE;
	record = kzalloc(sizeof(*record), GFP_KERNEL);
	if (!record)
		return -ENOMEM;
	record->length = count;
	record->data = memdup_user(buf, count);
	ret = PTR_ERR_OR_ZERO(record->data);

	mutex_lock(&lock);
	if (!ret && records == RECORDS_MAX)
		ret = -ENOSPC;
	if (!ret) {
		journal[records++] = record;
		record = NULL;
		ret = count;
	}
	mutex_unlock(&lock);
	free_record(record);
	return ret;
}

/* Grows the data of the first record; the journal is as it was until that has worked. */
static int merge(void)
{
	size_t length = 0, at;
	unsigned int i;
	u8 *data;

	if (!records)
		return -ENODATA;
	for (i = 0; i < records; i++)
		length += journal[i]->length;
	if (length > JOURNAL_BYTES_MAX)
		return -EMSGSIZE;
	/* On failure the old data is still there and still ours. */
	data = krealloc(journal[0]->data, max_t(size_t, length, 1), GFP_KERNEL);
	if (!data)
		return -ENOMEM;
	journal[0]->data = data;
	for (at = journal[0]->length, i = 1; i < records; i++) {
		memcpy(data + at, journal[i]->data, journal[i]->length);
		at += journal[i]->length;
		free_record(journal[i]);
	}
	journal[0]->length = length;
	records = 1;
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

static void tear_down(void)
{
	if (cdev)
		cdev_del(cdev);
	if (devt)
		unregister_chrdev_region(devt, 1);
	clear_journal();
	kfree(journal);
}

static int set_up(void)
{
	int err;

	journal = kcalloc(RECORDS_MAX, sizeof(*journal), GFP_KERNEL);
	if (!journal)
		return -ENOMEM;
	err = alloc_chrdev_region(&devt, 0, 1, "recorder");
	if (err)
		return err;
	cdev = cdev_alloc();
	if (!cdev)
		return -ENOMEM;
	cdev->owner = THIS_MODULE;
	cdev->ops = &recorder_fops;
	/* cdev_del() takes back one that was never added, too. */
	return cdev_add(cdev, devt, 1);
}

static int __init recorder_init(void)
{
	int err = set_up();

	if (err)
		tear_down();
	return err;
}
module_init(recorder_init);

static void __exit recorder_exit(void)
{
	tear_down();
}
module_exit(recorder_exit);

MODULE_DESCRIPTION("A journal that survives a lack of memory");
MODULE_LICENSE("GPL");
