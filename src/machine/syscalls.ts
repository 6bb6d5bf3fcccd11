// SPDX-License-Identifier: Apache-2.0
// arch/x86/entry/syscalls/syscall_64.tbl and syscall_32.tbl of the kernel source.

/** Numbers of the system calls that have a name in the lab interface, x86-64. */
export const sys = {
  read: 0,
  write: 1,
  open: 2,
  close: 3,
  poll: 7,
  lseek: 8,
  mmap: 9,
  munmap: 11,
  ioctl: 16,
  pread64: 17,
  pwrite64: 18,
  dup: 32,
  nanosleep: 35,
  getpid: 39,
  fork: 57,
  kill: 62,
  fcntl: 72,
  mkdir: 83,
  rmdir: 84,
  unlink: 87,
  mount: 165,
  umount2: 166,
  init_module: 175,
  delete_module: 176,
  tgkill: 234,
  mknod: 133,
  stat: 4,
  getdents64: 217,
  setuid: 105,
} as const;

/** The same for a 32-bit program. */
export const sys32 = { read: 3, write: 4, open: 5, close: 6, ioctl: 54 } as const;

/** errno values by name (include/uapi/asm-generic/errno-base.h, errno.h), those a driver returns. */
const errnoNames: Readonly<Record<number, string>> = {
  1: 'EPERM', 2: 'ENOENT', 3: 'ESRCH', 4: 'EINTR', 5: 'EIO', 6: 'ENXIO', 7: 'E2BIG', 8: 'ENOEXEC', 9: 'EBADF',
  10: 'ECHILD', 11: 'EAGAIN', 12: 'ENOMEM', 13: 'EACCES', 14: 'EFAULT', 16: 'EBUSY', 17: 'EEXIST', 18: 'EXDEV',
  19: 'ENODEV', 20: 'ENOTDIR', 21: 'EISDIR', 22: 'EINVAL', 23: 'ENFILE', 24: 'EMFILE', 25: 'ENOTTY', 27: 'EFBIG',
  28: 'ENOSPC', 29: 'ESPIPE', 30: 'EROFS', 32: 'EPIPE', 33: 'EDOM', 34: 'ERANGE', 35: 'EDEADLK', 36: 'ENAMETOOLONG',
  38: 'ENOSYS', 39: 'ENOTEMPTY', 61: 'ENODATA', 62: 'ETIME', 71: 'EPROTO', 75: 'EOVERFLOW', 84: 'EILSEQ',
  90: 'EMSGSIZE', 95: 'EOPNOTSUPP', 105: 'ENOBUFS', 108: 'ESHUTDOWN', 110: 'ETIMEDOUT', 112: 'EHOSTDOWN',
  114: 'EALREADY', 115: 'EINPROGRESS', 116: 'ESTALE', 121: 'EREMOTEIO', 125: 'ECANCELED', 512: 'ERESTARTSYS',
  513: 'ERESTARTNOINTR', 514: 'ERESTARTNOHAND', 515: 'ENOIOCTLCMD', 516: 'ERESTART_RESTARTBLOCK',
  517: 'EPROBE_DEFER', 524: 'ENOTSUPP',
};

/** 'EAGAIN' for -11; 'errno 999' for one without a name. */
export function errnoName(ret: bigint | number): string {
  const number = Math.abs(Number(ret));
  return errnoNames[number] ?? `errno ${number}`;
}
