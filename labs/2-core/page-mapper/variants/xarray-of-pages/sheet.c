// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sheet, another way: folios in an XArray, without a lock of our own. A folio
 * that was found may be on its way out, which its lock and a second look tell. The
 * limit of a mapping is left to the fault handler alone where mremap() is concerned,
 * and writing to the head is refused by page_mkwrite() as well.
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
#include <linux/uaccess.h>
#include <linux/xarray.h>

#define SHEET_CLEAR _IO('s', 1)	/* 0x7301 */
#define PAGES_MIN 2
#define PAGES_MAX 1024

static unsigned long pages = 16;
module_param(pages, ulong, 0444);
MODULE_PARM_DESC(pages, "pages of the sheet, 2 to 1024 (default 16)");

static DEFINE_XARRAY(sheet);	/* of folios of one page */
static DEFINE_MUTEX(head_lock);	/* for the number of clearings */
static u32 clearings;

/* A folio with a reference for the caller; NULL: none; else an error. */
static struct folio *take(unsigned long index, bool make)
{
	struct folio *folio, *old;

	for (;;) {
		rcu_read_lock();
		folio = xa_load(&sheet, index);
		if (folio && !folio_try_get(folio)) {
			rcu_read_unlock();
			continue;	/* freed at this very moment */
		}
		/* It may have been freed and used for something else before we got it. */
		if (folio && xa_load(&sheet, index) != folio) {
			rcu_read_unlock();
			folio_put(folio);
			continue;
		}
		rcu_read_unlock();
		if (folio || !make)
			return folio;

		folio = folio_alloc(GFP_KERNEL | __GFP_ZERO, 0);
		if (!folio)
			return ERR_PTR(-ENOMEM);
		folio_get(folio);	/* one for the sheet */
		old = xa_cmpxchg(&sheet, index, NULL, folio, GFP_KERNEL);
		if (!old)
			return folio;
		folio_put(folio);
		folio_put(folio);
		if (xa_is_err(old))
			return ERR_PTR(xa_err(old));
	}
}

static ssize_t sheet_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	size_t done = 0;

	while (done < count && *pos < pages * PAGE_SIZE) {
		struct folio *folio = take(*pos / PAGE_SIZE, false);
		size_t offset = offset_in_page(*pos);
		size_t n = min(count - done, PAGE_SIZE - offset);
		unsigned long left;

		if (folio) {
			void *bytes = kmap_local_folio(folio, 0);

			left = copy_to_user(buf + done, bytes + offset, n);
			kunmap_local(bytes);
			folio_put(folio);
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
		struct folio *folio = take(*pos / PAGE_SIZE, true);
		size_t offset = offset_in_page(*pos);
		size_t n = min(count - done, PAGE_SIZE - offset);
		unsigned long left;
		void *bytes;

		if (IS_ERR(folio))
			return done ?: PTR_ERR(folio);
		bytes = kmap_local_folio(folio, 0);
		left = copy_from_user(bytes + offset, buf + done, n);
		kunmap_local(bytes);
		folio_put(folio);
		if (left)
			return done ?: -EFAULT;
		done += n;
		*pos += n;
	}
	return done;
}

static void drop(unsigned long index, struct address_space *mapping)
{
	struct folio *folio = xa_erase(&sheet, index);

	if (!folio)
		return;
	if (mapping) {
		/* Faults that have found it hold its lock until it is mapped. */
		folio_lock(folio);
		folio_unlock(folio);
		unmap_mapping_range(mapping, index * PAGE_SIZE, PAGE_SIZE, 1);
	}
	folio_put(folio);
}

static void clear_sheet(struct address_space *mapping)
{
	unsigned long i;

	for (i = 1; i < pages; i++)
		drop(i, mapping);
	mutex_lock(&head_lock);
	clearings++;
	memcpy_to_folio(xa_load(&sheet, 0), 0, (char *)&clearings, sizeof(clearings));
	mutex_unlock(&head_lock);
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
	struct folio *folio;

	if (vmf->pgoff >= pages)
		return VM_FAULT_SIGBUS;
	for (;;) {
		folio = take(vmf->pgoff, true);
		if (IS_ERR(folio))
			return vmf_error(PTR_ERR(folio));
		folio_lock(folio);
		if (xa_load(&sheet, vmf->pgoff) == folio)
			break;
		folio_unlock(folio);
		folio_put(folio);
	}
	vmf->page = folio_page(folio, 0);
	return VM_FAULT_LOCKED;
}

static vm_fault_t sheet_mkwrite(struct vm_fault *vmf)
{
	if (vmf->pgoff == 0)
		return VM_FAULT_SIGBUS;
	lock_page(vmf->page);
	if (xa_load(&sheet, vmf->pgoff) == page_folio(vmf->page))
		return VM_FAULT_LOCKED;
	unlock_page(vmf->page);
	return VM_FAULT_NOPAGE;	/* cleared; the program will fault again */
}

static const struct vm_operations_struct sheet_vm_ops = {
	.fault = sheet_fault,
	.page_mkwrite = sheet_mkwrite,
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

	for (i = 0; i < pages; i++)
		drop(i, NULL);
}

static int __init sheet_init(void)
{
	struct folio *head;
	int err;

	if (pages < PAGES_MIN || pages > PAGES_MAX)
		return -EINVAL;
	head = take(0, true);
	if (IS_ERR(head))
		return PTR_ERR(head);
	folio_put(head);	/* the sheet has its own */
	err = misc_register(&sheet_device);
	if (err)
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
