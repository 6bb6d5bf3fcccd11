// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/ticker: hands the quotes of symbols to the files that follow them.
 * See brief.md.
 */
#include <linux/fs.h>
#include <linux/kref.h>
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

/* Shared by all who have it; goes with the last of them. */
struct quote {
	struct kref users;
	size_t length;
	char text[];
};

/* Exists while somebody follows it. */
struct symbol {
	struct list_head link;
	unsigned int followers;
	struct quote *newest;	/* NULL until there is one */
	char name[SYMBOL_BYTES];
};

/* An open file. */
struct follower {
	struct list_head link;
	struct symbol *symbol;	/* NULL: follows nothing */
	struct quote *queue[QUEUE_QUOTES];
	unsigned int first;	/* place of the oldest quote */
	unsigned int queued;
};

/* Protects everything below, and what is in symbols and followers. */
static DEFINE_MUTEX(ticker_lock);
static LIST_HEAD(symbols);
static LIST_HEAD(followers);

static struct quote *quote_get(struct quote *quote)
{
	kref_get(&quote->users);
	return quote;
}

static void quote_free(struct kref *users)
{
	kfree(container_of(users, struct quote, users));
}

static void quote_put(struct quote *quote)
{
	kref_put(&quote->users, quote_free);
}

static struct symbol *symbol_find(const char *name, size_t length)
{
	struct symbol *symbol;

	list_for_each_entry(symbol, &symbols, link)
		if (strlen(symbol->name) == length && !memcmp(symbol->name, name, length))
			return symbol;
	return NULL;
}

/* Counts one more follower of the symbol, which is made when there was none. */
static struct symbol *symbol_join(const char *name, size_t length)
{
	struct symbol *symbol = symbol_find(name, length);

	if (!symbol) {
		symbol = kzalloc(sizeof(*symbol), GFP_KERNEL);
		if (!symbol)
			return NULL;
		memcpy(symbol->name, name, length);
		list_add(&symbol->link, &symbols);
	}
	symbol->followers++;
	return symbol;
}

static void symbol_leave(struct symbol *symbol)
{
	if (--symbol->followers)
		return;
	list_del(&symbol->link);
	if (symbol->newest)
		quote_put(symbol->newest);
	kfree(symbol);
}

static struct quote *follower_take(struct follower *f)
{
	struct quote *quote = f->queue[f->first];

	f->first = (f->first + 1) % QUEUE_QUOTES;
	f->queued--;
	return quote;	/* with the reference that the queue had */
}

/* The oldest quote makes room for the newest. */
static void follower_push(struct follower *f, struct quote *quote)
{
	if (f->queued == QUEUE_QUOTES)
		quote_put(follower_take(f));
	f->queue[(f->first + f->queued) % QUEUE_QUOTES] = quote_get(quote);
	f->queued++;
}

static int ticker_follow(struct follower *f, const char *name, size_t length)
{
	struct symbol *symbol = NULL;

	if (length >= SYMBOL_BYTES || memchr(name, ' ', length) || memchr(name, '\0', length))
		return -EINVAL;
	if (length) {
		symbol = symbol_join(name, length);
		if (!symbol)
			return -ENOMEM;
	}
	if (symbol && symbol == f->symbol) {
		symbol_leave(symbol);	/* it is counted already */
		return 0;
	}
	if (f->symbol)
		symbol_leave(f->symbol);
	f->symbol = symbol;
	if (symbol && symbol->newest)
		follower_push(f, symbol->newest);
	return 0;
}

static int ticker_publish(struct quote *quote)
{
	char *space = memchr(quote->text, ' ', quote->length);
	size_t length = space ? space - quote->text : 0;
	struct symbol *symbol;
	struct follower *f;

	if (!length || length >= SYMBOL_BYTES || length + 1 == quote->length)
		return -EINVAL;
	symbol = symbol_find(quote->text, length);
	if (!symbol)
		return 0;
	if (symbol->newest)
		quote_put(symbol->newest);
	symbol->newest = quote_get(quote);
	list_for_each_entry(f, &followers, link)
		if (f->symbol == symbol)
			follower_push(f, quote);
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
	while (f->queued)
		quote_put(follower_take(f));
	if (f->symbol)
		symbol_leave(f->symbol);
	list_del(&f->link);
	mutex_unlock(&ticker_lock);
	kfree(f);
	return 0;
}

static ssize_t ticker_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	struct follower *f = file->private_data;
	struct quote *quote;
	ssize_t ret;

	mutex_lock(&ticker_lock);
	if (!f->queued) {
		mutex_unlock(&ticker_lock);
		return -EAGAIN;
	}
	if (count < f->queue[f->first]->length) {
		mutex_unlock(&ticker_lock);
		return -EMSGSIZE;
	}
	quote = follower_take(f);
	mutex_unlock(&ticker_lock);

	ret = quote->length;
	if (copy_to_user(buf, quote->text, quote->length))
		ret = -EFAULT;
	quote_put(quote);
	return ret;
}

static ssize_t ticker_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	struct quote *quote;
	int err;

	if (count > QUOTE_MAX)
		return -EMSGSIZE;
	quote = kmalloc(struct_size(quote, text, count), GFP_KERNEL);
	if (!quote)
		return -ENOMEM;
	kref_init(&quote->users);
	quote->length = count;
	if (copy_from_user(quote->text, buf, count)) {
		quote_put(quote);
		return -EFAULT;
	}

	mutex_lock(&ticker_lock);
	if (count && quote->text[0] == '=')
		err = ticker_follow(file->private_data, quote->text + 1, count - 1);
	else
		err = ticker_publish(quote);
	mutex_unlock(&ticker_lock);
	quote_put(quote);
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
	/* No file is open any more, so nothing is followed, and there is nothing to free. */
}
module_exit(ticker_exit);

MODULE_DESCRIPTION("Quotes for those who follow them");
MODULE_LICENSE("GPL");
