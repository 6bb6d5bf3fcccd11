// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { suite } from './mirror.ts';

/** Debian packages of every kit. */
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

/**
 * Toolchains that only some flavors need, as packages beside the others. A kit with a layer is a whole one of its own,
 * made on first need: a kit is never changed in place.
 */
export const layers = {
  // gcc compiles the C of a kernel with Rust; bindgen reads its headers with libclang.
  rust: ['rustc', 'rust-src', 'rustfmt', 'bindgen', 'libclang-dev'],
} as const;

export type Layer = keyof typeof layers;
export const layerNames = Object.keys(layers) as [Layer, ...Layer[]];

/** What a kit with this layer, or without one, is made of. */
export function packagesOf(layer?: Layer): string[] {
  return [...packages, ...(layer ? layers[layer] : [])];
}

/** QEMU comes from backports: vfio-user needs 11.1, and one QEMU serves all labs. */
export const preferences = `Package: qemu-* seabios ipxe-qemu
Pin: release n=${suite}-backports
Pin-Priority: 990
`;

/** Changes when the recipe changes: the name of the kit's folder. */
export function recipeId(layer?: Layer): string {
  return createHash('sha256')
    .update(JSON.stringify([suite, packagesOf(layer), preferences, 1]))
    .digest('hex')
    .slice(0, 12);
}
