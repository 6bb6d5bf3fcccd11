// SPDX-License-Identifier: GPL-2.0-only
/*
 * jobfs, another way: directories of its own instead of pinned dentries. Each
 * directory has a list of entries, each entry holds its inode; the dentry cache
 * is only a cache and may forget. Reading a directory walks the list, with a
 * position that removals do not disturb.
 */
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/fs_parser.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/statfs.h>
#include <linux/string.h>

struct mount_options {
	unsigned int limit;
	char *dirs;
};

struct jobfs {
	int limit;
	atomic_t used;
	/* Of directories that go with their contents, which is only at unmount. */
	struct list_head doomed;
	bool emptying;
};

struct entry {
	struct list_head list;
	struct inode *inode;
	loff_t position;
	struct qstr name;
	char text[];
};

/* i_private of a directory; the lock of its inode guards it. */
struct directory {
	struct list_head entries;	/* by position */
	loff_t next;
};

static const struct inode_operations dir_iops;
static const struct file_operations dir_fops;
static const struct inode_operations file_iops;
static const struct file_operations file_fops;

static struct inode *make_inode(struct super_block *sb, struct inode *dir, umode_t mode)
{
	struct jobfs *jobfs = sb->s_fs_info;
	struct directory *directory = NULL;
	struct inode *inode;

	if (!atomic_add_unless(&jobfs->used, 1, jobfs->limit))
		return ERR_PTR(-ENOSPC);
	inode = new_inode(sb);
	if (!inode) {
		atomic_dec(&jobfs->used);
		return ERR_PTR(-ENOMEM);
	}
	if (S_ISDIR(mode)) {
		directory = kmalloc(sizeof(*directory), GFP_KERNEL);
		if (!directory) {
			iput(inode);
			return ERR_PTR(-ENOMEM);
		}
		INIT_LIST_HEAD(&directory->entries);
		directory->next = 2;	/* after "." and ".." */
		inode->i_private = directory;
	}
	inode->i_ino = get_next_ino();
	inode_init_owner(&nop_mnt_idmap, inode, dir, mode);
	inode->i_mapping->a_ops = &ram_aops;
	mapping_set_unevictable(inode->i_mapping);
	simple_inode_init_ts(inode);
	if (S_ISDIR(mode)) {
		inode->i_op = &dir_iops;
		inode->i_fop = &dir_fops;
		set_nlink(inode, 2);
	} else if (S_ISREG(mode)) {
		inode->i_op = &file_iops;
		inode->i_fop = &file_fops;
	} else {
		inode->i_op = &simple_symlink_inode_operations;
	}
	return inode;
}

static struct entry *find(struct inode *dir, const struct qstr *name)
{
	struct directory *directory = dir->i_private;
	struct entry *entry;

	list_for_each_entry(entry, &directory->entries, list) {
		if (entry->name.len == name->len && !memcmp(entry->text, name->name, name->len))
			return entry;
	}
	return NULL;
}

static struct entry *new_entry(const struct qstr *name)
{
	struct entry *entry = kmalloc(struct_size(entry, text, name->len), GFP_KERNEL);

	if (entry) {
		memcpy(entry->text, name->name, name->len);
		entry->name.len = name->len;
	}
	return entry;
}

/* Takes over one reference to the inode. */
static void insert(struct inode *dir, struct entry *entry, struct inode *inode)
{
	struct directory *directory = dir->i_private;

	entry->inode = inode;
	entry->position = directory->next++;
	list_add_tail(&entry->list, &directory->entries);
	if (S_ISDIR(inode->i_mode))
		inc_nlink(dir);
	inode_set_mtime_to_ts(dir, inode_set_ctime_current(dir));
}

/* Takes a name and one link away. */
static void take_out(struct inode *dir, struct entry *entry)
{
	struct inode *inode = entry->inode;

	list_del(&entry->list);
	kfree(entry);
	inode_set_mtime_to_ts(dir, inode_set_ctime_to_ts(dir, inode_set_ctime_current(inode)));
	if (S_ISDIR(inode->i_mode)) {
		drop_nlink(dir);
		clear_nlink(inode);
	} else {
		drop_nlink(inode);
	}
	iput(inode);
}

static struct dentry *jobfs_lookup(struct inode *dir, struct dentry *dentry, unsigned int flags)
{
	struct inode *inode = NULL;
	struct entry *entry;

	if (dentry->d_name.len > NAME_MAX)
		return ERR_PTR(-ENAMETOOLONG);
	entry = find(dir, &dentry->d_name);
	if (entry) {
		inode = entry->inode;
		ihold(inode);
	}
	return d_splice_alias(inode, dentry);
}

static int add(struct inode *dir, struct dentry *dentry, umode_t mode, const char *target)
{
	struct entry *entry = new_entry(&dentry->d_name);
	struct inode *inode;

	if (!entry)
		return -ENOMEM;
	inode = make_inode(dir->i_sb, dir, mode);
	if (IS_ERR(inode)) {
		kfree(entry);
		return PTR_ERR(inode);
	}
	if (target) {
		inode->i_link = kstrdup(target, GFP_KERNEL);
		if (!inode->i_link) {
			iput(inode);
			kfree(entry);
			return -ENOMEM;
		}
		inode->i_size = strlen(target);
	}
	ihold(inode);	/* one for the entry, one for the dentry */
	insert(dir, entry, inode);
	d_instantiate(dentry, inode);
	return 0;
}

static int jobfs_create(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry,
			umode_t mode, bool excl)
{
	return add(dir, dentry, S_IFREG | mode, NULL);
}

static int jobfs_mkdir(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry,
		       umode_t mode)
{
	return add(dir, dentry, S_IFDIR | mode, NULL);
}

static int jobfs_symlink(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry,
			 const char *target)
{
	return add(dir, dentry, S_IFLNK | 0777, target);
}

static int jobfs_link(struct dentry *from, struct inode *dir, struct dentry *dentry)
{
	struct entry *entry = new_entry(&dentry->d_name);
	struct inode *inode = d_inode(from);

	if (!entry)
		return -ENOMEM;
	inode_set_ctime_current(inode);
	inc_nlink(inode);
	ihold(inode);
	insert(dir, entry, inode);
	ihold(inode);
	d_instantiate(dentry, inode);
	return 0;
}

static int jobfs_unlink(struct inode *dir, struct dentry *dentry)
{
	take_out(dir, find(dir, &dentry->d_name));
	return 0;
}

static bool is_empty(struct inode *inode)
{
	struct directory *directory = inode->i_private;

	return list_empty(&directory->entries);
}

static int jobfs_rmdir(struct inode *dir, struct dentry *dentry)
{
	if (!is_empty(d_inode(dentry)))
		return -ENOTEMPTY;
	return jobfs_unlink(dir, dentry);
}

static int jobfs_rename(struct mnt_idmap *idmap, struct inode *old_dir, struct dentry *old_dentry,
			struct inode *new_dir, struct dentry *new_dentry, unsigned int flags)
{
	struct inode *inode = d_inode(old_dentry), *target = d_inode(new_dentry);
	struct entry *old, *new;

	if (flags & ~RENAME_NOREPLACE)
		return -EINVAL;
	if (target && S_ISDIR(target->i_mode) && !is_empty(target))
		return -ENOTEMPTY;
	new = new_entry(&new_dentry->d_name);
	if (!new)
		return -ENOMEM;

	if (target)
		take_out(new_dir, find(new_dir, &new_dentry->d_name));
	old = find(old_dir, &old_dentry->d_name);
	list_del(&old->list);
	kfree(old);
	if (S_ISDIR(inode->i_mode))
		drop_nlink(old_dir);
	insert(new_dir, new, inode);
	simple_rename_timestamp(old_dir, old_dentry, new_dir, new_dentry);
	return 0;
}

static int jobfs_iterate(struct file *file, struct dir_context *ctx)
{
	struct directory *directory = file_inode(file)->i_private;
	struct entry *entry;

	if (!dir_emit_dots(file, ctx))
		return 0;
	list_for_each_entry(entry, &directory->entries, list) {
		if (entry->position < ctx->pos)
			continue;
		if (!dir_emit(ctx, entry->text, entry->name.len, entry->inode->i_ino,
			      fs_umode_to_dtype(entry->inode->i_mode)))
			return 0;
		ctx->pos = entry->position + 1;
	}
	return 0;
}

static const struct inode_operations dir_iops = {
	.lookup = jobfs_lookup,
	.create = jobfs_create,
	.mkdir = jobfs_mkdir,
	.symlink = jobfs_symlink,
	.link = jobfs_link,
	.unlink = jobfs_unlink,
	.rmdir = jobfs_rmdir,
	.rename = jobfs_rename,
};

static const struct file_operations dir_fops = {
	.open = generic_file_open,
	.iterate_shared = jobfs_iterate,
	.read = generic_read_dir,
	.llseek = generic_file_llseek,
	.fsync = noop_fsync,
};

static const struct inode_operations file_iops = {
	.setattr = simple_setattr,
	.getattr = simple_getattr,
};

static const struct file_operations file_fops = {
	.read_iter = generic_file_read_iter,
	.write_iter = generic_file_write_iter,
	.mmap = generic_file_mmap,
	.fsync = noop_fsync,
	.llseek = generic_file_llseek,
};

/*
 * A directory that still has entries takes them with it. Those of directories
 * inside come to the same list, so that a deep tree needs no deep stack.
 */
static void jobfs_evict_inode(struct inode *inode)
{
	struct jobfs *jobfs = inode->i_sb->s_fs_info;
	struct directory *directory = inode->i_private;
	struct entry *entry;

	truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);
	atomic_dec(&jobfs->used);
	if (!directory || list_empty(&directory->entries))
		goto out;

	list_splice_tail(&directory->entries, &jobfs->doomed);
	if (jobfs->emptying)
		goto out;
	jobfs->emptying = true;
	while ((entry = list_first_entry_or_null(&jobfs->doomed, struct entry, list))) {
		list_del(&entry->list);
		iput(entry->inode);
		kfree(entry);
	}
out:
	kfree(directory);
}

static void jobfs_free_inode(struct inode *inode)
{
	if (S_ISLNK(inode->i_mode))
		kfree(inode->i_link);
	free_inode_nonrcu(inode);
}

static int jobfs_statfs(struct dentry *dentry, struct kstatfs *buf)
{
	struct jobfs *jobfs = dentry->d_sb->s_fs_info;

	buf->f_files = jobfs->limit;
	buf->f_ffree = jobfs->limit - atomic_read(&jobfs->used);
	return simple_statfs(dentry, buf);
}

static const struct super_operations jobfs_sops = {
	.statfs = jobfs_statfs,
	.drop_inode = generic_delete_inode,
	.evict_inode = jobfs_evict_inode,
	.free_inode = jobfs_free_inode,
};

static int add_directory(struct inode *root, const char *name)
{
	struct qstr string = { .name = name, .len = strlen(name) };
	struct inode *inode;
	struct entry *entry;

	if (!string.len || string.len > NAME_MAX || name[strcspn(name, "/")] ||
	    !strcmp(name, ".") || !strcmp(name, "..") || find(root, &string))
		return -EINVAL;
	entry = new_entry(&string);
	if (!entry)
		return -ENOMEM;
	inode = make_inode(root->i_sb, root, S_IFDIR | 0755);
	if (IS_ERR(inode)) {
		kfree(entry);
		return PTR_ERR(inode);
	}
	insert(root, entry, inode);
	return 0;
}

static int jobfs_fill_super(struct super_block *sb, struct fs_context *fc)
{
	struct mount_options *options = fc->fs_private;
	char *dirs = options->dirs, *name;
	struct jobfs *jobfs;
	struct inode *root;
	int err;

	jobfs = kzalloc(sizeof(*jobfs), GFP_KERNEL);
	if (!jobfs)
		return -ENOMEM;
	jobfs->limit = options->limit;
	atomic_set(&jobfs->used, -1);	/* the root is not counted */
	INIT_LIST_HEAD(&jobfs->doomed);
	sb->s_fs_info = jobfs;
	sb->s_maxbytes = MAX_LFS_FILESIZE;
	sb->s_op = &jobfs_sops;
	sb->s_time_gran = 1;
	root = make_inode(sb, NULL, S_IFDIR | 0755);
	if (IS_ERR(root))
		return PTR_ERR(root);
	while ((name = strsep(&dirs, ":"))) {
		err = add_directory(root, name);
		if (err) {
			iput(root);
			return err;
		}
	}
	sb->s_root = d_make_root(root);
	return sb->s_root ? 0 : -ENOMEM;
}

static const struct fs_parameter_spec parameters[] = {
	fsparam_u32("files", 0),
	fsparam_string("dirs", 1),
	{}
};

static int jobfs_parse_param(struct fs_context *fc, struct fs_parameter *param)
{
	struct mount_options *options = fc->fs_private;
	struct fs_parse_result result;
	int opt = fs_parse(fc, parameters, param, &result);

	if (opt == 0) {
		options->limit = result.uint_32;
		return options->limit >= 1 && options->limit <= 1000000 ? 0 : -EINVAL;
	}
	if (opt == 1) {
		kfree(options->dirs);
		options->dirs = kstrdup(param->string, GFP_KERNEL);
		return options->dirs ? 0 : -ENOMEM;
	}
	return opt;
}

static int jobfs_get_tree(struct fs_context *fc)
{
	return get_tree_nodev(fc, jobfs_fill_super);
}

static void jobfs_free_fc(struct fs_context *fc)
{
	struct mount_options *options = fc->fs_private;

	kfree(options->dirs);
	kfree(options);
}

static const struct fs_context_operations context_ops = {
	.parse_param = jobfs_parse_param,
	.get_tree = jobfs_get_tree,
	.free = jobfs_free_fc,
};

static int jobfs_init_fs_context(struct fs_context *fc)
{
	struct mount_options *options = kzalloc(sizeof(*options), GFP_KERNEL);

	if (!options)
		return -ENOMEM;
	options->limit = 64;
	fc->fs_private = options;
	fc->ops = &context_ops;
	return 0;
}

static void jobfs_kill_sb(struct super_block *sb)
{
	kill_anon_super(sb);
	kfree(sb->s_fs_info);
}

static struct file_system_type jobfs_type = {
	.owner = THIS_MODULE,
	.name = "jobfs",
	.init_fs_context = jobfs_init_fs_context,
	.parameters = parameters,
	.kill_sb = jobfs_kill_sb,
};

static int __init jobfs_init(void)
{
	return register_filesystem(&jobfs_type);
}
module_init(jobfs_init);

static void __exit jobfs_exit(void)
{
	unregister_filesystem(&jobfs_type);
	rcu_barrier();	/* for jobfs_free_inode() */
}
module_exit(jobfs_exit);

MODULE_DESCRIPTION("A filesystem in memory with a limited number of files");
MODULE_LICENSE("GPL");
