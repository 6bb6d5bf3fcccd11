// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/fram: a small memory, in pieces, for programs that do not trust each other.
 * See brief.md.
 *
 * The memory is never changed in place: a transfer works on a copy of it, which
 * takes its place when all has gone well. Each segment has a buffer of its own.
 */
#include <linux/capability.h>
#include <linux/compat.h>
#include <linux/fs.h>
#include <linux/ioctl.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#define FRAM_BYTES 4096
#define SEGMENTS_MAX 64
#define TRANSFER_MAX 8192

enum { FRAM_READ, FRAM_WRITE, FRAM_VERIFY };

struct fram_window {
	__u32 start;
	__u32 length;
};

struct fram_segment {
	__u64 data;
	__u32 offset;
	__u32 length;
	__u16 op;
	__u16 flags;
	__u32 reserved;
};

struct fram_transfer {
	__u64 segments;
	__u32 count;
	__u32 flags;
	__u32 bytes;
	__u32 reserved;
};

static_assert(sizeof(struct fram_segment) == 24);
static_assert(sizeof(struct fram_transfer) == 24);

#define FRAM_WINDOW _IOW(0xd7, 1, struct fram_window)		/* 0x4008d701 */
#define FRAM_TRANSFER _IOWR(0xd7, 2, struct fram_transfer)	/* 0xc018d702 */

static DECLARE_RWSEM(fram_sem);	/* protects what is below, and all windows */
static u8 *fram;

static int fram_open(struct inode *inode, struct file *file)
{
	struct fram_window *window = kmalloc(sizeof(*window), GFP_KERNEL);

	if (!window)
		return -ENOMEM;
	*window = (struct fram_window){ .length = FRAM_BYTES };
	file->private_data = window;
	return 0;
}

static int fram_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

static long fram_set_window(struct fram_window *window, const void __user *arg)
{
	struct fram_window new;
	u32 end;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (copy_from_user(&new, arg, sizeof(new)))
		return -EFAULT;
	if (!new.length || check_add_overflow(new.start, new.length, &end) || end > FRAM_BYTES)
		return -EINVAL;
	down_write(&fram_sem);
	*window = new;
	up_write(&fram_sem);
	return 0;
}

/* A segment as the driver has it. */
struct part {
	struct fram_segment segment;
	u8 *bytes;
};

static void free_parts(struct part *parts, unsigned int count)
{
	while (count--)
		kfree(parts[count].bytes);
	kfree(parts);
}

static int take_in(struct part *part, const struct fram_segment __user *from)
{
	struct fram_segment *s = &part->segment;

	if (copy_from_user(s, from, sizeof(*s)))
		return -EFAULT;
	if (s->op > FRAM_VERIFY || s->flags || s->reserved || !s->length)
		return -EINVAL;
	if (s->length > FRAM_BYTES)
		return -ERANGE;
	part->bytes = s->op == FRAM_READ ? kmalloc(s->length, GFP_KERNEL) :
					   memdup_user(u64_to_user_ptr(s->data), s->length);
	if (IS_ERR_OR_NULL(part->bytes)) {
		int err = part->bytes ? PTR_ERR(part->bytes) : -ENOMEM;

		part->bytes = NULL;
		return err;
	}
	return 0;
}

/* Works on a copy of the window's bytes. */
static int act(u8 *bytes, u32 length, const struct part *parts, unsigned int count)
{
	const struct part *p;
	u32 end;

	for (p = parts; p < parts + count; p++)
		if (check_add_overflow(p->segment.offset, p->segment.length, &end) || end > length)
			return -ERANGE;
	for (p = parts; p < parts + count; p++)
		if (p->segment.op == FRAM_VERIFY &&
		    memcmp(bytes + p->segment.offset, p->bytes, p->segment.length))
			return -EILSEQ;
	for (p = parts; p < parts + count; p++) {
		if (p->segment.op == FRAM_READ)
			memcpy(p->bytes, bytes + p->segment.offset, p->segment.length);
		else if (p->segment.op == FRAM_WRITE)
			memcpy(bytes + p->segment.offset, p->bytes, p->segment.length);
	}
	return 0;
}

static long fram_transfer(struct fram_window *window, struct fram_transfer __user *arg)
{
	const struct fram_segment __user *from;
	struct fram_transfer t;
	struct part *parts;
	unsigned int total = 0;
	unsigned int i;
	int err = 0;
	u8 *copy;

	if (copy_from_user(&t, arg, sizeof(t)))
		return -EFAULT;
	if (t.count - 1 >= SEGMENTS_MAX || t.flags || t.reserved)
		return -EINVAL;
	parts = kcalloc(t.count, sizeof(*parts), GFP_KERNEL);
	if (!parts)
		return -ENOMEM;
	from = u64_to_user_ptr(t.segments);
	for (i = 0; i < t.count && !err; i++) {
		err = take_in(&parts[i], &from[i]);
		total += err ? 0 : parts[i].segment.length;
		if (total > TRANSFER_MAX)
			err = -E2BIG;
	}
	copy = err ? NULL : kmalloc(FRAM_BYTES, GFP_KERNEL);
	if (!copy) {
		err = err ?: -ENOMEM;
		goto out;
	}

	down_write(&fram_sem);
	memcpy(copy, fram, FRAM_BYTES);
	err = act(copy + window->start, window->length, parts, t.count);
	if (!err)
		swap(fram, copy);
	up_write(&fram_sem);
	kfree(copy);

	for (i = 0; i < t.count && !err; i++)
		if (parts[i].segment.op == FRAM_READ &&
		    copy_to_user(u64_to_user_ptr(parts[i].segment.data), parts[i].bytes,
				 parts[i].segment.length))
			err = -EFAULT;
	if (!err && put_user(total, &arg->bytes))
		err = -EFAULT;
out:
	free_parts(parts, t.count);
	return err;
}

static long fram_ioctl(struct file *file, unsigned int request, unsigned long argument)
{
	void __user *arg = (void __user *)argument;

	switch (request) {
	case FRAM_WINDOW:
		return fram_set_window(file->private_data, arg);
	case FRAM_TRANSFER:
		return fram_transfer(file->private_data, arg);
	}
	return -ENOTTY;
}

static const struct file_operations fram_fops = {
	.owner = THIS_MODULE,
	.open = fram_open,
	.release = fram_release,
	.unlocked_ioctl = fram_ioctl,
	.compat_ioctl = compat_ptr_ioctl,	/* the structures are the same for 32-bit programs */
};

static struct miscdevice fram_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "fram",
	.fops = &fram_fops,
};
static int __init fram_init(void)
{
	int err;

	fram = kzalloc(FRAM_BYTES, GFP_KERNEL);
	if (!fram)
		return -ENOMEM;
	err = misc_register(&fram_device);
	if (err)
		kfree(fram);
	return err;
}
module_init(fram_init);

static void __exit fram_exit(void)
{
	misc_deregister(&fram_device);
	kfree(fram);
}
module_exit(fram_exit);

MODULE_DESCRIPTION("A small memory for programs that do not trust each other");
MODULE_LICENSE("GPL");
