// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sheet, another way: the fault handler puts the page into the page table by
 * itself, under the same lock that clearing takes, so that the two can not get into
 * each other's way. Copies go through a page of their own, so the lock is not held
 * while user memory is touched, and no references are needed for them.
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

static DEFINE_MUTEX(lock);	/* for the array and the number of clearings */
static struct page **sheet;	/* NULL: a page of zeros that nobody has needed yet */
static u32 clearings;		/* as the head says it */

/* Copies between the sheet and a buffer, within one page. */
static int access_page(unsigned long index, size_t offset, void *buffer, size_t n, bool store)
{
	int err = 0;

	mutex_lock(&lock);
	if (store && !sheet[index]) {
		sheet[index] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!sheet[index])
			err = -ENOMEM;
	}
	if (!err && store)
		memcpy_to_page(sheet[index], offset, buffer, n);
	else if (!err && sheet[index])
		memcpy_from_page(buffer, sheet[index], offset, n);
	else
		memset(buffer, 0, n);
	mutex_unlock(&lock);
	return err;
}

static ssize_t sheet_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	void *buffer = (void *)__get_free_page(GFP_KERNEL);
	size_t done = 0;
	int err = 0;

	if (!buffer)
		return -ENOMEM;
	while (done < count && *pos < pages * PAGE_SIZE) {
		size_t n = min(count - done, PAGE_SIZE - offset_in_page(*pos));

		access_page(*pos / PAGE_SIZE, offset_in_page(*pos), buffer, n, false);
		if (copy_to_user(buf + done, buffer, n)) {
			err = -EFAULT;
			break;
		}
		done += n;
		*pos += n;
	}
	free_page((unsigned long)buffer);
	return done ?: err;
}

static ssize_t sheet_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	size_t done = 0;
	void *buffer;
	int err = 0;

	if (!count)
		return 0;
	if (*pos < PAGE_SIZE)
		return -EPERM;
	if (*pos >= pages * PAGE_SIZE)
		return -ENOSPC;
	buffer = (void *)__get_free_page(GFP_KERNEL);
	if (!buffer)
		return -ENOMEM;
	while (!err && done < count && *pos < pages * PAGE_SIZE) {
		size_t n = min(count - done, PAGE_SIZE - offset_in_page(*pos));

		if (copy_from_user(buffer, buf + done, n))
			err = -EFAULT;
		else
			err = access_page(*pos / PAGE_SIZE, offset_in_page(*pos), buffer, n, true);
		if (!err) {
			done += n;
			*pos += n;
		}
	}
	free_page((unsigned long)buffer);
	return done ?: err;
}

static void clear_sheet(struct address_space *mapping)
{
	unsigned long i;

	mutex_lock(&lock);
	unmap_mapping_range(mapping, PAGE_SIZE, 0, 1);
	for (i = 1; i < pages; i++) {
		if (sheet[i])
			__free_page(sheet[i]);
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
	/* All who map came through the one inode of /dev/sheet, as this file did. */
	clear_sheet(file->f_mapping);
	return 0;
}

static vm_fault_t sheet_fault(struct vm_fault *vmf)
{
	int err = 0;

	if (vmf->pgoff >= pages)
		return VM_FAULT_SIGBUS;
	mutex_lock(&lock);
	if (!sheet[vmf->pgoff])
		sheet[vmf->pgoff] = alloc_page(GFP_KERNEL | __GFP_ZERO);
	if (sheet[vmf->pgoff])
		err = vm_insert_page(vmf->vma, vmf->address, sheet[vmf->pgoff]);
	else
		err = -ENOMEM;
	mutex_unlock(&lock);
	if (err && err != -EBUSY)	/* another thread has mapped it meanwhile */
		return vmf_error(err);
	return VM_FAULT_NOPAGE;
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
	vm_flags_set(vma, VM_DONTEXPAND | VM_MIXEDMAP);
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
