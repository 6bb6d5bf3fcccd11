// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/engraver: an exporter of buffers, and a laser that engraves what is in a dma-buf
 * of anybody.
 *
 * What can fail or sleep is done when a job is submitted, before its fence is shown to
 * anybody. From then on only interrupts and callbacks of other fences bring it further, so
 * that the fence signals whatever processes do. Unmapping needs the lock of the buffer's
 * reservation object, which may be held by somebody who waits for our fence: it comes
 * after signaling, from a workqueue.
 */
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
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
#include <linux/workqueue.h>

#include "bench.h"
#include "engraver.h"

/* A buffer that this driver exports. */
struct plate {
	struct mutex lock;	/* of the list, and of what is mapped */
	struct list_head attachments;
	unsigned int count;
	struct page *pages[] __counted_by(count);
};

/* Each device has a table of its own: the addresses are different ones. */
struct plate_attachment {
	struct list_head entry;
	struct device *dev;
	struct sg_table table;
	enum dma_data_direction direction;
	bool mapped;
};

enum { FROM_BUFFER, FROM_CALLER, SOURCES };

struct job {
	struct dma_fence fence;
	spinlock_t fence_lock;		/* the one that dma_fence_init() asks for */
	struct list_head entry;
	struct dma_buf_attachment *attachment;
	struct sg_table *table;
	struct laser_piece *pieces;
	unsigned int pieces_count;
	/* What it waits for. */
	struct dma_fence *awaited[SOURCES];
	struct dma_fence_cb callbacks[SOURCES];
	unsigned int waits;	/* under the lock */
	struct work_struct cleanup;
};

static DEFINE_MUTEX(submission);	/* jobs get their numbers in the order of the queue */
static u64 context, last_number;

static DEFINE_SPINLOCK(lock);
static LIST_HEAD(queue);
static struct job *under_way;
static struct workqueue_struct *cleaners;
static struct device *laser;
static int irq;

/* The exporter. */

static int plate_attach(struct dma_buf *buffer, struct dma_buf_attachment *attachment)
{
	struct plate *plate = buffer->priv;
	struct plate_attachment *mine;
	int err;

	mine = kzalloc(sizeof(*mine), GFP_KERNEL);
	if (!mine)
		return -ENOMEM;
	err = sg_alloc_table_from_pages(&mine->table, plate->pages, plate->count, 0,
					buffer->size, GFP_KERNEL);
	if (err) {
		kfree(mine);
		return err;
	}
	mine->dev = attachment->dev;
	attachment->priv = mine;
	mutex_lock(&plate->lock);
	list_add(&mine->entry, &plate->attachments);
	mutex_unlock(&plate->lock);
	return 0;
}

static void plate_detach(struct dma_buf *buffer, struct dma_buf_attachment *attachment)
{
	struct plate *plate = buffer->priv;
	struct plate_attachment *mine = attachment->priv;

	mutex_lock(&plate->lock);
	list_del(&mine->entry);
	mutex_unlock(&plate->lock);
	sg_free_table(&mine->table);
	kfree(mine);
}

static struct sg_table *plate_map(struct dma_buf_attachment *attachment,
				  enum dma_data_direction direction)
{
	struct plate *plate = attachment->dmabuf->priv;
	struct plate_attachment *mine = attachment->priv;
	int err;

	mutex_lock(&plate->lock);
	err = dma_map_sgtable(mine->dev, &mine->table, direction, 0);
	mine->mapped = !err;
	mine->direction = direction;
	mutex_unlock(&plate->lock);
	return err ? ERR_PTR(err) : &mine->table;
}

static void plate_unmap(struct dma_buf_attachment *attachment, struct sg_table *table,
			enum dma_data_direction direction)
{
	struct plate *plate = attachment->dmabuf->priv;
	struct plate_attachment *mine = attachment->priv;

	mutex_lock(&plate->lock);
	mine->mapped = false;
	dma_unmap_sgtable(mine->dev, table, direction, 0);
	mutex_unlock(&plate->lock);
}

static int plate_begin_cpu_access(struct dma_buf *buffer, enum dma_data_direction direction)
{
	struct plate *plate = buffer->priv;
	struct plate_attachment *mine;
	bool write = direction != DMA_FROM_DEVICE;
	long err;

	/* The core waits too, but after this: what a device still writes would not be seen. */
	err = dma_resv_wait_timeout(buffer->resv, dma_resv_usage_rw(write), true,
				    MAX_SCHEDULE_TIMEOUT);
	if (err < 0)
		return err;

	mutex_lock(&plate->lock);
	list_for_each_entry(mine, &plate->attachments, entry)
		if (mine->mapped)
			dma_sync_sgtable_for_cpu(mine->dev, &mine->table, mine->direction);
	mutex_unlock(&plate->lock);
	return 0;
}

static int plate_end_cpu_access(struct dma_buf *buffer, enum dma_data_direction direction)
{
	struct plate *plate = buffer->priv;
	struct plate_attachment *mine;

	mutex_lock(&plate->lock);
	list_for_each_entry(mine, &plate->attachments, entry)
		if (mine->mapped)
			dma_sync_sgtable_for_device(mine->dev, &mine->table, mine->direction);
	mutex_unlock(&plate->lock);
	return 0;
}

static int plate_mmap(struct dma_buf *buffer, struct vm_area_struct *vma)
{
	struct plate *plate = buffer->priv;

	return vm_map_pages(vma, plate->pages, plate->count);
}

static void plate_free(struct plate *plate)
{
	unsigned int i;

	for (i = 0; i < plate->count; i++)
		if (plate->pages[i])
			__free_page(plate->pages[i]);
	mutex_destroy(&plate->lock);
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
	unsigned int i;
	int fd;

	if (count < 1 || count > ENGRAVER_PAGES_MAX)
		return -EINVAL;
	plate = kzalloc(struct_size(plate, pages, count), GFP_KERNEL);
	if (!plate)
		return -ENOMEM;
	plate->count = count;
	mutex_init(&plate->lock);
	INIT_LIST_HEAD(&plate->attachments);
	for (i = 0; i < count; i++) {
		plate->pages[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!plate->pages[i])
			goto no_memory;
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

no_memory:
	plate_free(plate);
	return -ENOMEM;
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

/* In any context, and with the locks of other fences held. */
static void start_next(void)
{
	struct job *job;
	unsigned long flags;

	spin_lock_irqsave(&lock, flags);
	job = list_first_entry_or_null(&queue, struct job, entry);
	if (job && !under_way && !job->waits) {
		list_del(&job->entry);
		under_way = job;
		laser_start(job->pieces, job->pieces_count);
	}
	spin_unlock_irqrestore(&lock, flags);
}

static void one_less(struct job *job)
{
	unsigned long flags;

	spin_lock_irqsave(&lock, flags);
	job->waits--;
	spin_unlock_irqrestore(&lock, flags);
	start_next();
}

static void buffer_ready(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	one_less(container_of(callback, struct job, callbacks[FROM_BUFFER]));
}

static void caller_ready(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	one_less(container_of(callback, struct job, callbacks[FROM_CALLER]));
}

static void job_give_back(struct job *job)
{
	struct dma_buf *buffer = job->attachment->dmabuf;
	unsigned int i;

	dma_buf_unmap_attachment_unlocked(job->attachment, job->table, DMA_TO_DEVICE);
	dma_buf_detach(buffer, job->attachment);
	dma_buf_put(buffer);
	kfree(job->pieces);
	for (i = 0; i < SOURCES; i++)
		dma_fence_put(job->awaited[i]);
}

static void job_cleanup(struct work_struct *work)
{
	struct job *job = container_of(work, struct job, cleanup);

	job_give_back(job);
	dma_fence_put(&job->fence);
}

static irqreturn_t laser_interrupt(int irq, void *data)
{
	struct job *job;
	int err;

	spin_lock(&lock);
	job = under_way;
	under_way = NULL;
	spin_unlock(&lock);

	err = laser_result();
	if (err)
		dma_fence_set_error(&job->fence, err);
	/* Without the lock: a job that waits for this one is told in this call. */
	dma_fence_signal(&job->fence);
	start_next();
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

/* Shows the fence to the buffer and puts the job into the queue. All or nothing. */
static int publish(struct job *job, struct dma_buf *buffer)
{
	int err;

	err = dma_resv_lock_interruptible(buffer->resv, NULL);
	if (err)
		return err;
	err = dma_resv_reserve_fences(buffer->resv, 1);
	/* Who reads waits for those who write, and for no one else. */
	if (!err)
		err = dma_resv_get_singleton(buffer->resv, dma_resv_usage_rw(false),
					     &job->awaited[FROM_BUFFER]);
	if (err)
		goto out;

	dma_resv_add_fence(buffer->resv, &job->fence, DMA_RESV_USAGE_READ);
	spin_lock_irq(&lock);
	job->waits = SOURCES;
	list_add_tail(&job->entry, &queue);
	spin_unlock_irq(&lock);
out:
	dma_resv_unlock(buffer->resv);
	return err;
}

static void await(struct job *job, unsigned int source, dma_fence_func_t ready)
{
	struct dma_fence *fence = job->awaited[source];

	/* It fails when the fence has signaled. */
	if (!fence || dma_fence_add_callback(fence, &job->callbacks[source], ready))
		one_less(job);
}

static long submit(struct job *job, struct dma_buf *buffer)
{
	struct sync_file *sync_file;
	int fd, err;

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	mutex_lock(&submission);
	__module_get(THIS_MODULE);
	dma_fence_init(&job->fence, &job_fence_ops, &job->fence_lock, context, ++last_number);
	sync_file = sync_file_create(&job->fence);
	err = sync_file ? publish(job, buffer) : -ENOMEM;
	mutex_unlock(&submission);
	if (err) {
		if (sync_file)
			fput(sync_file->file);
		put_unused_fd(fd);
		return err;
	}
	/* The job is not ours any more once both have been awaited. */
	fd_install(fd, sync_file->file);
	dma_fence_get(&job->fence);
	await(job, FROM_BUFFER, buffer_ready);
	await(job, FROM_CALLER, caller_ready);
	dma_fence_put(&job->fence);
	return fd;
}

static long engraver_engrave(const struct engraver_job __user *arg)
{
	struct engraver_job wanted;
	struct dma_buf *buffer;
	struct job *job;
	long ret;

	if (copy_from_user(&wanted, arg, sizeof(wanted)))
		return -EFAULT;
	job = kzalloc(sizeof(*job), GFP_KERNEL);
	if (!job)
		return -ENOMEM;
	spin_lock_init(&job->fence_lock);
	INIT_WORK(&job->cleanup, job_cleanup);

	buffer = dma_buf_get(wanted.buffer);
	if (IS_ERR(buffer)) {
		ret = PTR_ERR(buffer);
		goto no_buffer;
	}
	if (wanted.after != -1) {
		job->awaited[FROM_CALLER] = sync_file_get_fence(wanted.after);
		if (!job->awaited[FROM_CALLER]) {
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
		ret = submit(job, buffer);
	if (ret >= 0)
		return ret;

	job_give_back(job);
	goto no_job;

no_table:
	dma_buf_detach(buffer, job->attachment);
no_attachment:
	dma_fence_put(job->awaited[FROM_CALLER]);
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
