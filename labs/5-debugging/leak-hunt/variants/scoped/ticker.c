// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/ticker with reference counts for symbols as well, queues of entries, and
 * scopes that give back what they hold. A quote that could not be copied out
 * stays at the head of its queue. Memory of quotes goes after a grace period.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/hashtable.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/stringhash.h>
#include <linux/uaccess.h>

#define SYMBOL_BYTES 16
#define QUOTE_MAX 200
#define QUEUE_QUOTES 8

struct quote {
	struct kref users;
	struct rcu_head rcu;
	size_t length;
	char text[];
};

struct symbol {
	struct kref users;
	struct hlist_node link;
	struct list_head followers;
	struct quote *newest;
	char name[SYMBOL_BYTES];
};

struct entry {
	struct list_head link;
	struct quote *quote;
};

struct follower {
	struct list_head link;	/* in its symbol's list */
	struct symbol *symbol;
	struct list_head queue;
	unsigned int queued;
};

/* Protects everything below, and what is in symbols and followers. */
static DEFINE_MUTEX(ticker_lock);
static DEFINE_HASHTABLE(symbols, 6);

static void quote_free(struct kref *users)
{
	kfree_rcu(container_of(users, struct quote, users), rcu);
}

DEFINE_FREE(quote_put, struct quote *, if (!IS_ERR_OR_NULL(_T)) kref_put(&_T->users, quote_free))

static struct quote *quote_get(struct quote *quote)
{
	kref_get(&quote->users);
	return quote;
}

static u32 key_of(const char *name, size_t length)
{
	return full_name_hash(NULL, name, length);
}

static struct symbol *symbol_find(const char *name, size_t length)
{
	struct symbol *symbol;

	hash_for_each_possible(symbols, symbol, link, key_of(name, length))
		if (strlen(symbol->name) == length && !memcmp(symbol->name, name, length))
			return symbol;
	return NULL;
}

static void symbol_free(struct kref *users)
{
	struct symbol *symbol = container_of(users, struct symbol, users);
	struct quote *newest __free(quote_put) = symbol->newest;

	hash_del(&symbol->link);
	kfree(symbol);
}

static void entry_free(struct follower *f, struct entry *entry)
{
	struct quote *quote __free(quote_put) = entry->quote;

	list_del(&entry->link);
	f->queued--;
	kfree(entry);
}

static int push(struct follower *f, struct quote *quote)
{
	struct entry *entry = kmalloc(sizeof(*entry), GFP_KERNEL);

	if (!entry)
		return -ENOMEM;
	if (f->queued == QUEUE_QUOTES)
		entry_free(f, list_first_entry(&f->queue, struct entry, link));
	entry->quote = quote_get(quote);
	list_add_tail(&entry->link, &f->queue);
	f->queued++;
	return 0;
}

static void unfollow(struct follower *f)
{
	if (!f->symbol)
		return;
	list_del(&f->link);
	kref_put(&f->symbol->users, symbol_free);
	f->symbol = NULL;
}

static int follow(struct follower *f, const char *name, size_t length)
{
	struct symbol *symbol;

	if (length >= SYMBOL_BYTES || memchr(name, ' ', length) || memchr(name, '\0', length))
		return -EINVAL;
	if (!length) {
		unfollow(f);
		return 0;
	}
	symbol = symbol_find(name, length);
	if (symbol && symbol == f->symbol)
		return 0;
	if (symbol) {
		kref_get(&symbol->users);
	} else {
		symbol = kzalloc(sizeof(*symbol), GFP_KERNEL);
		if (!symbol)
			return -ENOMEM;
		kref_init(&symbol->users);
		INIT_LIST_HEAD(&symbol->followers);
		memcpy(symbol->name, name, length);
		hash_add(symbols, &symbol->link, key_of(name, length));
	}
	unfollow(f);
	f->symbol = symbol;
	list_add_tail(&f->link, &symbol->followers);
	return symbol->newest ? push(f, symbol->newest) : 0;
}

static int ticker_open(struct inode *inode, struct file *file)
{
	struct follower *f = kzalloc(sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	INIT_LIST_HEAD(&f->queue);
	file->private_data = f;
	return stream_open(inode, file);
}

static int ticker_release(struct inode *inode, struct file *file)
{
	struct follower *f = file->private_data;
	struct entry *entry, *next;

	scoped_guard(mutex, &ticker_lock) {
		unfollow(f);
		list_for_each_entry_safe(entry, next, &f->queue, link)
			entry_free(f, entry);
	}
	kfree(f);
	return 0;
}

static ssize_t ticker_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	struct follower *f = file->private_data;
	struct entry *entry;

	guard(mutex)(&ticker_lock);
	entry = list_first_entry_or_null(&f->queue, struct entry, link);
	if (!entry)
		return -EAGAIN;
	count = min(count, entry->quote->length);
	if (count < entry->quote->length)
		return -EMSGSIZE;
	if (copy_to_user(buf, entry->quote->text, count))
		return -EFAULT;
	entry_free(f, entry);
	return count;
}

static struct quote *quote_from_user(const char __user *buf, size_t count)
{
	struct quote *quote __free(quote_put) = kmalloc(struct_size(quote, text, count), GFP_KERNEL);

	if (!quote)
		return ERR_PTR(-ENOMEM);
	kref_init(&quote->users);
	quote->length = count;
	if (copy_from_user(quote->text, buf, count))
		return ERR_PTR(-EFAULT);
	return no_free_ptr(quote);
}

static ssize_t ticker_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	struct symbol *symbol;
	struct follower *f;
	size_t length;
	char *space;
	int err = 0;

	if (count > QUOTE_MAX)
		return -EMSGSIZE;

	struct quote *quote __free(quote_put) = quote_from_user(buf, count);

	if (IS_ERR(quote))
		return PTR_ERR(quote);
	guard(mutex)(&ticker_lock);
	if (count && quote->text[0] == '=')
		return follow(file->private_data, quote->text + 1, count - 1) ?: count;

	space = memchr(quote->text, ' ', count);
	length = space ? space - quote->text : 0;
	if (!length || length >= SYMBOL_BYTES || length + 1 == count)
		return -EINVAL;
	symbol = symbol_find(quote->text, length);
	if (!symbol)
		return count;

	struct quote *before __free(quote_put) = symbol->newest;

	symbol->newest = quote_get(quote);
	list_for_each_entry(f, &symbol->followers, link)
		err = push(f, quote) ?: err;
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

static int __init ticker_init(void)
{
	return misc_register(&ticker_device);
}
module_init(ticker_init);

static void __exit ticker_exit(void)
{
	misc_deregister(&ticker_device);
	/* kfree_rcu() of the last quotes needs nothing of this module's. */
}
module_exit(ticker_exit);

MODULE_DESCRIPTION("Quotes for those who follow them, given back by scope");
MODULE_LICENSE("GPL");
