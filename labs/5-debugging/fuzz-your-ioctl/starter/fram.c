// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/fram: a small memory, in pieces, for programs that do not trust each other.
 *
 * The structures are fixed, as programs are built with them. What becomes of
 * a transfer is yours. See brief.md.
 */
#include <linux/fs.h>
#include <linux/ioctl.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
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
	__u64 data;		/* address of bytes in the program */
	__u32 offset;		/* in the window */
	__u32 length;
	__u16 op;
	__u16 flags;		/* 0 */
	__u32 reserved;		/* 0 */
};

struct fram_transfer {
	__u64 segments;		/* address of the first of them */
	__u32 count;
	__u32 flags;		/* 0 */
	__u32 bytes;		/* set by the driver */
	__u32 reserved;		/* 0 */
};

#define FRAM_WINDOW _IOW(0xd7, 1, struct fram_window)		/* 0x4008d701 */
#define FRAM_TRANSFER _IOWR(0xd7, 2, struct fram_transfer)	/* 0xc018d702 */

static u8 fram[FRAM_BYTES];

static long fram_ioctl(struct file *file, unsigned int request, unsigned long argument)
{
	struct fram_transfer t;

	if (request != FRAM_TRANSFER)
		return -ENOTTY;
	if (copy_from_user(&t, (void __user *)argument, sizeof(t)))
		return -EFAULT;
	if (t.count > SEGMENTS_MAX)
		return -EINVAL;

	/* TODO: what of this can still change, and what may be wrong with it? */
	(void)fram;
	return -EOPNOTSUPP;
}

static const struct file_operations fram_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = fram_ioctl,
	/* TODO: 32-bit programs use it too */
};

static struct miscdevice fram_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "fram",
	.fops = &fram_fops,
};
module_misc_device(fram_device);

MODULE_DESCRIPTION("A small memory for programs that do not trust each other");
MODULE_LICENSE("GPL");
