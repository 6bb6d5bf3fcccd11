// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tiles, another way: one mutex for everything, held over allocating and drawing
 * as well. The shrinker may be called from that very allocation, so it only tries the
 * mutex, and says so when it can do nothing now. A tree is the index; each open file
 * links the tile it shows.
 */
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/kstrtox.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#define TILE_BYTES 2048

static unsigned int cost;
module_param(cost, uint, 0644);

struct tile {
	struct rb_node node;
	struct list_head viewers;	/* those that show it; none: idle */
	struct list_head idle;
	u32 number;
	char picture[TILE_BYTES];
};

struct viewer {
	struct list_head entry;
	struct tile *tile;
};

static DEFINE_MUTEX(lock);
static struct rb_root tiles = RB_ROOT;
static LIST_HEAD(idle_tiles);
static atomic_long_t idle_count;	/* read without the mutex */
static struct shrinker *shrinker;
static int drawn;

static void draw(struct tile *tile)
{
	int length;

	if (cost)
		msleep(cost);
	memset(tile->picture, 'a' + tile->number % 26, TILE_BYTES);
	length = snprintf(tile->picture, TILE_BYTES, "%u %d\n", tile->number, ++drawn);
	tile->picture[length] = ' ';
}

static int compare(const void *number, const struct rb_node *node)
{
	u32 wanted = *(const u32 *)number, has = rb_entry(node, struct tile, node)->number;

	return wanted < has ? -1 : wanted > has;
}

static bool less(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct tile, node)->number < rb_entry(b, struct tile, node)->number;
}

static void leave(struct viewer *viewer)
{
	struct tile *tile = viewer->tile;

	if (!tile)
		return;
	viewer->tile = NULL;
	list_del(&viewer->entry);
	if (list_empty(&tile->viewers)) {
		list_add_tail(&tile->idle, &idle_tiles);
		atomic_long_inc(&idle_count);
	}
}

static void show(struct viewer *viewer, struct tile *tile)
{
	if (viewer->tile == tile)
		return;
	if (!list_empty(&tile->idle)) {
		list_del_init(&tile->idle);
		atomic_long_dec(&idle_count);
	}
	leave(viewer);
	list_add(&viewer->entry, &tile->viewers);
	viewer->tile = tile;
}

static unsigned long count(struct shrinker *shrinker, struct shrink_control *sc)
{
	return atomic_long_read(&idle_count);
}

static unsigned long scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	unsigned long freed = 0;

	if (!mutex_trylock(&lock))
		return SHRINK_STOP;
	while (freed < sc->nr_to_scan && !list_empty(&idle_tiles)) {
		struct tile *tile = list_first_entry(&idle_tiles, struct tile, idle);

		list_del(&tile->idle);
		rb_erase(&tile->node, &tiles);
		kfree(tile);
		atomic_long_dec(&idle_count);
		freed++;
	}
	mutex_unlock(&lock);
	return freed;
}

static int tiles_open(struct inode *inode, struct file *file)
{
	struct viewer *viewer = kzalloc(sizeof(*viewer), GFP_KERNEL);

	file->private_data = viewer;
	return viewer ? 0 : -ENOMEM;
}

static int tiles_release(struct inode *inode, struct file *file)
{
	mutex_lock(&lock);
	leave(file->private_data);
	mutex_unlock(&lock);
	kfree(file->private_data);
	return 0;
}

static ssize_t tiles_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	struct rb_node *node;
	struct tile *tile;
	u32 number;
	int err;

	err = kstrtou32_from_user(buf, count, 10, &number);
	if (err)
		return err == -EFAULT ? err : -EINVAL;

	mutex_lock(&lock);
	node = rb_find(&number, &tiles, compare);
	if (node) {
		tile = rb_entry(node, struct tile, node);
	} else {
		tile = kmalloc(sizeof(*tile), GFP_KERNEL);
		if (!tile) {
			mutex_unlock(&lock);
			return -ENOMEM;
		}
		tile->number = number;
		INIT_LIST_HEAD(&tile->viewers);
		INIT_LIST_HEAD(&tile->idle);
		draw(tile);
		rb_add(&tile->node, &tiles, less);
	}
	show(file->private_data, tile);
	mutex_unlock(&lock);
	return count;
}

static ssize_t tiles_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	struct viewer *viewer = file->private_data;
	ssize_t ret = -ENODATA;

	mutex_lock(&lock);
	if (viewer->tile)
		ret = simple_read_from_buffer(buf, count, pos, viewer->tile->picture, TILE_BYTES);
	mutex_unlock(&lock);
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
	int err;

	shrinker = shrinker_alloc(0, "tiles");
	if (!shrinker)
		return -ENOMEM;
	shrinker->count_objects = count;
	shrinker->scan_objects = scan;
	shrinker_register(shrinker);
	err = misc_register(&tiles_device);
	if (err)
		shrinker_free(shrinker);
	return err;
}
module_init(tiles_init);

static void __exit tiles_exit(void)
{
	struct tile *tile, *next;

	misc_deregister(&tiles_device);
	shrinker_free(shrinker);
	list_for_each_entry_safe(tile, next, &idle_tiles, idle)
		kfree(tile);
}
module_exit(tiles_exit);

MODULE_DESCRIPTION("Map tiles that are kept as long as memory allows");
MODULE_LICENSE("GPL");
