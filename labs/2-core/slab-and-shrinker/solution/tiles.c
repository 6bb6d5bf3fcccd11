// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/tiles: map tiles that are drawn once and kept as long as memory allows.
 *
 * A spinlock guards the index, the list of idle tiles and every tile's number of
 * users. It is never held over an allocation or over drawing, so the shrinker can
 * take it wherever it is called from, also from an allocation of our own.
 *
 * A tile is idle, and on the list, exactly while it has no users. Whoever finds it
 * takes it off the list under the lock; the shrinker takes it out of the index
 * under the same lock. After that nobody else can reach it, and it can be freed.
 */
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/hashtable.h>
#include <linux/kstrtox.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>

#define TILE_BYTES 2048

static unsigned int cost;
module_param(cost, uint, 0644);
MODULE_PARM_DESC(cost, "milliseconds that drawing a tile takes (default 0)");

struct tile {
	struct hlist_node entry;	/* in the index */
	struct list_head idle;		/* in the list of idle tiles, or empty */
	unsigned int users;
	u32 number;
	char picture[TILE_BYTES];
};

struct viewer {
	struct mutex lock;	/* for the pointer; calls on one file may overlap */
	struct tile *tile;
};

static DEFINE_SPINLOCK(lock);
static DEFINE_HASHTABLE(tiles, 8);
static LIST_HEAD(idle_tiles);	/* longest idle first */
static unsigned long idle_count;

static struct kmem_cache *tile_cache;
static struct shrinker *shrinker;
static atomic_t drawn;

/* Draws a tile, which takes a while. */
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

/* The tile of that number with one user more, or NULL. */
static struct tile *find_tile(u32 number)
{
	struct tile *tile;

	lockdep_assert_held(&lock);
	hash_for_each_possible(tiles, tile, entry, number) {
		if (tile->number != number)
			continue;
		if (!tile->users++) {
			list_del_init(&tile->idle);
			idle_count--;
		}
		return tile;
	}
	return NULL;
}

static struct tile *get_tile(u32 number)
{
	struct tile *tile, *fresh;

	spin_lock(&lock);
	tile = find_tile(number);
	spin_unlock(&lock);
	if (tile)
		return tile;

	fresh = kmem_cache_alloc(tile_cache, GFP_KERNEL);
	if (!fresh)
		return NULL;
	fresh->number = number;
	fresh->users = 1;
	INIT_LIST_HEAD(&fresh->idle);
	draw(fresh);

	/* Somebody else may have drawn the same one in the meantime; there must be only one. */
	spin_lock(&lock);
	tile = find_tile(number);
	if (!tile)
		hash_add(tiles, &fresh->entry, number);
	spin_unlock(&lock);
	if (!tile)
		return fresh;
	kmem_cache_free(tile_cache, fresh);
	return tile;
}

static void put_tile(struct tile *tile)
{
	if (!tile)
		return;
	spin_lock(&lock);
	if (!--tile->users) {
		list_add_tail(&tile->idle, &idle_tiles);
		idle_count++;
	}
	spin_unlock(&lock);
}

static unsigned long tiles_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	return READ_ONCE(idle_count) ?: SHRINK_EMPTY;
}

static unsigned long tiles_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct tile *tile, *next;
	unsigned long freed = 0;
	LIST_HEAD(doomed);

	spin_lock(&lock);
	list_for_each_entry_safe(tile, next, &idle_tiles, idle) {
		if (freed == sc->nr_to_scan)
			break;
		hash_del(&tile->entry);
		list_move(&tile->idle, &doomed);
		idle_count--;
		freed++;
	}
	spin_unlock(&lock);

	list_for_each_entry_safe(tile, next, &doomed, idle)
		kmem_cache_free(tile_cache, tile);
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
	u32 number;
	int err;

	err = kstrtou32_from_user(buf, count, 10, &number);
	if (err)
		return err == -EFAULT ? err : -EINVAL;
	tile = get_tile(number);
	if (!tile)
		return -ENOMEM;

	mutex_lock(&viewer->lock);
	swap(viewer->tile, tile);
	mutex_unlock(&viewer->lock);
	put_tile(tile);
	return count;
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
	.llseek = default_llseek,
};

static struct miscdevice tiles_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "tiles",
	.fops = &tiles_fops,
};

static int __init tiles_init(void)
{
	int err = -ENOMEM;

	/* Pictures are copied to user space, which has to be said. */
	tile_cache = kmem_cache_create_usercopy("tile", sizeof(struct tile), 0, 0,
						offsetof(struct tile, picture), TILE_BYTES, NULL);
	if (!tile_cache)
		return -ENOMEM;
	shrinker = shrinker_alloc(0, "tiles");
	if (!shrinker)
		goto no_shrinker;
	shrinker->count_objects = tiles_count;
	shrinker->scan_objects = tiles_scan;
	shrinker_register(shrinker);
	err = misc_register(&tiles_device);
	if (err)
		goto no_device;
	return 0;

no_device:
	shrinker_free(shrinker);
no_shrinker:
	kmem_cache_destroy(tile_cache);
	return err;
}
module_init(tiles_init);

static void __exit tiles_exit(void)
{
	struct tile *tile, *next;

	misc_deregister(&tiles_device);
	shrinker_free(shrinker);	/* returns when no call of it is under way */
	/* Nobody has a file open, so all tiles are idle. */
	list_for_each_entry_safe(tile, next, &idle_tiles, idle)
		kmem_cache_free(tile_cache, tile);
	kmem_cache_destroy(tile_cache);
}
module_exit(tiles_exit);

MODULE_DESCRIPTION("Map tiles that are kept as long as memory allows");
MODULE_LICENSE("GPL");
