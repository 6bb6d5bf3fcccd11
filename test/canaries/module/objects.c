// SPDX-License-Identifier: GPL-2.0-only
/* Objects that outlive their owner or are given up too early: timers, work, caches, pages, leaks. */
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/kobject.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/proc_fs.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/timer.h>
#include <linux/workqueue.h>
#include "canaries.h"

struct beacon {
	struct timer_list timer;
	struct delayed_work work;
};

static void beacon_tick(struct timer_list *timer)
{
}

static void beacon_work(struct work_struct *work)
{
}

static void keep_others_waiting(struct work_struct *work)
{
	msleep(20);
}
static DECLARE_WORK(in_front, keep_others_waiting);

static struct beacon *new_beacon(void)
{
	struct beacon *beacon = kzalloc(sizeof(*beacon), GFP_KERNEL);

	timer_setup(&beacon->timer, beacon_tick, 0);
	INIT_DELAYED_WORK(&beacon->work, beacon_work);
	return beacon;
}

static void free_a_running_timer(void)
{
	struct beacon *beacon = new_beacon();

	mod_timer(&beacon->timer, jiffies + HZ);
	kfree(beacon); /* HERE debug-objects-active-timer */
}

static void beacon_gone(struct rcu_head *rcu)
{
}

static void hand_over_twice(void)
{
	static struct rcu_head rcu;

	call_rcu(&rcu, beacon_gone);
	call_rcu(&rcu, beacon_gone); /* HERE debug-objects-rcu */
}

static void return_without_preemption(struct timer_list *timer)
{ /* HERE warn-timer-preempt */
	preempt_disable();
}

static void let_a_timer_leak(void)
{
	static struct timer_list timer;

	timer_setup(&timer, return_without_preemption, 0);
	mod_timer(&timer, jiffies + 1);
	msleep(50);
}

static void add_to_proc_twice(void)
{
	proc_mkdir("canary", NULL);
	proc_mkdir("canary", NULL); /* HERE warn-proc-duplicate */
}

static void free_queued_work(void)
{
	struct workqueue_struct *queue = alloc_ordered_workqueue("canary", 0);
	struct beacon *beacon = new_beacon();

	queue_work(queue, &in_front);
	queue_work(queue, &beacon->work.work);
	kfree(beacon); /* HERE debug-objects-active-work */
	destroy_workqueue(queue);
}

static void initialize_a_running_timer(void)
{
	struct beacon *beacon = new_beacon();

	mod_timer(&beacon->timer, jiffies + HZ);
	timer_setup(&beacon->timer, beacon_tick, 0); /* HERE debug-objects-init */
}

static void initialize_on_the_stack(void)
{
	struct work_struct work;

	INIT_WORK(&work, beacon_work); /* HERE debug-objects-stack */
}

static void stop_what_was_never_set_up(void)
{
	struct beacon *beacon = kzalloc(sizeof(*beacon), GFP_KERNEL);

	timer_delete(&beacon->timer); /* HERE debug-objects-unknown */
	kfree(beacon);
}

static struct kmem_cache *new_cache(void)
{
	return kmem_cache_create("canary_cache", 24, 0,
				 SLAB_CONSISTENCY_CHECKS | SLAB_RED_ZONE | SLAB_POISON | SLAB_STORE_USER, NULL);
}

static unwatched void poke(char *at)
{
	WRITE_ONCE(*at, 0);
}

/* KASAN keeps freed objects back; the allocator sees them, and looks at them, when it shrinks. */
static void overrun_an_object(void)
{
	struct kmem_cache *cache = new_cache();
	char *object = kmem_cache_alloc(cache, GFP_KERNEL); /* ALLOCATED slab-redzone */

	poke(object + 24);
	kmem_cache_free(cache, object);
	kmem_cache_shrink(cache); /* HERE slab-redzone */
}

static void free_an_object_twice(void)
{
	struct kmem_cache *cache = new_cache();
	void *other = kmem_cache_alloc(cache, GFP_KERNEL);
	void *object = kmem_cache_alloc(cache, GFP_KERNEL); /* ALLOCATED slab-double-free */

	kmem_cache_free(cache, object); /* FREED slab-double-free */
	kmem_cache_free(cache, object); /* HERE slab-double-free */
	kmem_cache_free(cache, other);
}

static void write_to_a_free_object(void)
{
	struct kmem_cache *cache = new_cache();
	char *object = kmem_cache_alloc(cache, GFP_KERNEL); /* ALLOCATED slab-poison */

	kmem_cache_free(cache, object); /* FREED slab-poison */
	poke(object);
	kmem_cache_alloc(cache, GFP_KERNEL); /* HERE slab-poison */
}

static void free_a_locked_page(void)
{
	struct page *page = alloc_page(GFP_KERNEL);

	lock_page(page);
	__free_page(page); /* HERE bad-page-state */
}

/* Noticed when the task ends. */
static void count_a_missing_page(void)
{
	percpu_counter_add(&current->mm->rss_stat[MM_FILEPAGES], 1);
}

static void destroy_a_cache_in_use(void)
{
	struct kmem_cache *cache = new_cache();
	void *object = kmem_cache_alloc(cache, GFP_KERNEL); /* ALLOCATED slab-remaining */

	kmem_cache_destroy(cache); /* HERE slab-remaining */
	OPTIMIZER_HIDE_VAR(object);
}

static void leave_it_to_the_exit(void)
{
	static void *kept;

	kept = kmalloc(48, GFP_KERNEL); /* ALLOCATED leak-at-unload */
	OPTIMIZER_HIDE_VAR(kept);
}

static void drop_the_pointer(void)
{
	void *lost = kmalloc(96, GFP_KERNEL); /* ALLOCATED kmemleak */

	OPTIMIZER_HIDE_VAR(lost);
}

static void add_a_name_twice(void)
{
	struct kobject *first = kobject_create_and_add("canary", kernel_kobj);
	struct kobject *second = kobject_create_and_add("canary", kernel_kobj); /* HERE sysfs-duplicate */

	kobject_put(second);
	kobject_put(first);
}

static int nest_fill(struct super_block *sb, void *data, int silent)
{
	static const struct tree_descr empty[] = { { "" } };

	return simple_fill_super(sb, 0x6e657374, empty);
}

static struct dentry *nest_mount(struct file_system_type *type, int flags, const char *name, void *data)
{
	return mount_nodev(type, flags, data, nest_fill);
}

static struct file_system_type nest = {
	.name = "canary",
	.mount = nest_mount,
	.kill_sb = kill_litter_super,
};

static void unmount_with_an_inode_in_use(void)
{
	struct vfsmount *mount = kern_mount(&nest);

	ihold(d_inode(mount->mnt_root));
	kern_unmount(mount); /* HERE teardown-inodes */
}

const struct canary object_canaries[] = {
	{ "debug-objects-active-timer", free_a_running_timer },
	{ "debug-objects-active-work", free_queued_work },
	{ "debug-objects-init", initialize_a_running_timer },
	{ "debug-objects-stack", initialize_on_the_stack },
	{ "debug-objects-unknown", stop_what_was_never_set_up },
	{ "slab-redzone", overrun_an_object },
	{ "slab-double-free", free_an_object_twice },
	{ "slab-poison", write_to_a_free_object },
	{ "bad-page-state", free_a_locked_page },
	{ "bad-rss-counter", count_a_missing_page },
	{ "debug-objects-rcu", hand_over_twice },
	{ "warn-proc-duplicate", add_to_proc_twice },
	{ "warn-timer-preempt", let_a_timer_leak },
	{ "slab-remaining", destroy_a_cache_in_use },
	{ "leak-at-unload", leave_it_to_the_exit },
	{ "kmemleak", drop_the_pointer },
	{ "sysfs-duplicate", add_a_name_twice },
	{ "teardown-inodes", unmount_with_an_inode_in_use },
	{ }
};
