// SPDX-License-Identifier: GPL-2.0-only
/*
 * jobfs, another way: the mount API as most older filesystems use it, with the
 * options as one string, inodes from a cache of its own, and the count kept under
 * a lock where inodes are allocated and freed.
 */
#include <linux/fs.h>
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/namei.h>
#include <linux/pagemap.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/statfs.h>
#include <linux/string.h>

struct jobfs_sb {
	spinlock_t lock;	/* for used */
	unsigned int limit;
	unsigned int used;	/* inodes without the root */
};

struct jobfs_inode {
	bool counted;
	struct inode vfs;
};

static struct kmem_cache *inode_cache;

static const struct inode_operations dir_inode_operations;
static const struct inode_operations file_inode_operations;
static const struct file_operations file_operations;

static struct inode *jobfs_alloc_inode(struct super_block *sb)
{
	struct jobfs_inode *ji = alloc_inode_sb(sb, inode_cache, GFP_KERNEL);

	if (!ji)
		return NULL;
	ji->counted = false;
	return &ji->vfs;
}

static void jobfs_free_inode(struct inode *inode)
{
	kmem_cache_free(inode_cache, container_of(inode, struct jobfs_inode, vfs));
}

/* Called at once, unlike free_inode(), which waits for RCU. */
static void jobfs_destroy_inode(struct inode *inode)
{
	struct jobfs_sb *info = inode->i_sb->s_fs_info;

	if (!container_of(inode, struct jobfs_inode, vfs)->counted)
		return;
	spin_lock(&info->lock);
	info->used--;
	spin_unlock(&info->lock);
}

static bool count_one_more(struct super_block *sb)
{
	struct jobfs_sb *info = sb->s_fs_info;
	bool room;

	spin_lock(&info->lock);
	room = info->used < info->limit;
	if (room)
		info->used++;
	spin_unlock(&info->lock);
	return room;
}

static int make_node(struct inode *dir, struct dentry *dentry, umode_t mode, const char *target)
{
	struct inode *inode = new_inode(dir->i_sb);
	int err;

	if (!inode)
		return -ENOMEM;
	if (!count_one_more(dir->i_sb)) {
		iput(inode);
		return -ENOSPC;
	}
	container_of(inode, struct jobfs_inode, vfs)->counted = true;
	inode->i_ino = get_next_ino();
	inode_init_owner(&nop_mnt_idmap, inode, dir, mode);
	simple_inode_init_ts(inode);
	inode->i_mapping->a_ops = &ram_aops;
	mapping_set_unevictable(inode->i_mapping);

	if (S_ISDIR(mode)) {
		inode->i_op = &dir_inode_operations;
		inode->i_fop = &simple_dir_operations;
		set_nlink(inode, 2);
		inc_nlink(dir);
	} else if (S_ISREG(mode)) {
		inode->i_op = &file_inode_operations;
		inode->i_fop = &file_operations;
	} else {
		inode->i_op = &page_symlink_inode_operations;
		inode_nohighmem(inode);
		err = page_symlink(inode, target, strlen(target) + 1);
		if (err) {
			iput(inode);
			return err;
		}
	}
	d_instantiate(dget(dentry), inode);
	inode_set_mtime_to_ts(dir, inode_set_ctime_current(dir));
	return 0;
}

static int jobfs_create(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry,
			umode_t mode, bool excl)
{
	return make_node(dir, dentry, mode | S_IFREG, NULL);
}

static int jobfs_mkdir(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry,
		       umode_t mode)
{
	return make_node(dir, dentry, mode | S_IFDIR, NULL);
}

static int jobfs_symlink(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry,
			 const char *target)
{
	return make_node(dir, dentry, S_IFLNK | 0777, target);
}

static const struct inode_operations dir_inode_operations = {
	.create = jobfs_create,
	.mkdir = jobfs_mkdir,
	.symlink = jobfs_symlink,
	.lookup = simple_lookup,
	.link = simple_link,
	.unlink = simple_unlink,
	.rmdir = simple_rmdir,
	.rename = simple_rename,
};

static const struct inode_operations file_inode_operations = {
	.setattr = simple_setattr,
	.getattr = simple_getattr,
};

static const struct file_operations file_operations = {
	.read_iter = generic_file_read_iter,
	.write_iter = generic_file_write_iter,
	.mmap = generic_file_mmap,
	.fsync = noop_fsync,
	.llseek = generic_file_llseek,
};

static int jobfs_statfs(struct dentry *dentry, struct kstatfs *buf)
{
	struct jobfs_sb *info = dentry->d_sb->s_fs_info;

	spin_lock(&info->lock);
	buf->f_files = info->limit;
	buf->f_ffree = info->limit - info->used;
	spin_unlock(&info->lock);
	return simple_statfs(dentry, buf);
}

static const struct super_operations jobfs_super_operations = {
	.alloc_inode = jobfs_alloc_inode,
	.destroy_inode = jobfs_destroy_inode,
	.free_inode = jobfs_free_inode,
	.statfs = jobfs_statfs,
	.drop_inode = generic_delete_inode,
};

/* Checks all options before anything is made; *@dirs points into @options. */
static int parse(char *options, unsigned int *limit, char **dirs)
{
	char *option;

	while ((option = strsep(&options, ","))) {
		if (!*option)
			continue;
		if (str_has_prefix(option, "files=")) {
			if (kstrtouint(option + 6, 10, limit) || *limit < 1 || *limit > 1000000)
				return -EINVAL;
		} else if (str_has_prefix(option, "dirs=")) {
			*dirs = option + 5;
		} else {
			return -EINVAL;
		}
	}
	return 0;
}

static int make_directories(struct dentry *root, char *names)
{
	struct inode *dir = d_inode(root);
	struct dentry *dentry;
	char *name;
	int err = 0;

	inode_lock_nested(dir, I_MUTEX_PARENT);
	while (!err && (name = strsep(&names, ":"))) {
		/* Refuses what can not be a name, though not always with EINVAL. */
		dentry = strlen(name) > NAME_MAX ? ERR_PTR(-EINVAL) :
			 lookup_one_len(name, root, strlen(name));
		if (IS_ERR(dentry)) {
			err = PTR_ERR(dentry) == -ENOMEM ? -ENOMEM : -EINVAL;
			break;
		}
		err = d_really_is_positive(dentry) ? -EINVAL :
		      make_node(dir, dentry, S_IFDIR | 0755, NULL);
		dput(dentry);
	}
	inode_unlock(dir);
	return err;
}

static int jobfs_fill_super(struct super_block *sb, void *data, int silent)
{
	struct jobfs_sb *info;
	struct inode *inode;
	char *dirs = NULL;
	int err;

	info = kzalloc(sizeof(*info), GFP_KERNEL);
	if (!info)
		return -ENOMEM;
	sb->s_fs_info = info;
	spin_lock_init(&info->lock);
	info->limit = 64;
	err = parse(data, &info->limit, &dirs);
	if (err)
		return err;

	sb->s_maxbytes = MAX_LFS_FILESIZE;
	sb->s_op = &jobfs_super_operations;
	sb->s_d_op = &simple_dentry_operations;
	sb->s_time_gran = 1;
	inode = new_inode(sb);
	if (!inode)
		return -ENOMEM;
	inode->i_ino = get_next_ino();
	inode->i_mode = S_IFDIR | 0755;
	inode->i_op = &dir_inode_operations;
	inode->i_fop = &simple_dir_operations;
	simple_inode_init_ts(inode);
	set_nlink(inode, 2);
	sb->s_root = d_make_root(inode);
	if (!sb->s_root)
		return -ENOMEM;
	return dirs ? make_directories(sb->s_root, dirs) : 0;
}

static struct dentry *jobfs_mount(struct file_system_type *type, int flags, const char *device,
				  void *options)
{
	return mount_nodev(type, flags, options, jobfs_fill_super);
}

static void jobfs_kill_sb(struct super_block *sb)
{
	kill_litter_super(sb);
	kfree(sb->s_fs_info);
}

static struct file_system_type jobfs_type = {
	.owner = THIS_MODULE,
	.name = "jobfs",
	.mount = jobfs_mount,
	.kill_sb = jobfs_kill_sb,
};

static void init_once(void *object)
{
	struct jobfs_inode *ji = object;

	inode_init_once(&ji->vfs);
}

static int __init jobfs_init(void)
{
	int err;

	inode_cache = kmem_cache_create("jobfs_inode", sizeof(struct jobfs_inode), 0,
					SLAB_RECLAIM_ACCOUNT | SLAB_ACCOUNT, init_once);
	if (!inode_cache)
		return -ENOMEM;
	err = register_filesystem(&jobfs_type);
	if (err)
		kmem_cache_destroy(inode_cache);
	return err;
}
module_init(jobfs_init);

static void __exit jobfs_exit(void)
{
	unregister_filesystem(&jobfs_type);
	rcu_barrier();	/* inodes are freed a grace period after their end */
	kmem_cache_destroy(inode_cache);
}
module_exit(jobfs_exit);

MODULE_DESCRIPTION("A filesystem in memory with a limited number of files");
MODULE_LICENSE("GPL");
