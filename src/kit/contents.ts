// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { suite } from './mirror.ts';

/** Debian packages of the base kit. Layers for other toolchains are added on first need. */
export const packages = [
  // compiling a kernel and modules
  ...['gcc', 'libc6-dev', 'make', 'bc', 'bison', 'flex', 'cpio', 'kmod', 'perl', 'python3-minimal'],
  ...['xz-utils', 'zstd', 'libelf-dev', 'libssl-dev', 'dwarves', 'rsync', 'openssl', 'patch', 'file'],
  // judging it
  ...['sparse', 'device-tree-compiler', 'git', 'util-linux'],
  // running it
  ...['qemu-system-x86', 'busybox-static'],
  'ca-certificates',
] as const;

/** QEMU comes from backports: vfio-user needs 11.1, and one QEMU serves all labs. */
export const preferences = `Package: qemu-* seabios ipxe-qemu
Pin: release n=${suite}-backports
Pin-Priority: 990
`;

/** Changes when the recipe changes; a kit is one folder of this name and never changed in place. */
export function recipeId(): string {
  return createHash('sha256')
    .update(JSON.stringify([suite, packages, preferences, 1]))
    .digest('hex')
    .slice(0, 12);
}
