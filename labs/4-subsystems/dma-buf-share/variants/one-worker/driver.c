// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/engraver: an exporter of buffers, and a laser that engraves what is in a dma-buf
 * of anybody.
 *
 * Another way: an ordered workqueue does the jobs. Its worker waits for fences and for the
 * laser, and signals; it takes no lock of a reservation object and allocates nothing.
 * Cleaning up does, so another workqueue has to: the next job must not wait for it. The
 * memory of a buffer is one piece, and a table for a device exists while the device has a
 * mapping. The fence of a job is an object of its own.
 */
#include <linux/completion.h>
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/interrupt.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/sync_file.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#include "bench.h"
#include "engraver.h"

struct plate {
	void *memory;
	size_t bytes;
	struct list_head mappings;	/* under the reservation object's lock */
};

struct mapping {
	struct list_head entry;
	struct device *dev;
	enum dma_data_direction direction;
	struct sg_table table;
};

struct stamp {
	struct dma_fence fence;
	spinlock_t lock;	/* the one that dma_fence_init() asks for */
};

struct job {
	struct work_struct work;
	struct work_struct cleanup;
	struct stamp *stamp;
	struct dma_buf *buffer;
	struct dma_buf_attachment *attachment;
	struct sg_table *table;
	struct dma_fence *after;
	struct dma_fence **writers;
	unsigned int writers_count;
	struct laser_piece pieces[];
};

static DEFINE_MUTEX(submission);
static u64 context, last_number;
static struct workqueue_struct *jobs, *cleaners;
static DECLARE_COMPLETION(burned);
static struct device *laser;
static int irq;

/* The exporter. */

static struct sg_table *plate_map(struct dma_buf_attachment *attachment,
				  enum dma_data_direction direction)
{
	struct plate *plate = attachment->dmabuf->priv;
	struct mapping *mapping;
	int err = -ENOMEM;

	mapping = kzalloc(sizeof(*mapping), GFP_KERNEL);
	if (!mapping)
		return ERR_PTR(-ENOMEM);
	if (sg_alloc_table(&mapping->table, 1, GFP_KERNEL))
		goto no_table;
	sg_set_buf(mapping->table.sgl, plate->memory, plate->bytes);
	err = dma_map_sgtable(attachment->dev, &mapping->table, direction, 0);
	if (err)
		goto not_mapped;
	mapping->dev = attachment->dev;
	mapping->direction = direction;
	list_add(&mapping->entry, &plate->mappings);
	return &mapping->table;

not_mapped:
	sg_free_table(&mapping->table);
no_table:
	kfree(mapping);
	return ERR_PTR(err);
}

static void plate_unmap(struct dma_buf_attachment *attachment, struct sg_table *table,
			enum dma_data_direction direction)
{
	struct mapping *mapping = container_of(table, struct mapping, table);

	list_del(&mapping->entry);
	dma_unmap_sgtable(mapping->dev, table, direction, 0);
	sg_free_table(table);
	kfree(mapping);
}

static int plate_begin_cpu_access(struct dma_buf *buffer, enum dma_data_direction direction)
{
	bool write = direction == DMA_TO_DEVICE || direction == DMA_BIDIRECTIONAL;
	struct plate *plate = buffer->priv;
	struct mapping *mapping;
	long ret;

	ret = dma_resv_lock_interruptible(buffer->resv, NULL);
	if (ret)
		return ret;
	ret = dma_resv_wait_timeout(buffer->resv, dma_resv_usage_rw(write), true,
				    MAX_SCHEDULE_TIMEOUT);
	if (ret > 0)
		list_for_each_entry(mapping, &plate->mappings, entry)
			dma_sync_sgtable_for_cpu(mapping->dev, &mapping->table, mapping->direction);
	dma_resv_unlock(buffer->resv);
	return ret > 0 ? 0 : ret;
}

static int plate_end_cpu_access(struct dma_buf *buffer, enum dma_data_direction direction)
{
	struct plate *plate = buffer->priv;
	struct mapping *mapping;

	dma_resv_lock(buffer->resv, NULL);
	list_for_each_entry(mapping, &plate->mappings, entry)
		dma_sync_sgtable_for_device(mapping->dev, &mapping->table, mapping->direction);
	dma_resv_unlock(buffer->resv);
	return 0;
}

static vm_fault_t plate_fault(struct vm_fault *fault)
{
	struct plate *plate = fault->vma->vm_private_data;

	if (fault->pgoff >= plate->bytes >> PAGE_SHIFT)
		return VM_FAULT_SIGBUS;
	return vmf_insert_pfn(fault->vma, fault->address,
			      page_to_pfn(virt_to_page(plate->memory)) + fault->pgoff);
}

static const struct vm_operations_struct plate_vm_ops = {
	.fault = plate_fault,
};

static int plate_mmap(struct dma_buf *buffer, struct vm_area_struct *vma)
{
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	vma->vm_ops = &plate_vm_ops;
	vma->vm_private_data = buffer->priv;
	vm_flags_set(vma, VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	return 0;
}

static void plate_free(struct plate *plate)
{
	free_pages_exact(plate->memory, plate->bytes);
	kfree(plate);
}

static void plate_release(struct dma_buf *buffer)
{
	plate_free(buffer->priv);
}

static const struct dma_buf_ops plate_ops = {
	.map_dma_buf = plate_map,
	.unmap_dma_buf = plate_unmap,
	.begin_cpu_access = plate_begin_cpu_access,
	.end_cpu_access = plate_end_cpu_access,
	.mmap = plate_mmap,
	.release = plate_release,
};

static long engraver_alloc(unsigned long count)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct dma_buf *buffer;
	struct plate *plate;
	int fd;

	if (!count || count > ENGRAVER_PAGES_MAX)
		return -EINVAL;
	plate = kzalloc(sizeof(*plate), GFP_KERNEL);
	if (!plate)
		return -ENOMEM;
	INIT_LIST_HEAD(&plate->mappings);
	plate->bytes = count * PAGE_SIZE;
	plate->memory = alloc_pages_exact(plate->bytes, GFP_KERNEL | __GFP_ZERO);
	if (!plate->memory) {
		kfree(plate);
		return -ENOMEM;
	}
	info.ops = &plate_ops;
	info.size = plate->bytes;
	info.flags = O_RDWR;
	info.priv = plate;
	buffer = dma_buf_export(&info);
	if (IS_ERR(buffer)) {
		plate_free(plate);
		return PTR_ERR(buffer);
	}
	fd = dma_buf_fd(buffer, O_CLOEXEC);
	if (fd < 0)
		dma_buf_put(buffer);
	return fd;
}

/* The fence. */

static const char *stamp_name(struct dma_fence *fence)
{
	return "engraver";
}

static void stamp_free(struct rcu_head *head)
{
	struct stamp *stamp = container_of(head, struct stamp, fence.rcu);

	kfree(stamp);
	module_put(THIS_MODULE);
}

static void stamp_release(struct dma_fence *fence)
{
	/* Unloading waits for all such calls. */
	call_rcu(&fence->rcu, stamp_free);
}

static const struct dma_fence_ops stamp_ops = {
	.get_driver_name = stamp_name,
	.get_timeline_name = stamp_name,
	.release = stamp_release,
};

/* The importer. */

static void job_free(struct job *job)
{
	while (job->writers_count)
		dma_fence_put(job->writers[--job->writers_count]);
	kfree(job->writers);
	dma_fence_put(job->after);
	dma_buf_unmap_attachment_unlocked(job->attachment, job->table, DMA_TO_DEVICE);
	dma_buf_detach(job->buffer, job->attachment);
	dma_buf_put(job->buffer);
	kfree(job);
}

static void job_cleanup(struct work_struct *work)
{
	struct job *job = container_of(work, struct job, cleanup);
	struct stamp *stamp = job->stamp;

	job_free(job);
	dma_fence_put(&stamp->fence);
}

static void job_do(struct work_struct *work)
{
	struct job *job = container_of(work, struct job, work);
	struct stamp *stamp = job->stamp;
	unsigned int i, count = 0;
	struct scatterlist *sg;
	int err;

	for (i = 0; i < job->writers_count; i++)
		dma_fence_wait(job->writers[i], false);
	if (job->after)
		dma_fence_wait(job->after, false);
	for_each_sgtable_dma_sg(job->table, sg, i) {
		job->pieces[count].at = sg_dma_address(sg);
		job->pieces[count++].bytes = sg_dma_len(sg);
	}
	reinit_completion(&burned);
	laser_start(job->pieces, count);
	wait_for_completion(&burned);
	err = laser_result();
	if (err)
		dma_fence_set_error(&stamp->fence, err);
	dma_fence_signal(&stamp->fence);
	queue_work(cleaners, &job->cleanup);
}

static irqreturn_t laser_interrupt(int irq, void *data)
{
	complete(&burned);
	return IRQ_HANDLED;
}

static struct stamp *stamp_new(void)
{
	struct stamp *stamp = kzalloc(sizeof(*stamp), GFP_KERNEL);

	lockdep_assert_held(&submission);
	if (!stamp)
		return NULL;
	__module_get(THIS_MODULE);
	spin_lock_init(&stamp->lock);
	dma_fence_init(&stamp->fence, &stamp_ops, &stamp->lock, context, ++last_number);
	return stamp;
}

static long submit(struct job *job)
{
	struct dma_resv *resv = job->buffer->resv;
	struct sync_file *sync_file = NULL;
	int err = -ENOMEM, fd;

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	mutex_lock(&submission);
	job->stamp = stamp_new();
	if (job->stamp)
		sync_file = sync_file_create(&job->stamp->fence);
	if (sync_file) {
		dma_resv_lock(resv, NULL);
		err = dma_resv_reserve_fences(resv, 1);
		if (!err)
			err = dma_resv_get_fences(resv, DMA_RESV_USAGE_WRITE, &job->writers_count,
						  &job->writers);
		if (!err) {
			dma_resv_add_fence(resv, &job->stamp->fence, DMA_RESV_USAGE_READ);
			queue_work(jobs, &job->work);
			fd_install(fd, sync_file->file);
		}
		dma_resv_unlock(resv);
	}
	if (err) {
		if (sync_file)
			fput(sync_file->file);
		if (job->stamp)
			dma_fence_put(&job->stamp->fence);
		put_unused_fd(fd);
	}
	mutex_unlock(&submission);
	return err ?: fd;
}

static long engraver_engrave(const struct engraver_job __user *arg)
{
	struct dma_fence *after = NULL;
	struct engraver_job wanted;
	struct dma_buf *buffer;
	struct job *job;
	long ret = -ENOMEM;

	if (copy_from_user(&wanted, arg, sizeof(wanted)))
		return -EFAULT;
	buffer = dma_buf_get(wanted.buffer);
	if (IS_ERR(buffer))
		return PTR_ERR(buffer);
	if (wanted.after != -1) {
		after = sync_file_get_fence(wanted.after);
		if (!after) {
			dma_buf_put(buffer);
			return -EINVAL;
		}
	}
	/* No piece is smaller than a page. */
	job = kzalloc(struct_size(job, pieces, buffer->size >> PAGE_SHIFT), GFP_KERNEL);
	if (!job)
		goto no_job;
	INIT_WORK(&job->work, job_do);
	INIT_WORK(&job->cleanup, job_cleanup);
	job->buffer = buffer;
	job->after = after;
	job->attachment = dma_buf_attach(buffer, laser);
	if (IS_ERR(job->attachment)) {
		ret = PTR_ERR(job->attachment);
		goto no_attachment;
	}
	job->table = dma_buf_map_attachment_unlocked(job->attachment, DMA_TO_DEVICE);
	if (IS_ERR(job->table)) {
		ret = PTR_ERR(job->table);
		goto no_table;
	}
	ret = submit(job);
	if (ret < 0)
		job_free(job);
	return ret;

no_table:
	dma_buf_detach(buffer, job->attachment);
no_attachment:
	kfree(job);
no_job:
	dma_fence_put(after);
	dma_buf_put(buffer);
	return ret;
}

static long engraver_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case ENGRAVER_ALLOC:
		return engraver_alloc(arg);
	case ENGRAVER_ENGRAVE:
		return engraver_engrave((const struct engraver_job __user *)arg);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations engraver_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = engraver_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice engraver_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "engraver",
	.fops = &engraver_fops,
};

static int __init engraver_init(void)
{
	int err;

	context = dma_fence_context_alloc(1);
	jobs = alloc_ordered_workqueue("engraver", 0);
	if (!jobs)
		return -ENOMEM;
	err = -ENOMEM;
	cleaners = alloc_workqueue("engraver-clean", WQ_UNBOUND, 0);
	if (!cleaners)
		goto no_cleaners;
	err = bench_power_on(&laser, &irq);
	if (err)
		goto no_bench;
	err = request_irq(irq, laser_interrupt, 0, "engraver", &engraver_device);
	if (err)
		goto no_irq;
	err = misc_register(&engraver_device);
	if (err)
		goto no_device;
	return 0;

no_device:
	free_irq(irq, &engraver_device);
no_irq:
	bench_power_off();
no_bench:
	destroy_workqueue(cleaners);
no_cleaners:
	destroy_workqueue(jobs);
	return err;
}
module_init(engraver_init);

static void __exit engraver_exit(void)
{
	misc_deregister(&engraver_device);
	destroy_workqueue(jobs);
	destroy_workqueue(cleaners);
	free_irq(irq, &engraver_device);
	bench_power_off();
	rcu_barrier();
}
module_exit(engraver_exit);

MODULE_DESCRIPTION("An engraver that shares its buffers");
MODULE_LICENSE("GPL");
