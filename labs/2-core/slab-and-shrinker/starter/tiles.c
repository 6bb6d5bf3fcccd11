// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/tiles: map tiles that are drawn once and kept as long as memory allows.
 *
 * The starter draws each tile for each file anew and forgets it at once. What a
 * cache of them looks like, and who gives it back, is yours. See brief.md.
 */
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/kstrtox.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#define TILE_BYTES 2048

static unsigned int cost;
module_param(cost, uint, 0644);
MODULE_PARM_DESC(cost, "milliseconds that drawing a tile takes (default 0)");

struct tile {
	u32 number;
	char picture[TILE_BYTES];
};

struct viewer {
	struct mutex lock;	/* for the pointer; calls on one file may overlap */
	struct tile *tile;
};

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

static struct tile *get_tile(u32 number)
{
	struct tile *tile;

	/* TODO: look whether there is one */
	tile = kmalloc(sizeof(*tile), GFP_KERNEL);
	if (!tile)
		return NULL;
	tile->number = number;
	draw(tile);
	return tile;
}

static void put_tile(struct tile *tile)
{
	/* TODO: keep it, until memory is short */
	kfree(tile);
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
	/* TODO: the shrinker */
	return misc_register(&tiles_device);
}
module_init(tiles_init);

static void __exit tiles_exit(void)
{
	misc_deregister(&tiles_device);
	/* TODO: the shrinker, and the tiles that are kept */
}
module_exit(tiles_exit);

MODULE_DESCRIPTION("Map tiles that are kept as long as memory allows");
MODULE_LICENSE("GPL");
