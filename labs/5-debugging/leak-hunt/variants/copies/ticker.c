// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/ticker without shared quotes: each follower has a copy of what it is to
 * read, inside itself. There is one allocation, and nothing to count. A symbol
 * is no object either, but a name that followers have in common.
 */
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#define SYMBOL_BYTES 16
#define QUOTE_MAX 200
#define QUEUE_QUOTES 8

struct quote {
	u8 length;	/* 0: none */
	char text[QUOTE_MAX];
};

struct follower {
	struct list_head link;
	char name[SYMBOL_BYTES];
	struct quote newest;	/* of the symbol; the same in all who follow it */
	unsigned int first;
	unsigned int queued;
	struct quote queue[QUEUE_QUOTES];
};

/* Protects the list and what is in the followers. */
static DEFINE_MUTEX(ticker_lock);
static LIST_HEAD(followers);

static void push(struct follower *f, const struct quote *quote)
{
	if (f->queued == QUEUE_QUOTES) {
		f->first = (f->first + 1) % QUEUE_QUOTES;
		f->queued--;
	}
	f->queue[(f->first + f->queued++) % QUEUE_QUOTES] = *quote;
}

static int follow(struct follower *f, const char *text, size_t length)
{
	char name[SYMBOL_BYTES] = "";
	struct follower *other;

	if (length >= SYMBOL_BYTES || memchr(text, ' ', length) || memchr(text, '\0', length))
		return -EINVAL;
	memcpy(name, text, length);
	if (!strcmp(f->name, name))
		return 0;
	f->newest.length = 0;
	list_for_each_entry(other, &followers, link) {
		if (*name && other != f && !strcmp(other->name, name)) {
			f->newest = other->newest;
			break;
		}
	}
	strscpy(f->name, name);
	if (f->newest.length)
		push(f, &f->newest);
	return 0;
}

static int publish(const struct quote *quote)
{
	char *space = memchr(quote->text, ' ', quote->length);
	size_t length = space ? space - quote->text : 0;
	struct follower *f;

	if (!length || length >= SYMBOL_BYTES || length + 1 == quote->length)
		return -EINVAL;
	list_for_each_entry(f, &followers, link) {
		if (strlen(f->name) == length && !memcmp(f->name, quote->text, length)) {
			f->newest = *quote;
			push(f, quote);
		}
	}
	return 0;
}

static int ticker_open(struct inode *inode, struct file *file)
{
	struct follower *f = kzalloc(sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	mutex_lock(&ticker_lock);
	list_add_tail(&f->link, &followers);
	mutex_unlock(&ticker_lock);
	file->private_data = f;
	return stream_open(inode, file);
}

static int ticker_release(struct inode *inode, struct file *file)
{
	struct follower *f = file->private_data;

	mutex_lock(&ticker_lock);
	list_del(&f->link);
	mutex_unlock(&ticker_lock);
	kfree(f);
	return 0;
}

static ssize_t ticker_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	struct follower *f = file->private_data;
	struct quote *oldest;
	ssize_t ret;

	mutex_lock(&ticker_lock);
	oldest = &f->queue[f->first];
	if (!f->queued) {
		ret = -EAGAIN;
	} else if (count < oldest->length) {
		ret = -EMSGSIZE;
	} else {
		ret = oldest->length;
		if (copy_to_user(buf, oldest->text, oldest->length))
			ret = -EFAULT;
		f->first = (f->first + 1) % QUEUE_QUOTES;
		f->queued--;
	}
	mutex_unlock(&ticker_lock);
	return ret;
}

static ssize_t ticker_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	struct quote quote;
	int err;

	if (count > QUOTE_MAX)
		return -EMSGSIZE;
	if (copy_from_user(quote.text, buf, count))
		return -EFAULT;
	quote.length = count;

	mutex_lock(&ticker_lock);
	if (count && quote.text[0] == '=')
		err = follow(file->private_data, quote.text + 1, count - 1);
	else
		err = publish(&quote);
	mutex_unlock(&ticker_lock);
	return err ?: count;
}

static const struct file_operations ticker_fops = {
	.owner = THIS_MODULE,
	.open = ticker_open,
	.release = ticker_release,
	.read = ticker_read,
	.write = ticker_write,
};

static struct miscdevice ticker_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "ticker",
	.fops = &ticker_fops,
};
module_misc_device(ticker_device);

MODULE_DESCRIPTION("Quotes for those who follow them, a copy for each");
MODULE_LICENSE("GPL");
