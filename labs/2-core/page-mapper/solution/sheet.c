// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/sheet: a recording in memory, in pages that are taken when they are needed
 * and can be mapped.
 *
 * The sheet holds one reference to each of its pages, and whoever uses a page
 * without the mutex holds one too: a copy to or from user space, a mapping, and
 * anybody in the kernel who got it from a mapping. The mutex is never held while
 * user memory is touched: that may fault, on a page of the sheet even, and the fault
 * needs the mutex.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/ioctl.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#define SHEET_CLEAR _IO('s', 1)	/* 0x7301 */
#define PAGES_MIN 2
#define PAGES_MAX 1024

static unsigned long pages = 16;
module_param(pages, ulong, 0444);
MODULE_PARM_DESC(pages, "pages of the sheet, 2 to 1024 (default 16)");

static DEFINE_MUTEX(lock);	/* for the array and the number of clearings */
static struct page **sheet;	/* NULL: a page of zeros that nobody has needed yet */
static u32 clearings;		/* as the head says it */

/* A page with a reference for the caller. NULL: it is empty, and was not to be made. */
static struct page *take_page(unsigned long index, bool make)
{
	struct page *page;

	mutex_lock(&lock);
	page = sheet[index];
	if (!page && make) {
		/* Programs will see it: it must not have anything of somebody else's in it. */
		page = alloc_page(GFP_KERNEL | __GFP_ZERO);
		sheet[index] = page;
	}
	if (page)
		get_page(page);
	mutex_unlock(&lock);
	return page;
}

static ssize_t sheet_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	size_t done = 0;

	while (done < count && *pos < pages * PAGE_SIZE) {
		struct page *page = take_page(*pos / PAGE_SIZE, false);
		size_t offset = offset_in_page(*pos);
		size_t n = min(count - done, PAGE_SIZE - offset);
		unsigned long left;

		if (page) {
			void *bytes = kmap_local_page(page);

			left = copy_to_user(buf + done, bytes + offset, n);
			kunmap_local(bytes);
			put_page(page);
		} else {
			left = clear_user(buf + done, n);
		}
		if (left)
			return done ?: -EFAULT;
		done += n;
		*pos += n;
	}
	return done;
}

static ssize_t sheet_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	size_t done = 0;

	if (!count)
		return 0;
	if (*pos < PAGE_SIZE)
		return -EPERM;	/* the head is ours */
	if (*pos >= pages * PAGE_SIZE)
		return -ENOSPC;
	while (done < count && *pos < pages * PAGE_SIZE) {
		struct page *page = take_page(*pos / PAGE_SIZE, true);
		size_t offset = offset_in_page(*pos);
		size_t n = min(count - done, PAGE_SIZE - offset);
		unsigned long left;
		void *bytes;

		if (!page)
			return done ?: -ENOMEM;
		bytes = kmap_local_page(page);
		left = copy_from_user(bytes + offset, buf + done, n);
		kunmap_local(bytes);
		put_page(page);
		if (left)
			return done ?: -EFAULT;
		done += n;
		*pos += n;
	}
	return done;
}

/* Empties all pages but the head, which counts how often. */
static void clear_sheet(struct address_space *mapping)
{
	unsigned long i;

	for (i = 1; i < pages; i++) {
		struct page *page;

		mutex_lock(&lock);
		page = sheet[i];
		WRITE_ONCE(sheet[i], NULL);
		mutex_unlock(&lock);
		if (!page)
			continue;
		/* A fault that has found it before is through when it has unlocked it. */
		lock_page(page);
		unlock_page(page);
		unmap_mapping_range(mapping, i * PAGE_SIZE, PAGE_SIZE, 1);
		put_page(page);
	}
	mutex_lock(&lock);
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
	/* All who map came through the one inode of /dev/sheet, as this file did. */
	clear_sheet(file->f_mapping);
	return 0;
}

static vm_fault_t sheet_fault(struct vm_fault *vmf)
{
	struct page *page;

	/* Not all mappings are as sheet_mmap() has seen them: mremap() can move and cut them. */
	if (vmf->pgoff >= pages)
		return VM_FAULT_SIGBUS;
	for (;;) {
		page = take_page(vmf->pgoff, true);
		if (!page)
			return VM_FAULT_OOM;
		lock_page(page);
		if (READ_ONCE(sheet[vmf->pgoff]) == page)
			break;
		unlock_page(page);	/* cleared in between */
		put_page(page);
	}
	vmf->page = page;	/* our reference is the mapping's now */
	return VM_FAULT_LOCKED;
}

static const struct vm_operations_struct sheet_vm_ops = {
	.fault = sheet_fault,
};

static int sheet_mmap(struct file *file, struct vm_area_struct *vma)
{
	/* VM_SHARED is off for a shared mapping of a file that was opened for reading. */
	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	if (vma->vm_pgoff >= pages || vma_pages(vma) > pages - vma->vm_pgoff)
		return -EINVAL;
	if (vma->vm_pgoff == 0) {
		if (vma->vm_flags & VM_WRITE)
			return -EPERM;
		vm_flags_clear(vma, VM_MAYWRITE);	/* nor later, by mprotect() */
	}
	vm_flags_set(vma, VM_DONTEXPAND);
	vma->vm_ops = &sheet_vm_ops;
	return 0;
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
