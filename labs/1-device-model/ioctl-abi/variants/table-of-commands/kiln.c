// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kiln, another way: a table says of each command how large its structure is in each
 * version, and one place fetches and returns them. Programs are in an xarray under a read-write
 * semaphore. Points are never in memory all together: each one is made on the stack and copied.
 * KILN_STATUS asks which kind of program calls.
 */
#include <linux/capability.h>
#include <linux/compat.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/xarray.h>

#include "kiln.h"

struct program {
	char name[KILN_NAME];
	u32 delay;
	u32 count;
	struct kiln_segment *segments;
};

static DECLARE_RWSEM(programs_lock);	/* for what follows */
static DEFINE_XARRAY(programs);
static s32 limit = 1300;

static void program_free(struct program *program)
{
	if (!program)
		return;
	kvfree(program->segments);
	kfree(program);
}

static u64 program_seconds(const struct program *program)
{
	u64 seconds = program->delay;

	for (u32 i = 0; i < program->count; i++)
		seconds += program->segments[i].seconds;
	return seconds;
}

static int check_segments(const struct program *program)
{
	for (u32 i = 0; i < program->count; i++) {
		if (!program->segments[i].seconds)
			return -EINVAL;
		if (program->segments[i].celsius < -50 || program->segments[i].celsius > limit)
			return -ERANGE;
	}
	return 0;
}

static long do_program(struct file *file, void *structure)
{
	struct kiln_program *arg = structure;
	struct program *program, *old = NULL;
	long err;

	if (!(file->f_mode & FMODE_WRITE))
		return -EBADF;
	if (arg->flags > (KILN_REPLACE | KILN_CHECK) || arg->reserved ||
	    arg->slot >= KILN_SLOTS || arg->count < 1 || arg->count > KILN_SEGMENTS ||
	    !memchr(arg->name, 0, sizeof(arg->name)))
		return -EINVAL;
	program = kmalloc(sizeof(*program), GFP_KERNEL);
	if (!program)
		return -ENOMEM;
	strscpy_pad(program->name, arg->name);
	program->delay = arg->delay;
	program->count = arg->count;
	program->segments = vmemdup_array_user(u64_to_user_ptr(arg->segments), arg->count,
					       sizeof(*program->segments));
	if (IS_ERR(program->segments)) {
		err = PTR_ERR(program->segments);
		kfree(program);
		return err;
	}

	down_write(&programs_lock);
	err = check_segments(program);
	if (!err && !(arg->flags & KILN_REPLACE) && xa_load(&programs, arg->slot))
		err = -EEXIST;
	if (!err && !(arg->flags & KILN_CHECK)) {
		old = xa_store(&programs, arg->slot, program, GFP_KERNEL);
		err = xa_err(old);
		if (!err)
			program = NULL;
		else
			old = NULL;
	}
	up_write(&programs_lock);
	program_free(program);
	program_free(old);
	return err;
}

static int put_points(const struct program *program, struct kiln_point __user *to)
{
	s32 before = 20;
	u64 at = program->delay;

	for (u32 i = 0; i < program->count; i++) {
		const struct kiln_segment *segment = &program->segments[i];
		struct kiln_point point = { .celsius = segment->celsius };

		at += segment->seconds;
		point.at = at;
		if (segment->celsius != before)
			point.kind = segment->celsius > before ? KILN_RISE : KILN_FALL;
		before = segment->celsius;
		if (copy_to_user(&to[i], &point, sizeof(point)))
			return -EFAULT;
	}
	return 0;
}

static long do_show(struct file *file, void *structure)
{
	struct kiln_show *arg = structure;
	const struct program *program;
	long err;

	if (arg->flags || arg->slot >= KILN_SLOTS)
		return -EINVAL;
	down_read(&programs_lock);
	program = xa_load(&programs, arg->slot);
	if (!program)
		err = -ENOENT;
	else if (arg->count < program->count)
		err = -EMSGSIZE;
	else
		err = put_points(program, u64_to_user_ptr(arg->points));
	if (program) {
		arg->count = program->count;
		arg->seconds = program_seconds(program);
		memcpy(arg->name, program->name, sizeof(arg->name));
	}
	up_read(&programs_lock);
	return err;
}

static long do_limit(struct file *file, void *structure)
{
	struct kiln_limit *arg = structure;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (arg->flags || arg->reserved || arg->celsius < 0 || arg->celsius > 1400)
		return -EINVAL;
	down_write(&programs_lock);
	limit = arg->celsius;
	up_write(&programs_lock);
	return 0;
}

union any {
	u32 size;
	struct kiln_program program;
	struct kiln_show show;
	struct kiln_limit limit;
};

static const struct command {
	u32 least, known;
	bool returns;
	long (*run)(struct file *file, void *structure);
} commands[] = {
	[_IOC_NR(KILN_PROGRAM)] = { 40, sizeof(struct kiln_program), false, do_program },
	[_IOC_NR(KILN_SHOW)] = { 40, sizeof(struct kiln_show), true, do_show },
	[_IOC_NR(KILN_LIMIT)] = { 16, sizeof(struct kiln_limit), false, do_limit },
};

static long put_status(void __user *to)
{
	struct program *program;
	unsigned long slot;
	u32 count = 0;
	u64 seconds = 0;
	u8 wide[24] = { };
	bool narrow = in_compat_syscall();
	s32 max;

	down_read(&programs_lock);
	xa_for_each(&programs, slot, program) {
		count++;
		seconds += program_seconds(program);
	}
	max = limit;
	up_read(&programs_lock);
	memcpy(wide, &count, 4);
	memcpy(wide + (narrow ? 4 : 8), &seconds, 8);
	memcpy(wide + (narrow ? 12 : 16), &max, 4);
	return copy_to_user(to, wide, narrow ? 16 : 24) ? -EFAULT : 0;
}

static long kiln_ioctl(struct file *file, unsigned int request, unsigned long argument)
{
	unsigned int old = in_compat_syscall() ? _IOC(_IOC_READ, KILN_TYPE, 1, 16) : KILN_STATUS;
	void __user *from = (void __user *)argument;
	const struct command *command;
	union any any = { };
	u32 size;
	long err;

	if (request == old)
		return put_status(from);
	if (_IOC_TYPE(request) != KILN_TYPE || request != _IO(KILN_TYPE, _IOC_NR(request)) ||
	    _IOC_NR(request) >= ARRAY_SIZE(commands) || !commands[_IOC_NR(request)].run)
		return -ENOTTY;
	command = &commands[_IOC_NR(request)];

	if (get_user(size, (u32 __user *)from))
		return -EFAULT;
	if (size < command->least)
		return -EINVAL;
	if (size > 4096)
		return -E2BIG;
	err = copy_struct_from_user(&any, command->known, from, size);
	if (err)
		return err;
	any.size = size;
	err = command->run(file, &any);
	if (command->returns && (!err || err == -EMSGSIZE) &&
	    copy_to_user(from, &any, min(size, command->known)))
		return -EFAULT;
	return err;
}

static const struct file_operations kiln_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = kiln_ioctl,
	.compat_ioctl = compat_ptr_ioctl,	/* kiln_ioctl() asks who calls */
};

static struct miscdevice kiln_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "kiln",
	.fops = &kiln_fops,
};

static int __init kiln_init(void)
{
	return misc_register(&kiln_device);
}
module_init(kiln_init);

static void __exit kiln_exit(void)
{
	struct program *program;
	unsigned long slot;

	misc_deregister(&kiln_device);
	xa_for_each(&programs, slot, program)
		program_free(program);
	xa_destroy(&programs);
}
module_exit(kiln_exit);

MODULE_DESCRIPTION("An ioctl interface that can be extended and leaks nothing");
MODULE_LICENSE("GPL");
