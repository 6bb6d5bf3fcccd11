// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kiln, another way: a program is expanded when it is loaded, into exactly what KILN_SHOW
 * hands out, and is never changed after that. Who shows it holds a reference and copies without
 * any lock. The tail of a structure is checked by hand, and the device is a character device
 * with a class of its own.
 */
#include <linux/capability.h>
#include <linux/cdev.h>
#include <linux/compat.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>

#include "kiln.h"

struct program {
	struct kref users;
	char name[KILN_NAME];
	u32 count;
	u32 unused;
	struct kiln_point points[];
};

static DEFINE_SPINLOCK(slots_lock);
static struct program *slots[KILN_SLOTS];
static atomic_t limit = ATOMIC_INIT(1300);

static void program_free(struct kref *users)
{
	kvfree(container_of(users, struct program, users));
}

static void put_program(struct program *program)
{
	if (program)
		kref_put(&program->users, program_free);
}

static int get_argument(void *to, u32 known, u32 least, const u8 __user *from, u32 *size)
{
	int zero;

	if (copy_from_user(size, from, sizeof(*size)))
		return -EFAULT;
	if (*size < least)
		return -EINVAL;
	if (*size > 4096)
		return -E2BIG;
	if (*size > known) {
		zero = check_zeroed_user(from + known, *size - known);
		if (zero <= 0)
			return zero ?: -E2BIG;
	}
	memset(to, 0, known);
	return copy_from_user(to, from, min(*size, known)) ? -EFAULT : 0;
}

/* Reads the segments piece by piece; there is no other copy of them. */
static int expand(struct program *program, const struct kiln_segment __user *from, u32 delay)
{
	s32 hottest = atomic_read(&limit);
	struct kiln_segment segment;
	s32 before = 20;
	u64 at = delay;

	for (u32 i = 0; i < program->count; i++) {
		if (copy_from_user(&segment, &from[i], sizeof(segment)))
			return -EFAULT;
		if (!segment.seconds)
			return -EINVAL;
		if (segment.celsius < -50 || segment.celsius > hottest)
			return -ERANGE;
		at += segment.seconds;
		program->points[i] = (struct kiln_point) {
			.at = at,
			.celsius = segment.celsius,
			.kind = segment.celsius == before ? KILN_HOLD :
				segment.celsius > before ? KILN_RISE : KILN_FALL,
		};
		before = segment.celsius;
	}
	return 0;
}

static long load(struct file *file, void __user *from)
{
	struct program *program, *old;
	struct kiln_program arg;
	u32 size;
	int err;

	err = get_argument(&arg, sizeof(arg), 40, from, &size);
	if (err)
		return err;
	if (!(file->f_mode & FMODE_WRITE))
		return -EBADF;
	if (arg.flags & ~3U || arg.reserved || arg.slot > 7 || arg.count - 1 > 1023)
		return -EINVAL;
	if (arg.name[strnlen(arg.name, 15)])
		return -EINVAL;
	program = kvzalloc(struct_size(program, points, arg.count), GFP_KERNEL);
	if (!program)
		return -ENOMEM;
	kref_init(&program->users);
	program->count = arg.count;
	strscpy(program->name, arg.name);	/* into zeros */
	err = expand(program, u64_to_user_ptr(arg.segments), arg.delay);
	if (err) {
		put_program(program);
		return err;
	}

	spin_lock(&slots_lock);
	old = slots[arg.slot];
	if (old && !(arg.flags & KILN_REPLACE))
		err = -EEXIST;
	if (err || arg.flags & KILN_CHECK)
		old = program;
	else
		slots[arg.slot] = program;
	spin_unlock(&slots_lock);
	put_program(old);
	return err;
}

static long show(void __user *to)
{
	struct program *program;
	struct kiln_show arg;
	long ret = 0;
	u32 size;
	int err;

	err = get_argument(&arg, sizeof(arg), 40, to, &size);
	if (err)
		return err;
	if (arg.flags || arg.slot > 7)
		return -EINVAL;
	spin_lock(&slots_lock);
	program = slots[arg.slot];
	if (program)
		kref_get(&program->users);
	spin_unlock(&slots_lock);
	if (!program)
		return -ENOENT;

	if (arg.count < program->count)
		ret = -EMSGSIZE;
	else if (copy_to_user(u64_to_user_ptr(arg.points), program->points,
			      array_size(program->count, sizeof(struct kiln_point))))
		ret = -EFAULT;
	arg.size = size;
	arg.count = program->count;
	arg.seconds = program->points[program->count - 1].at;
	memcpy(arg.name, program->name, sizeof(arg.name));
	if (ret != -EFAULT && copy_to_user(to, &arg, min_t(u32, size, sizeof(arg))))
		ret = -EFAULT;
	put_program(program);
	return ret;
}

static long set_limit(void __user *from)
{
	struct kiln_limit arg;
	u32 size;
	int err = get_argument(&arg, sizeof(arg), sizeof(arg), from, &size);

	if (err)
		return err;
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (arg.flags || arg.reserved || (u32)arg.celsius > 1400)
		return -EINVAL;
	atomic_set(&limit, arg.celsius);
	return 0;
}

static void status(u32 *programs, u64 *seconds)
{
	*programs = 0;
	*seconds = 0;
	spin_lock(&slots_lock);
	for (int i = 0; i < KILN_SLOTS; i++) {
		if (slots[i]) {
			++*programs;
			*seconds += slots[i]->points[slots[i]->count - 1].at;
		}
	}
	spin_unlock(&slots_lock);
}

static long new_commands(struct file *file, unsigned int request, void __user *argument)
{
	if (request == KILN_PROGRAM)
		return load(file, argument);
	if (request == KILN_SHOW)
		return show(argument);
	if (request == KILN_LIMIT)
		return set_limit(argument);
	return -ENOTTY;
}

static long kiln_ioctl(struct file *file, unsigned int request, unsigned long argument)
{
	struct kiln_status __user *to = (void __user *)argument;
	u32 programs;
	u64 seconds;

	if (request != KILN_STATUS)
		return new_commands(file, request, to);
	status(&programs, &seconds);
	if (clear_user(to, sizeof(*to)) || put_user(programs, &to->programs) ||
	    put_user(seconds, &to->seconds) || put_user(atomic_read(&limit), &to->limit))
		return -EFAULT;
	return 0;
}

static long kiln_compat_ioctl(struct file *file, unsigned int request, unsigned long argument)
{
	u32 __user *to = compat_ptr(argument);
	u32 programs;
	u64 seconds;

	if (request != _IOC(_IOC_READ, KILN_TYPE, 1, 16))
		return new_commands(file, request, to);
	status(&programs, &seconds);
	if (put_user(programs, &to[0]) || put_user((u32)seconds, &to[1]) ||
	    put_user((u32)(seconds >> 32), &to[2]) || put_user((u32)atomic_read(&limit), &to[3]))
		return -EFAULT;
	return 0;
}

static const struct file_operations kiln_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = kiln_ioctl,
	.compat_ioctl = kiln_compat_ioctl,
};

static const struct class kiln_class = { .name = "kiln" };
static struct cdev kiln_cdev;
static dev_t devt;

static int __init kiln_init(void)
{
	struct device *device;
	int err;

	err = alloc_chrdev_region(&devt, 0, 1, "kiln");
	if (err)
		return err;
	err = class_register(&kiln_class);
	if (err)
		goto no_class;
	cdev_init(&kiln_cdev, &kiln_fops);
	err = cdev_add(&kiln_cdev, devt, 1);
	if (err)
		goto no_cdev;
	device = device_create(&kiln_class, NULL, devt, NULL, "kiln");
	if (IS_ERR(device)) {
		err = PTR_ERR(device);
		goto no_device;
	}
	return 0;

no_device:
	cdev_del(&kiln_cdev);
no_cdev:
	class_unregister(&kiln_class);
no_class:
	unregister_chrdev_region(devt, 1);
	return err;
}
module_init(kiln_init);

static void __exit kiln_exit(void)
{
	device_destroy(&kiln_class, devt);
	cdev_del(&kiln_cdev);
	class_unregister(&kiln_class);
	unregister_chrdev_region(devt, 1);
	for (int i = 0; i < KILN_SLOTS; i++)
		put_program(slots[i]);
}
module_exit(kiln_exit);

MODULE_DESCRIPTION("An ioctl interface that can be extended and leaks nothing");
MODULE_LICENSE("GPL");
