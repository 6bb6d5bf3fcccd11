// SPDX-License-Identifier: GPL-2.0-only
/*
 * jobfs: a filesystem in memory that holds a limited number of files.
 *
 * The starter registers the type and knows the names of the options; a mount
 * fails. See brief.md.
 */
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/fs_parser.h>
#include <linux/module.h>
#include <linux/slab.h>

#define JOBFS_MAGIC 0x6a6f6266
#define FILES_DEFAULT 64
#define FILES_MAX 1000000

/* What a mount has of its own. */
struct jobfs {
	unsigned int files;	/* how many may exist beside the root */
};

static const struct super_operations jobfs_super_operations = {
	/* TODO: statfs, and what has to happen when an inode ends */
};

static int jobfs_fill_super(struct super_block *sb, struct fs_context *fc)
{
	sb->s_maxbytes = MAX_LFS_FILESIZE;
	sb->s_blocksize = PAGE_SIZE;
	sb->s_blocksize_bits = PAGE_SHIFT;
	sb->s_magic = JOBFS_MAGIC;
	sb->s_op = &jobfs_super_operations;
	sb->s_time_gran = 1;

	/* TODO: the root directory in sb->s_root, and the directories of dirs= in it */
	return -EOPNOTSUPP;
}

enum { OPT_FILES, OPT_DIRS };

static const struct fs_parameter_spec jobfs_parameters[] = {
	fsparam_u32("files", OPT_FILES),
	fsparam_string("dirs", OPT_DIRS),
	{}
};

static int jobfs_parse_param(struct fs_context *fc, struct fs_parameter *param)
{
	struct fs_parse_result result;
	int opt = fs_parse(fc, jobfs_parameters, param, &result);

	switch (opt) {
	case OPT_FILES:
	case OPT_DIRS:
		/* TODO: check the value and keep it */
		return 0;
	default:
		return opt;	/* what fs_parse() does not know, the VFS refuses */
	}
}

static int jobfs_get_tree(struct fs_context *fc)
{
	return get_tree_nodev(fc, jobfs_fill_super);
}

/* Called for every context, whether a mount came of it or not. */
static void jobfs_free_fc(struct fs_context *fc)
{
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

static void jobfs_kill_sb(struct super_block *sb)
{
	/* TODO: what else is there to take down? */
	kill_anon_super(sb);
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
