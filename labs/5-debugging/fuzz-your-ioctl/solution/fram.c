// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/fram: a small memory, in pieces, for programs that do not trust each other.
 * See brief.md.
 *
 * A transfer has four phases, and no way back from one to an earlier one: read
 * everything that the program gives, look at it, act under the lock, hand out.
 * What was looked at is a copy that nobody else can change.
 */
#include <linux/capability.h>
#include <linux/compat.h>
#include <linux/fs.h>
#include <linux/ioctl.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
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

static DEFINE_MUTEX(fram_lock);	/* protects the memory and all windows */
static u8 fram[FRAM_BYTES];

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

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (copy_from_user(&new, arg, sizeof(new)))
		return -EFAULT;
	/* Compared so that nothing is added that could overflow. */
	if (!new.length || new.length > FRAM_BYTES || new.start > FRAM_BYTES - new.length)
		return -EINVAL;
	mutex_lock(&fram_lock);
	*window = new;
	mutex_unlock(&fram_lock);
	return 0;
}

/* The sum of all lengths, or why these segments are refused. */
static int look_at(const struct fram_segment *segments, unsigned int count)
{
	unsigned int total = 0;
	unsigned int i;

	for (i = 0; i < count; i++) {
		const struct fram_segment *s = &segments[i];

		if (s->op > FRAM_VERIFY || s->flags || s->reserved || !s->length)
			return -EINVAL;
		/* No window is longer. With this the sum can not overflow. */
		if (s->length > FRAM_BYTES)
			return -ERANGE;
		total += s->length;
	}
	return total > TRANSFER_MAX ? -E2BIG : total;
}

/* Everything that is written or compared, one after the other, with room for what is read. */
static int take_in(const struct fram_segment *segments, unsigned int count, u8 *staging)
{
	unsigned int i;

	for (i = 0; i < count; staging += segments[i++].length)
		if (segments[i].op != FRAM_READ &&
		    copy_from_user(staging, u64_to_user_ptr(segments[i].data), segments[i].length))
			return -EFAULT;
	return 0;
}

static int hand_out(const struct fram_segment *segments, unsigned int count, const u8 *staging)
{
	unsigned int i;

	for (i = 0; i < count; staging += segments[i++].length)
		if (segments[i].op == FRAM_READ &&
		    copy_to_user(u64_to_user_ptr(segments[i].data), staging, segments[i].length))
			return -EFAULT;
	return 0;
}

/* All of it at one moment, or nothing. */
static int act(const struct fram_window *window, const struct fram_segment *segments,
	       unsigned int count, u8 *staging)
{
	unsigned int i;
	u8 *bytes;

	lockdep_assert_held(&fram_lock);
	for (i = 0; i < count; i++)
		if (segments[i].length > window->length ||
		    segments[i].offset > window->length - segments[i].length)
			return -ERANGE;

	bytes = staging;
	for (i = 0; i < count; bytes += segments[i++].length)
		if (segments[i].op == FRAM_VERIFY &&
		    memcmp(fram + window->start + segments[i].offset, bytes, segments[i].length))
			return -EILSEQ;

	bytes = staging;
	for (i = 0; i < count; bytes += segments[i++].length) {
		u8 *place = fram + window->start + segments[i].offset;

		if (segments[i].op == FRAM_READ)
			memcpy(bytes, place, segments[i].length);
		else if (segments[i].op == FRAM_WRITE)
			memcpy(place, bytes, segments[i].length);
	}
	return 0;
}

static long fram_transfer(struct fram_window *window, struct fram_transfer __user *arg)
{
	struct fram_segment *segments;
	struct fram_transfer t;
	u8 *staging;
	int total;
	int err;

	if (copy_from_user(&t, arg, sizeof(t)))
		return -EFAULT;
	if (!t.count || t.count > SEGMENTS_MAX || t.flags || t.reserved)
		return -EINVAL;
	segments = memdup_array_user(u64_to_user_ptr(t.segments), t.count, sizeof(*segments));
	if (IS_ERR(segments))
		return PTR_ERR(segments);

	total = look_at(segments, t.count);
	if (total < 0) {
		err = total;
		goto free_segments;
	}
	staging = kmalloc(total, GFP_KERNEL);
	if (!staging) {
		err = -ENOMEM;
		goto free_segments;
	}
	err = take_in(segments, t.count, staging);
	if (err)
		goto free_staging;

	mutex_lock(&fram_lock);
	err = act(window, segments, t.count, staging);
	mutex_unlock(&fram_lock);
	if (err)
		goto free_staging;

	err = hand_out(segments, t.count, staging);
	/* One field, and not the structure: the rest of it may not be what it was. */
	if (!err && put_user((__u32)total, &arg->bytes))
		err = -EFAULT;
free_staging:
	kfree(staging);
free_segments:
	kfree(segments);
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
module_misc_device(fram_device);

MODULE_DESCRIPTION("A small memory for programs that do not trust each other");
MODULE_LICENSE("GPL");
