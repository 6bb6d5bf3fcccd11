// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tiles, another way: an XArray as the index, a list_lru for the idle ones, and
 * kmalloc() for the memory. Tiles are looked up under RCU. One that is found may be
 * on its way out already, which its own lock and a flag tell: then the index is
 * looked at again, until the shrinker has taken it out of there.
 */
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/kstrtox.h>
#include <linux/list_lru.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <linux/xarray.h>

#define TILE_BYTES 2048

static unsigned int cost;
module_param(cost, uint, 0644);

struct tile {
	spinlock_t lock;	/* for gone, users and being on the lru */
	bool gone;		/* is not in the index any more */
	unsigned int users;
	u32 number;
	struct list_head lru;
	struct rcu_head rcu;
	char *picture;
};

struct viewer {
	struct mutex lock;	/* for the pointer */
	struct tile *tile;
};

static DEFINE_XARRAY(index);
static struct list_lru lru;
static struct shrinker *shrinker;
static atomic_t drawn;

static void draw(struct tile *tile)
{
	int length;

	if (cost)
		msleep(cost);
	memset(tile->picture, 'a' + tile->number % 26, TILE_BYTES);
	length = snprintf(tile->picture, TILE_BYTES, "%u %d\n", tile->number,
			  atomic_inc_return(&drawn));
	tile->picture[length] = ' ';
}

static void free_tile(struct tile *tile)
{
	kfree(tile->picture);
	kfree_rcu(tile, rcu);
}

/* Lock order: that of a tile, then that of the lru. */
static struct tile *find_tile(u32 number)
{
	struct tile *tile;

	rcu_read_lock();
	tile = xa_load(&index, number);
	if (tile) {
		spin_lock(&tile->lock);
		if (tile->gone) {
			spin_unlock(&tile->lock);
			tile = NULL;
		} else {
			if (!tile->users++)
				list_lru_del_obj(&lru, &tile->lru);
			spin_unlock(&tile->lock);
		}
	}
	rcu_read_unlock();
	return tile;
}

static struct tile *new_tile(u32 number)
{
	struct tile *tile = kzalloc(sizeof(*tile), GFP_KERNEL);

	if (!tile)
		return NULL;
	tile->picture = kmalloc(TILE_BYTES, GFP_KERNEL);
	if (!tile->picture) {
		kfree(tile);
		return NULL;
	}
	spin_lock_init(&tile->lock);
	INIT_LIST_HEAD(&tile->lru);
	tile->number = number;
	tile->users = 1;
	draw(tile);
	return tile;
}

static struct tile *get_tile(u32 number)
{
	struct tile *fresh = NULL, *tile;
	int err;

	for (;;) {
		tile = find_tile(number);
		if (tile) {
			if (fresh)
				free_tile(fresh);
			return tile;
		}
		if (!fresh)
			fresh = new_tile(number);
		if (!fresh)
			return NULL;
		err = xa_insert(&index, number, fresh, GFP_KERNEL);
		if (!err)
			return fresh;
		if (err != -EBUSY) {
			free_tile(fresh);
			return NULL;
		}
		/* Somebody else was faster: look again. One that is going is gone soon. */
		cond_resched();
	}
}

static void put_tile(struct tile *tile)
{
	if (!tile)
		return;
	spin_lock(&tile->lock);
	if (!--tile->users)
		list_lru_add_obj(&lru, &tile->lru);
	spin_unlock(&tile->lock);
}

static enum lru_status isolate(struct list_head *item, struct list_lru_one *list,
			       spinlock_t *lru_lock, void *doomed)
{
	struct tile *tile = container_of(item, struct tile, lru);

	/* The other way round than everybody else, so only if it is free. */
	if (!spin_trylock(&tile->lock))
		return LRU_SKIP;
	tile->gone = true;
	list_lru_isolate_move(list, item, doomed);
	spin_unlock(&tile->lock);
	return LRU_REMOVED;
}

static unsigned long count(struct shrinker *shrinker, struct shrink_control *sc)
{
	return list_lru_shrink_count(&lru, sc);
}

static unsigned long scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct tile *tile, *next;
	unsigned long freed;
	LIST_HEAD(doomed);

	freed = list_lru_shrink_walk(&lru, sc, isolate, &doomed);
	list_for_each_entry_safe(tile, next, &doomed, lru) {
		xa_erase(&index, tile->number);
		free_tile(tile);
	}
	return freed;
}

static int tiles_open(struct inode *inode, struct file *file)
{
	struct viewer *viewer = kzalloc(sizeof(*viewer), GFP_KERNEL);

	if (!viewer)
		return -ENOMEM;
	mutex_init(&viewer->lock);
	file->private_data = viewer;
	return 0;
}

static int tiles_release(struct inode *inode, struct file *file)
{
	struct viewer *viewer = file->private_data;

	put_tile(viewer->tile);
	kfree(viewer);
	return 0;
}

static ssize_t tiles_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	struct viewer *viewer = file->private_data;
	struct tile *tile;
	char text[16];
	u32 number;

	if (count >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, buf, count))
		return -EFAULT;
	text[count] = '\0';
	if (kstrtou32(text, 10, &number))
		return -EINVAL;
	/* Held while drawing; the shrinker never needs it. */
	mutex_lock(&viewer->lock);
	tile = get_tile(number);
	if (tile) {
		put_tile(viewer->tile);
		viewer->tile = tile;
	}
	mutex_unlock(&viewer->lock);
	return tile ? count : -ENOMEM;
}

static ssize_t tiles_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	struct viewer *viewer = file->private_data;
	ssize_t ret = -ENODATA;

	mutex_lock(&viewer->lock);
	if (viewer->tile)
		ret = simple_read_from_buffer(buf, count, pos, viewer->tile->picture, TILE_BYTES);
	mutex_unlock(&viewer->lock);
	return ret;
}

static const struct file_operations tiles_fops = {
	.owner = THIS_MODULE,
	.open = tiles_open,
	.release = tiles_release,
	.read = tiles_read,
	.write = tiles_write,
	.llseek = generic_file_llseek,
};

static struct miscdevice tiles_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "tiles",
	.fops = &tiles_fops,
};

static int __init tiles_init(void)
{
	int err = list_lru_init(&lru);

	if (err)
		return err;
	err = -ENOMEM;
	shrinker = shrinker_alloc(0, "tiles");
	if (!shrinker)
		goto no_shrinker;
	shrinker->count_objects = count;
	shrinker->scan_objects = scan;
	shrinker->seeks = DEFAULT_SEEKS;
	shrinker_register(shrinker);
	err = misc_register(&tiles_device);
	if (err)
		goto no_device;
	return 0;

no_device:
	shrinker_free(shrinker);
no_shrinker:
	list_lru_destroy(&lru);
	return err;
}
module_init(tiles_init);

static void __exit tiles_exit(void)
{
	struct tile *tile;
	unsigned long number;

	misc_deregister(&tiles_device);
	shrinker_free(shrinker);
	xa_for_each(&index, number, tile) {
		list_lru_del_obj(&lru, &tile->lru);
		free_tile(tile);
	}
	xa_destroy(&index);
	list_lru_destroy(&lru);
	rcu_barrier();
}
module_exit(tiles_exit);

MODULE_DESCRIPTION("Map tiles that are kept as long as memory allows");
MODULE_LICENSE("GPL");
