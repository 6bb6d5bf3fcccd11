// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/board: a board with up to eight notices, one of which may be pinned.
 * Written to it are commands; read from it is the board. See brief.md.
 */
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#define BOARD_NOTICES 8
#define BOARD_TEXT 200
#define BOARD_COMMAND 256

struct notice {
	struct list_head link;
	unsigned int id;
	char text[];
};

/* Protects everything below. */
static DEFINE_MUTEX(board_lock);
static LIST_HEAD(notices);
static unsigned int notice_count;
static unsigned int last_id;
static struct notice *pinned;

static struct notice *board_find(unsigned int id)
{
	struct notice *n;

	list_for_each_entry(n, &notices, link)
		if (n->id == id)
			return n;
	return NULL;
}

static int board_post(const char *text)
{
	size_t size = strlen(text) + 1;
	struct notice *n;

	if (notice_count == BOARD_NOTICES)
		return -ENOSPC;
	n = kmalloc(struct_size(n, text, size), GFP_KERNEL);
	if (!n)
		return -ENOMEM;

	n->id = ++last_id;
	memcpy(n->text, text, size);
	list_add_tail(&n->link, &notices);
	notice_count++;
	return 0;
}

static int board_edit(struct notice *n, const char *text)
{
	memcpy(n->text, text, strlen(text) + 1);
	return 0;
}

static void board_drop(struct notice *n)
{
	list_del(&n->link);
	notice_count--;
	kfree(n);
}

static void board_clear(void)
{
	struct notice *n, *next;

	list_for_each_entry_safe(n, next, &notices, link)
		kfree(n);
	INIT_LIST_HEAD(&notices);
	notice_count = 0;
	last_id = 0;
}

/* One command without its newline, in a buffer that may be changed. */
static int board_command(char *line)
{
	char *command = strsep(&line, " ");
	struct notice *n = NULL;
	char *text = line;
	unsigned int id;

	if (!strcmp(command, "edit") || !strcmp(command, "drop") ||
	    !strcmp(command, "pin")) {
		char *number = strsep(&text, " ");

		if (!number || kstrtouint(number, 10, &id))
			return -EINVAL;
		n = board_find(id);
		if (!n)
			return -ENOENT;
	}

	if (!strcmp(command, "post") || !strcmp(command, "edit")) {
		if (!text || !*text)
			return -EINVAL;
		if (strlen(text) > BOARD_TEXT)
			return -EMSGSIZE;
		return n ? board_edit(n, text) : board_post(text);
	}

	if (text)
		return -EINVAL;
	if (!strcmp(command, "drop"))
		board_drop(n);
	else if (!strcmp(command, "pin"))
		pinned = n;
	else if (!strcmp(command, "unpin"))
		pinned = NULL;
	else if (!strcmp(command, "clear"))
		board_clear();
	else
		return -EINVAL;
	return 0;
}

static ssize_t board_write(struct file *file, const char __user *buf,
			   size_t count, loff_t *ppos)
{
	char *line;
	int ret;

	if (count > BOARD_COMMAND)
		return -EMSGSIZE;
	line = memdup_user_nul(buf, count);
	if (IS_ERR(line))
		return PTR_ERR(line);
	if (count && line[count - 1] == '\n')
		line[count - 1] = '\0';

	mutex_lock(&board_lock);
	ret = board_command(line);
	mutex_unlock(&board_lock);

	kfree(line);
	return ret ? ret : count;
}

static ssize_t board_read(struct file *file, char __user *buf, size_t count,
			  loff_t *ppos)
{
	struct notice *n;
	ssize_t ret;
	int len = 0;
	char *page;

	page = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!page)
		return -ENOMEM;

	mutex_lock(&board_lock);
	if (pinned)
		len += scnprintf(page + len, PAGE_SIZE - len, "* %u %s\n",
				 pinned->id, pinned->text);
	list_for_each_entry(n, &notices, link)
		if (n != pinned)
			len += scnprintf(page + len, PAGE_SIZE - len,
					 "- %u %s\n", n->id, n->text);
	mutex_unlock(&board_lock);

	ret = simple_read_from_buffer(buf, count, ppos, page, len);
	kfree(page);
	return ret;
}

static const struct file_operations board_fops = {
	.owner = THIS_MODULE,
	.read = board_read,
	.write = board_write,
	.llseek = default_llseek,
};

static struct miscdevice board_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "board",
	.fops = &board_fops,
};

static int __init board_init(void)
{
	return misc_register(&board_device);
}
module_init(board_init);

static void __exit board_exit(void)
{
	misc_deregister(&board_device);
	board_clear();
}
module_exit(board_exit);

MODULE_DESCRIPTION("A board with notices");
MODULE_LICENSE("GPL");
