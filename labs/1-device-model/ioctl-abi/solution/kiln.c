// SPDX-License-Identifier: GPL-2.0-only
/*
 * The controller of a kiln: firing programs in eight slots, behind an ioctl interface that can
 * grow.
 *
 * Each extensible structure says its own size first. What a caller of an older version does not
 * have is zero; what a newer one has and we do not know must be zero. So a field that is added
 * later finds a zero wherever nobody meant it. For the same reason flags and reserved fields
 * that mean nothing are refused.
 */
#include <linux/build_bug.h>
#include <linux/capability.h>
#include <linux/cleanup.h>
#include <linux/compat.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "kiln.h"

#define ROOM_TEMPERATURE 20
#define LOWEST (-50)
#define HIGHEST_LIMIT 1400

/* Published: a compiler error is cheaper than a program that no longer runs. */
static_assert(sizeof(struct kiln_segment) == 8);
static_assert(sizeof(struct kiln_point) == 16);
static_assert(offsetof(struct kiln_program, segments) == 8);
static_assert(offsetofend(struct kiln_program, name) == 40);
static_assert(sizeof(struct kiln_program) == 48);
static_assert(offsetofend(struct kiln_show, name) == 40);
static_assert(sizeof(struct kiln_show) == 48);
static_assert(sizeof(struct kiln_limit) == 16);

struct program {
	char name[KILN_NAME];
	u64 seconds;		/* from the start to the end, the delay included */
	u32 delay;
	u32 count;
	struct kiln_segment segments[] __counted_by(count);
};

static DEFINE_MUTEX(lock);	/* for what follows */
static struct program *slots[KILN_SLOTS];
static s32 limit = 1300;

/*
 * Fetches a structure that says its size in its first 32 bits. That size is read once and
 * handed out: in the copy it may be another one by then, if the program changes it meanwhile.
 */
static int fetch(void *to, size_t known, size_t least, void __user *from, u32 *size)
{
	if (get_user(*size, (u32 __user *)from))
		return -EFAULT;
	if (*size < least)
		return -EINVAL;
	if (*size > PAGE_SIZE)
		return -E2BIG;
	return copy_struct_from_user(to, known, from, *size);
}

/* Looks at each segment, and adds up their seconds. */
static int check_segments(struct program *program)
{
	program->seconds = program->delay;
	for (u32 i = 0; i < program->count; i++) {
		const struct kiln_segment *segment = &program->segments[i];

		if (!segment->seconds)
			return -EINVAL;
		if (segment->celsius < LOWEST || segment->celsius > limit)
			return -ERANGE;
		program->seconds += segment->seconds;
	}
	return 0;
}

static long kiln_program(struct file *file, void __user *argument)
{
	struct program *program __free(kfree) = NULL;
	struct kiln_program arg;
	u32 size;
	int err;

	if (!(file->f_mode & FMODE_WRITE))
		return -EBADF;
	err = fetch(&arg, sizeof(arg), offsetofend(struct kiln_program, name), argument, &size);
	if (err)
		return err;
	if (arg.flags & ~(KILN_REPLACE | KILN_CHECK) || arg.reserved)
		return -EINVAL;
	if (arg.slot >= KILN_SLOTS || !arg.count || arg.count > KILN_SEGMENTS)
		return -EINVAL;
	if (strnlen(arg.name, sizeof(arg.name)) == sizeof(arg.name))
		return -EINVAL;

	program = kzalloc(struct_size(program, segments, arg.count), GFP_KERNEL);
	if (!program)
		return -ENOMEM;
	program->count = arg.count;
	program->delay = arg.delay;
	/* Without what the caller happened to have behind the NUL: others will read this. */
	strscpy_pad(program->name, arg.name);
	if (copy_from_user(program->segments, u64_to_user_ptr(arg.segments),
			   flex_array_size(program, segments, arg.count)))
		return -EFAULT;

	guard(mutex)(&lock);
	err = check_segments(program);
	if (err)
		return err;
	if (slots[arg.slot] && !(arg.flags & KILN_REPLACE))
		return -EEXIST;
	if (!(arg.flags & KILN_CHECK))
		swap(slots[arg.slot], program);	/* the old one is freed when we leave */
	return 0;
}

static void expand(const struct program *program, struct kiln_point *points)
{
	s32 before = ROOM_TEMPERATURE;
	u64 at = program->delay;

	for (u32 i = 0; i < program->count; i++) {
		s32 celsius = program->segments[i].celsius;

		at += program->segments[i].seconds;
		points[i].at = at;
		points[i].celsius = celsius;
		points[i].kind = celsius > before ? KILN_RISE :
				 celsius < before ? KILN_FALL : KILN_HOLD;
		before = celsius;
	}
}

static long kiln_show(void __user *argument)
{
	struct kiln_point *points __free(kvfree) = NULL;
	const struct program *program;
	struct kiln_show arg;
	long ret = 0;
	u32 size;
	int err;

	err = fetch(&arg, sizeof(arg), offsetofend(struct kiln_show, name), argument, &size);
	if (err)
		return err;
	if (arg.flags || arg.slot >= KILN_SLOTS)
		return -EINVAL;

	scoped_guard(mutex, &lock) {
		program = slots[arg.slot];
		if (!program)
			return -ENOENT;
		if (arg.count < program->count) {
			ret = -EMSGSIZE;
		} else {
			/* Cleared: a point has bytes that nobody fills in. */
			points = kvcalloc(program->count, sizeof(*points), GFP_KERNEL);
			if (!points)
				return -ENOMEM;
			expand(program, points);
		}
		arg.size = size;
		arg.count = program->count;
		arg.seconds = program->seconds;
		memcpy(arg.name, program->name, sizeof(arg.name));
	}

	if (points && copy_to_user(u64_to_user_ptr(arg.points), points,
				   array_size(arg.count, sizeof(*points))))
		return -EFAULT;
	if (copy_to_user(argument, &arg, min_t(size_t, size, sizeof(arg))))
		return -EFAULT;
	return ret;
}

/* Who calls matters, not who opened the file: that may have been passed on. */
static long kiln_limit(void __user *argument)
{
	struct kiln_limit arg;
	u32 size;
	int err;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	err = fetch(&arg, sizeof(arg), sizeof(arg), argument, &size);
	if (err)
		return err;
	if (arg.flags || arg.reserved || arg.celsius < 0 || arg.celsius > HIGHEST_LIMIT)
		return -EINVAL;
	guard(mutex)(&lock);
	limit = arg.celsius;
	return 0;
}

static void get_status(struct kiln_status *status)
{
	memset(status, 0, sizeof(*status));	/* the layout has holes */
	guard(mutex)(&lock);
	for (int i = 0; i < KILN_SLOTS; i++) {
		if (!slots[i])
			continue;
		status->programs++;
		status->seconds += slots[i]->seconds;
	}
	status->limit = limit;
}

static long kiln_ioctl(struct file *file, unsigned int request, unsigned long argument)
{
	void __user *arg = (void __user *)argument;
	struct kiln_status status;

	switch (request) {
	case KILN_STATUS:
		get_status(&status);
		return copy_to_user(arg, &status, sizeof(status)) ? -EFAULT : 0;
	case KILN_PROGRAM:
		return kiln_program(file, arg);
	case KILN_SHOW:
		return kiln_show(arg);
	case KILN_LIMIT:
		return kiln_limit(arg);
	default:
		return -ENOTTY;
	}
}

#ifdef CONFIG_COMPAT
/* i386 aligns 64 bits to 4 bytes: no holes, another size, and so another number. */
struct kiln_status_32 {
	u32 programs;
	compat_u64 seconds;
	s32 limit;
};

#define KILN_STATUS_32 _IOR(KILN_TYPE, 1, struct kiln_status_32)

static long kiln_compat_ioctl(struct file *file, unsigned int request, unsigned long argument)
{
	void __user *arg = compat_ptr(argument);
	struct kiln_status_32 narrow = { };
	struct kiln_status status;

	if (request != KILN_STATUS_32)
		return kiln_ioctl(file, request, (unsigned long)arg);
	get_status(&status);
	narrow.programs = status.programs;
	narrow.seconds = status.seconds;
	narrow.limit = status.limit;
	return copy_to_user(arg, &narrow, sizeof(narrow)) ? -EFAULT : 0;
}
#endif

static const struct file_operations kiln_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = kiln_ioctl,
#ifdef CONFIG_COMPAT
	.compat_ioctl = kiln_compat_ioctl,
#endif
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
	misc_deregister(&kiln_device);
	for (int i = 0; i < KILN_SLOTS; i++)
		kfree(slots[i]);
}
module_exit(kiln_exit);

MODULE_DESCRIPTION("An ioctl interface that can be extended and leaks nothing");
MODULE_LICENSE("GPL");
