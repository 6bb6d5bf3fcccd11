// SPDX-License-Identifier: GPL-2.0-only
/*
 * jobfs: a filesystem in memory that holds a limited number of files.
 *
 * Names live in the dentry cache and nowhere else: a dentry that has a file is
 * pinned with a reference of its own, which libfs drops when the name goes, and
 * kill_litter_super() drops for those that are left at unmount. Data lives in
 * the page cache.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/fs_parser.h>
#include <linux/limits.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/statfs.h>
#include <linux/string.h>

#define JOBFS_MAGIC 0x6a6f6266
#define FILES_DEFAULT 64
#define FILES_MAX 1000000

struct jobfs {
	unsigned int files;	/* how many may exist beside the root */
	atomic_t left;		/* inodes that may still be made, the root among them */
};

static const struct inode_operations jobfs_dir_inode_operations;
static const struct inode_operations jobfs_file_inode_operations;
static const struct file_operations jobfs_file_operations;

static struct inode *jobfs_new_inode(struct super_block *sb, struct inode *dir, umode_t mode)
{
	struct jobfs *jobfs = sb->s_fs_info;
	struct inode *inode;

	/* Directories are locked one by one, so two processes may be here at once. */
	if (atomic_dec_if_positive(&jobfs->left) < 0)
		return ERR_PTR(-ENOSPC);
	inode = new_inode(sb);
	if (!inode) {
		atomic_inc(&jobfs->left);
		return ERR_PTR(-ENOMEM);
	}
	/* From here on jobfs_evict_inode() gives the place back. */

	inode->i_ino = get_next_ino();
	inode_init_owner(&nop_mnt_idmap, inode, dir, mode);
	inode->i_mapping->a_ops = &ram_aops;
	mapping_set_unevictable(inode->i_mapping);	/* there is no other copy */
	simple_inode_init_ts(inode);
	switch (mode & S_IFMT) {
	case S_IFREG:
		inode->i_op = &jobfs_file_inode_operations;
		inode->i_fop = &jobfs_file_operations;
		break;
	case S_IFDIR:
		inode->i_op = &jobfs_dir_inode_operations;
		inode->i_fop = &simple_dir_operations;
		inc_nlink(inode);	/* for its own "." */
		break;
	case S_IFLNK:
		inode->i_op = &page_symlink_inode_operations;
		inode_nohighmem(inode);
		break;
	}
	return inode;
}

/* Gives an inode the name that the VFS has looked up. */
static void jobfs_add_name(struct inode *dir, struct dentry *dentry, struct inode *inode)
{
	d_instantiate(dentry, inode);
	dget(dentry);	/* nothing else remembers the name */
	inode_set_mtime_to_ts(dir, inode_set_ctime_current(dir));
}

static int jobfs_create(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry,
			umode_t mode, bool excl)
{
	struct inode *inode = jobfs_new_inode(dir->i_sb, dir, S_IFREG | mode);

	if (IS_ERR(inode))
		return PTR_ERR(inode);
	jobfs_add_name(dir, dentry, inode);
	return 0;
}

static int jobfs_mkdir(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry,
		       umode_t mode)
{
	struct inode *inode = jobfs_new_inode(dir->i_sb, dir, S_IFDIR | mode);

	if (IS_ERR(inode))
		return PTR_ERR(inode);
	inc_nlink(dir);	/* for the ".." in it */
	jobfs_add_name(dir, dentry, inode);
	return 0;
}

static int jobfs_symlink(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry,
			 const char *target)
{
	struct inode *inode = jobfs_new_inode(dir->i_sb, dir, S_IFLNK | 0777);
	int err;

	if (IS_ERR(inode))
		return PTR_ERR(inode);
	err = page_symlink(inode, target, strlen(target) + 1);
	if (err) {
		iput(inode);
		return err;
	}
	jobfs_add_name(dir, dentry, inode);
	return 0;
}

static const struct inode_operations jobfs_dir_inode_operations = {
	.create = jobfs_create,
	.lookup = simple_lookup,
	.link = simple_link,
	.unlink = simple_unlink,
	.symlink = jobfs_symlink,
	.mkdir = jobfs_mkdir,
	.rmdir = simple_rmdir,
	.rename = simple_rename,
};

static const struct inode_operations jobfs_file_inode_operations = {
	.setattr = simple_setattr,
	.getattr = simple_getattr,
};

static const struct file_operations jobfs_file_operations = {
	.read_iter = generic_file_read_iter,
	.write_iter = generic_file_write_iter,
	.mmap = generic_file_mmap,
	.fsync = noop_fsync,
	.splice_read = filemap_splice_read,
	.splice_write = iter_file_splice_write,
	.llseek = generic_file_llseek,
};

static int jobfs_statfs(struct dentry *dentry, struct kstatfs *buf)
{
	struct jobfs *jobfs = dentry->d_sb->s_fs_info;

	simple_statfs(dentry, buf);
	buf->f_files = jobfs->files;
	buf->f_ffree = atomic_read(&jobfs->left);
	return 0;
}

/* The last name is gone, and the last open file: only now does the file not exist any more. */
static void jobfs_evict_inode(struct inode *inode)
{
	struct jobfs *jobfs = inode->i_sb->s_fs_info;

	truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);
	atomic_inc(&jobfs->left);
}

static const struct super_operations jobfs_super_operations = {
	.statfs = jobfs_statfs,
	.drop_inode = generic_delete_inode,
	.evict_inode = jobfs_evict_inode,
};

static int jobfs_make_dir(struct super_block *sb, const char *name)
{
	struct dentry *dentry, *other;
	struct inode *inode;

	if (!*name || strlen(name) > NAME_MAX || strchr(name, '/') ||
	    !strcmp(name, ".") || !strcmp(name, ".."))
		return -EINVAL;

	dentry = d_alloc_name(sb->s_root, name);
	if (!dentry)
		return -ENOMEM;
	other = d_lookup(sb->s_root, &dentry->d_name);
	if (other) {
		dput(other);
		dput(dentry);
		return -EINVAL;
	}
	inode = jobfs_new_inode(sb, d_inode(sb->s_root), S_IFDIR | 0755);
	if (IS_ERR(inode)) {
		dput(dentry);
		return PTR_ERR(inode);
	}
	inc_nlink(d_inode(sb->s_root));
	d_add(dentry, inode);	/* with the reference that we have: it stays */
	return 0;
}

/* Whatever is there when this fails is taken down by jobfs_kill_sb(). */
static int jobfs_fill_super(struct super_block *sb, struct fs_context *fc)
{
	struct jobfs *jobfs = sb->s_fs_info;
	char *names = fc->fs_private;
	struct inode *root;
	int err = 0;

	sb->s_maxbytes = MAX_LFS_FILESIZE;
	sb->s_blocksize = PAGE_SIZE;
	sb->s_blocksize_bits = PAGE_SHIFT;
	sb->s_magic = JOBFS_MAGIC;
	sb->s_op = &jobfs_super_operations;
	sb->s_time_gran = 1;
	atomic_set(&jobfs->left, jobfs->files + 1);

	root = jobfs_new_inode(sb, NULL, S_IFDIR | 0755);
	if (IS_ERR(root))
		return PTR_ERR(root);
	sb->s_root = d_make_root(root);	/* drops the inode when it fails */
	if (!sb->s_root)
		return -ENOMEM;

	while (names && !err)
		err = jobfs_make_dir(sb, strsep(&names, ":"));
	return err;
}

enum { OPT_FILES, OPT_DIRS };

static const struct fs_parameter_spec jobfs_parameters[] = {
	fsparam_u32("files", OPT_FILES),
	fsparam_string("dirs", OPT_DIRS),
	{}
};

static int jobfs_parse_param(struct fs_context *fc, struct fs_parameter *param)
{
	struct jobfs *jobfs = fc->s_fs_info;
	struct fs_parse_result result;
	int opt = fs_parse(fc, jobfs_parameters, param, &result);

	switch (opt) {
	case OPT_FILES:
		if (result.uint_32 < 1 || result.uint_32 > FILES_MAX)
			return invalf(fc, "files must be 1 to %d", FILES_MAX);
		jobfs->files = result.uint_32;
		return 0;
	case OPT_DIRS:
		kfree(fc->fs_private);
		fc->fs_private = param->string;	/* ours now */
		param->string = NULL;
		return 0;
	default:
		return opt;
	}
}

static int jobfs_get_tree(struct fs_context *fc)
{
	return get_tree_nodev(fc, jobfs_fill_super);
}

static void jobfs_free_fc(struct fs_context *fc)
{
	kfree(fc->fs_private);
	kfree(fc->s_fs_info);	/* NULL when a superblock has taken it over */
}

static const struct fs_context_operations jobfs_context_operations = {
	.parse_param = jobfs_parse_param,
	.get_tree = jobfs_get_tree,
	.free = jobfs_free_fc,
};

static int jobfs_init_fs_context(struct fs_context *fc)
{
	struct jobfs *jobfs = kzalloc(sizeof(*jobfs), GFP_KERNEL);

	if (!jobfs)
		return -ENOMEM;
	jobfs->files = FILES_DEFAULT;
	fc->s_fs_info = jobfs;
	fc->ops = &jobfs_context_operations;
	return 0;
}

/* Not put_super(), which is not called for a mount that failed before it had a root. */
static void jobfs_kill_sb(struct super_block *sb)
{
	struct jobfs *jobfs = sb->s_fs_info;

	kill_litter_super(sb);	/* evicts all inodes, which need what is freed next */
	kfree(jobfs);
}

static struct file_system_type jobfs_type = {
	.owner = THIS_MODULE,
	.name = "jobfs",
	.init_fs_context = jobfs_init_fs_context,
	.parameters = jobfs_parameters,
	.kill_sb = jobfs_kill_sb,
};
MODULE_ALIAS_FS("jobfs");

static int __init jobfs_init(void)
{
	return register_filesystem(&jobfs_type);
}
module_init(jobfs_init);

static void __exit jobfs_exit(void)
{
	unregister_filesystem(&jobfs_type);
}
module_exit(jobfs_exit);

MODULE_DESCRIPTION("A filesystem in memory with a limited number of files");
MODULE_LICENSE("GPL");
