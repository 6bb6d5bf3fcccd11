// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/sheet: a recording in memory, in pages that are taken when they are needed.
 *
 * Reading, writing and clearing work; mapping does not. See brief.md. Nothing here
 * has to stay as it is but what programs see.
 */
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/ioctl.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#define SHEET_CLEAR _IO('s', 1)	/* 0x7301 */
#define PAGES_MIN 2
#define PAGES_MAX 1024

static unsigned long pages = 16;
module_param(pages, ulong, 0444);
MODULE_PARM_DESC(pages, "pages of the sheet, 2 to 1024 (default 16)");

static DEFINE_MUTEX(lock);	/* for the array and what is in it */
static struct page **sheet;	/* NULL: a page of zeros that nobody has needed yet */
static u32 clearings;		/* as the head says it */

static ssize_t sheet_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	size_t done = 0;

	mutex_lock(&lock);
	while (done < count && *pos < pages * PAGE_SIZE) {
		struct page *page = sheet[*pos / PAGE_SIZE];
		size_t offset = offset_in_page(*pos);
		size_t n = min(count - done, PAGE_SIZE - offset);
		unsigned long left;

		if (page) {
			void *bytes = kmap_local_page(page);

			left = copy_to_user(buf + done, bytes + offset, n);
			kunmap_local(bytes);
		} else {
			left = clear_user(buf + done, n);
		}
		if (left)
			break;
		done += n;
		*pos += n;
	}
	mutex_unlock(&lock);
	return done || !count || *pos >= pages * PAGE_SIZE ? done : -EFAULT;
}

static ssize_t sheet_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	size_t done = 0;
	int err = 0;

	if (!count)
		return 0;
	if (*pos < PAGE_SIZE)
		return -EPERM;	/* the head is ours */
	if (*pos >= pages * PAGE_SIZE)
		return -ENOSPC;
	mutex_lock(&lock);
	while (done < count && *pos < pages * PAGE_SIZE) {
		struct page **place = &sheet[*pos / PAGE_SIZE];
		size_t offset = offset_in_page(*pos);
		size_t n = min(count - done, PAGE_SIZE - offset);
		unsigned long left;
		void *bytes;

		if (!*place)
			*place = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!*place) {
			err = -ENOMEM;
			break;
		}
		bytes = kmap_local_page(*place);
		left = copy_from_user(bytes + offset, buf + done, n);
		kunmap_local(bytes);
		if (left) {
			err = -EFAULT;
			break;
		}
		done += n;
		*pos += n;
	}
	mutex_unlock(&lock);
	return done ?: err;
}

/* Empties all pages but the head, which counts how often. */
static void clear_sheet(void)
{
	unsigned long i;

	mutex_lock(&lock);
	for (i = 1; i < pages; i++) {
		if (sheet[i])
			put_page(sheet[i]);
		sheet[i] = NULL;
	}
	clearings++;
	memcpy_to_page(sheet[0], 0, (char *)&clearings, sizeof(clearings));
	mutex_unlock(&lock);
}

static long sheet_ioctl(struct file *file, unsigned int request, unsigned long argument)
{
	if (request != SHEET_CLEAR)
		return -ENOTTY;
	if (!(file->f_mode & FMODE_WRITE))
		return -EBADF;
	clear_sheet();
	return 0;
}

static int sheet_mmap(struct file *file, struct vm_area_struct *vma)
{
	/* TODO */
	return -ENODEV;
}

static const struct file_operations sheet_fops = {
	.owner = THIS_MODULE,
	.read = sheet_read,
	.write = sheet_write,
	.unlocked_ioctl = sheet_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = sheet_mmap,
	.llseek = default_llseek,
};

static struct miscdevice sheet_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "sheet",
	.fops = &sheet_fops,
	.mode = 0666,
};

static void free_sheet(void)
{
	unsigned long i;

	for (i = 0; i < pages; i++) {
		if (sheet[i])
			put_page(sheet[i]);
	}
	kvfree(sheet);
}

static int __init sheet_init(void)
{
	int err;

	if (pages < PAGES_MIN || pages > PAGES_MAX)
		return -EINVAL;
	sheet = kvcalloc(pages, sizeof(*sheet), GFP_KERNEL);
	if (!sheet)
		return -ENOMEM;
	err = -ENOMEM;
	sheet[0] = alloc_page(GFP_KERNEL | __GFP_ZERO);
	if (!sheet[0])
		goto fail;
	err = misc_register(&sheet_device);
	if (err)
		goto fail;
	return 0;

fail:
	free_sheet();
	return err;
}
module_init(sheet_init);

static void __exit sheet_exit(void)
{
	misc_deregister(&sheet_device);
	free_sheet();
}
module_exit(sheet_exit);

MODULE_DESCRIPTION("A recording in memory that programs can map");
MODULE_LICENSE("GPL");
