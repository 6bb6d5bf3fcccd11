// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/engraver: an exporter of buffers, and a laser that engraves what is in a dma-buf
 * of anybody.
 *
 * Another way: all that a job waits for, the job before it included, is merged into one
 * fence with one callback, so there is no queue. The buffers are made with vmalloc_user(),
 * and what belongs to them is under the lock of their reservation object.
 */
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/dma-fence-unwrap.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/file.h>
#include <linux/fs.h>
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
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include "bench.h"
#include "engraver.h"

/* A buffer that this driver exports: its memory, and the devices that are attached. */
struct plate {
	void *memory;
	unsigned int count;
	struct list_head attachments;
};

struct plate_attachment {
	struct list_head entry;
	struct device *dev;
	struct sg_table *table;	/* of a device that has a mapping */
	enum dma_data_direction direction;
};

struct job {
	struct dma_fence fence;
	struct dma_buf_attachment *attachment;
	struct sg_table *table;
	struct laser_piece *pieces;
	unsigned int pieces_count;
	struct dma_fence *awaited;
	struct dma_fence_cb callback;
	struct work_struct cleanup;
};

/* Under the mutex. */
static DEFINE_MUTEX(submission);
static u64 context, last_number;
static struct dma_fence *last;		/* of the job that was submitted last */

static DEFINE_SPINLOCK(fence_lock);	/* of all fences: they signal one after the other */
static struct job *under_way;
static struct workqueue_struct *cleaners;
static struct device *laser;
static int irq;

/* The exporter. */

static int plate_attach(struct dma_buf *buffer, struct dma_buf_attachment *attachment)
{
	struct plate *plate = buffer->priv;
	struct plate_attachment *mine;

	mine = kzalloc(sizeof(*mine), GFP_KERNEL);
	if (!mine)
		return -ENOMEM;
	mine->dev = attachment->dev;
	attachment->priv = mine;
	dma_resv_lock(buffer->resv, NULL);
	list_add(&mine->entry, &plate->attachments);
	dma_resv_unlock(buffer->resv);
	return 0;
}

static void plate_detach(struct dma_buf *buffer, struct dma_buf_attachment *attachment)
{
	struct plate_attachment *mine = attachment->priv;

	dma_resv_lock(buffer->resv, NULL);
	list_del(&mine->entry);
	dma_resv_unlock(buffer->resv);
	kfree(mine);
}

static void table_free(struct sg_table *table)
{
	sg_free_table(table);
	kfree(table);
}

static struct sg_table *plate_map(struct dma_buf_attachment *attachment,
				  enum dma_data_direction direction)
{
	struct plate *plate = attachment->dmabuf->priv;
	struct plate_attachment *mine = attachment->priv;
	struct scatterlist *sg;
	struct sg_table *table;
	unsigned int i;
	int err;

	table = kzalloc(sizeof(*table), GFP_KERNEL);
	if (!table)
		return ERR_PTR(-ENOMEM);
	err = sg_alloc_table(table, plate->count, GFP_KERNEL);
	if (err) {
		kfree(table);
		return ERR_PTR(err);
	}
	for_each_sgtable_sg(table, sg, i)
		sg_set_page(sg, vmalloc_to_page(plate->memory + i * PAGE_SIZE), PAGE_SIZE, 0);
	err = dma_map_sgtable(attachment->dev, table, direction, 0);
	if (err) {
		table_free(table);
		return ERR_PTR(err);
	}
	mine->table = table;
	mine->direction = direction;
	return table;
}

static void plate_unmap(struct dma_buf_attachment *attachment, struct sg_table *table,
			enum dma_data_direction direction)
{
	struct plate_attachment *mine = attachment->priv;

	mine->table = NULL;
	dma_unmap_sgtable(attachment->dev, table, direction, 0);
	table_free(table);
}

static int plate_begin_cpu_access(struct dma_buf *buffer, enum dma_data_direction direction)
{
	struct plate *plate = buffer->priv;
	struct plate_attachment *mine;
	long err;

	err = dma_resv_wait_timeout(buffer->resv,
				    dma_resv_usage_rw(direction != DMA_FROM_DEVICE), true,
				    MAX_SCHEDULE_TIMEOUT);
	if (err < 0)
		return err;
	dma_resv_lock(buffer->resv, NULL);
	list_for_each_entry(mine, &plate->attachments, entry)
		if (mine->table)
			dma_sync_sgtable_for_cpu(mine->dev, mine->table, mine->direction);
	dma_resv_unlock(buffer->resv);
	return 0;
}

static int plate_end_cpu_access(struct dma_buf *buffer, enum dma_data_direction direction)
{
	struct plate *plate = buffer->priv;
	struct plate_attachment *mine;

	dma_resv_lock(buffer->resv, NULL);
	list_for_each_entry(mine, &plate->attachments, entry)
		if (mine->table)
			dma_sync_sgtable_for_device(mine->dev, mine->table, mine->direction);
	dma_resv_unlock(buffer->resv);
	return 0;
}

static int plate_mmap(struct dma_buf *buffer, struct vm_area_struct *vma)
{
	struct plate *plate = buffer->priv;

	return remap_vmalloc_range(vma, plate->memory, vma->vm_pgoff);
}

static void plate_free(struct plate *plate)
{
	vfree(plate->memory);
	kfree(plate);
}

static void plate_release(struct dma_buf *buffer)
{
	plate_free(buffer->priv);
}

static const struct dma_buf_ops plate_ops = {
	.attach = plate_attach,
	.detach = plate_detach,
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

	if (count < 1 || count > ENGRAVER_PAGES_MAX)
		return -EINVAL;
	plate = kzalloc(sizeof(*plate), GFP_KERNEL);
	if (!plate)
		return -ENOMEM;
	plate->count = count;
	INIT_LIST_HEAD(&plate->attachments);
	plate->memory = vmalloc_user(count << PAGE_SHIFT);
	if (!plate->memory) {
		kfree(plate);
		return -ENOMEM;
	}

	info.ops = &plate_ops;
	info.size = count << PAGE_SHIFT;
	info.flags = O_RDWR;
	info.priv = plate;
	buffer = dma_buf_export(&info);
	if (IS_ERR(buffer)) {
		plate_free(plate);
		return PTR_ERR(buffer);
	}
	/* From here on the plate is the buffer's. */
	fd = dma_buf_fd(buffer, O_CLOEXEC);
	if (fd < 0)
		dma_buf_put(buffer);
	return fd;
}

/* The fence of a job. */

static const char *job_driver_name(struct dma_fence *fence)
{
	return "engraver";
}

static const char *job_timeline_name(struct dma_fence *fence)
{
	return "laser";
}

/*
 * A fence outlives its job, in sync files and in buffers of others, and its operations
 * are here: so it holds the module. Unloading waits for this function to return.
 */
static void job_free(struct rcu_head *head)
{
	struct job *job = container_of(head, struct job, fence.rcu);

	kfree(job);
	module_put(THIS_MODULE);
}

static void job_release(struct dma_fence *fence)
{
	call_rcu(&fence->rcu, job_free);
}

static const struct dma_fence_ops job_fence_ops = {
	.get_driver_name = job_driver_name,
	.get_timeline_name = job_timeline_name,
	.release = job_release,
};

/* The importer. */

/* In any context. The job before this one is over, or there was none. */
static void ready(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	struct job *job = container_of(callback, struct job, callback);

	under_way = job;
	laser_start(job->pieces, job->pieces_count);
}

static void job_give_back(struct job *job)
{
	struct dma_buf *buffer = job->attachment->dmabuf;

	dma_buf_unmap_attachment_unlocked(job->attachment, job->table, DMA_TO_DEVICE);
	dma_buf_detach(buffer, job->attachment);
	dma_buf_put(buffer);
	kfree(job->pieces);
	dma_fence_put(job->awaited);
}

static void job_cleanup(struct work_struct *work)
{
	struct job *job = container_of(work, struct job, cleanup);

	job_give_back(job);
	mutex_lock(&submission);
	if (last == &job->fence) {
		last = NULL;
		dma_fence_put(&job->fence);
	}
	mutex_unlock(&submission);
	dma_fence_put(&job->fence);
}

static irqreturn_t laser_interrupt(int irq, void *data)
{
	struct job *job = under_way;
	int err;

	err = laser_result();
	if (err)
		dma_fence_set_error(&job->fence, err);
	/* The next job may begin in this call. */
	dma_fence_signal(&job->fence);
	queue_work(cleaners, &job->cleanup);
	return IRQ_HANDLED;
}

static int make_pieces(struct job *job)
{
	struct scatterlist *sg;
	unsigned int i;

	job->pieces = kcalloc(job->table->nents, sizeof(*job->pieces), GFP_KERNEL);
	if (!job->pieces)
		return -ENOMEM;
	for_each_sgtable_dma_sg(job->table, sg, i)
		job->pieces[job->pieces_count++] = (struct laser_piece) {
			.at = sg_dma_address(sg),
			.bytes = sg_dma_len(sg),
		};
	return 0;
}

/* Shows the fence to the buffer. All or nothing. */
static int publish(struct job *job, struct dma_buf *buffer, struct dma_fence *after)
{
	struct dma_fence *writers = NULL, *merged;
	int err;

	err = dma_resv_lock_interruptible(buffer->resv, NULL);
	if (err)
		return err;
	err = dma_resv_reserve_fences(buffer->resv, 1);
	if (!err)
		err = dma_resv_get_singleton(buffer->resv, dma_resv_usage_rw(false), &writers);
	if (err)
		goto out;
	/* Fences that are NULL or over count for nothing. */
	merged = dma_fence_unwrap_merge(writers, after, last);
	dma_fence_put(writers);
	if (!merged) {
		err = -ENOMEM;
		goto out;
	}
	job->awaited = merged;
	dma_resv_add_fence(buffer->resv, &job->fence, DMA_RESV_USAGE_READ);
out:
	dma_resv_unlock(buffer->resv);
	return err;
}

static long submit(struct job *job, struct dma_buf *buffer, struct dma_fence *after)
{
	struct sync_file *sync_file;
	int fd, err;

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	mutex_lock(&submission);
	__module_get(THIS_MODULE);
	dma_fence_init(&job->fence, &job_fence_ops, &fence_lock, context, ++last_number);
	sync_file = sync_file_create(&job->fence);
	err = sync_file ? publish(job, buffer, after) : -ENOMEM;
	if (err) {
		mutex_unlock(&submission);
		if (sync_file)
			fput(sync_file->file);
		put_unused_fd(fd);
		return err;
	}
	dma_fence_put(last);
	last = dma_fence_get(&job->fence);
	fd_install(fd, sync_file->file);
	if (dma_fence_add_callback(job->awaited, &job->callback, ready))
		ready(job->awaited, &job->callback);
	mutex_unlock(&submission);
	return fd;
}

static long engraver_engrave(const struct engraver_job __user *arg)
{
	struct dma_fence *after = NULL;
	struct engraver_job wanted;
	struct dma_buf *buffer;
	struct job *job;
	long ret;

	if (copy_from_user(&wanted, arg, sizeof(wanted)))
		return -EFAULT;
	job = kzalloc(sizeof(*job), GFP_KERNEL);
	if (!job)
		return -ENOMEM;
	INIT_WORK(&job->cleanup, job_cleanup);

	buffer = dma_buf_get(wanted.buffer);
	if (IS_ERR(buffer)) {
		ret = PTR_ERR(buffer);
		goto no_buffer;
	}
	if (wanted.after != -1) {
		after = sync_file_get_fence(wanted.after);
		if (!after) {
			ret = -EINVAL;
			goto no_attachment;
		}
	}
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
	ret = make_pieces(job);
	if (!ret)
		ret = submit(job, buffer, after);
	dma_fence_put(after);
	if (ret >= 0)
		return ret;

	job_give_back(job);
	goto no_job;

no_table:
	dma_buf_detach(buffer, job->attachment);
no_attachment:
	dma_fence_put(after);
	dma_buf_put(buffer);
no_buffer:
no_job:
	/* A fence that was made has a reference, and holds the module. */
	if (job->fence.ops)
		dma_fence_put(&job->fence);
	else
		kfree(job);
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
	cleaners = alloc_workqueue("engraver", 0, 0);
	if (!cleaners)
		return -ENOMEM;
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
	return err;
}
module_init(engraver_init);

static void __exit engraver_exit(void)
{
	/* Buffers, fences and files hold the module: no job is left. */
	misc_deregister(&engraver_device);
	free_irq(irq, &engraver_device);
	destroy_workqueue(cleaners);
	bench_power_off();
	rcu_barrier();
}
module_exit(engraver_exit);

MODULE_DESCRIPTION("An engraver that shares its buffers");
MODULE_LICENSE("GPL");
