// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BringupError } from '../shared/errors.ts';
import { cacheFolder } from '../shared/paths.ts';
import { flavorIds, loadFlavor, type Flavor } from './flavor.ts';

/** A built kernel: everything a machine and a module build need of it. */
export interface Kernel {
  /** Names this very build: flavor, version and a digest of what went into it. */
  id: string;
  flavor: string;
  /** As `uname -r` says it. */
  release: string;
  /** Debian's version of the source it was made from. */
  source: string;
  /** Folder and name of the bootable image. */
  image: { folder: string; name: string };
  /** Host folders a module build needs: path inside the sandbox → path on the host. */
  buildFolders: Record<string, string>;
  /** The folder to pass to `make -C`, inside the sandbox. */
  buildTree: string;
  /** Source tree inside the sandbox, when there is one (sparse, checkpatch). */
  sourceTree?: string;
  /** Modules the agent must load before it can work (host paths, in order). */
  bootModules: string[];
  madeAt: string;
}

export const kernelFolder = (flavor: string): string => cacheFolder('kernels', flavor);

/** The kernel of a flavor, or undefined when it has not been built. */
export function findKernel(flavor: string): Kernel | undefined {
  const file = join(kernelFolder(flavor), 'kernel.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Kernel) : undefined;
}

export interface Judge {
  kernel: Kernel;
  flavor: Flavor;
  /** True when the verdict can't count because a better kernel is still being built. */
  provisional: boolean;
}

/**
 * The kernel to judge on: the flavor's own, else a prebuilt one that stands in for it provisionally.
 * Throws E-KERNEL-MISSING when there is neither.
 */
export function kernelFor(flavor: string): Judge {
  const kernel = findKernel(flavor);
  if (kernel) return { kernel, flavor: loadFlavor(flavor), provisional: false };
  for (const id of flavorIds()) {
    const standIn = findKernel(id);
    if (!standIn) continue;
    const candidate = loadFlavor(id);
    if (candidate.provisionalFor === flavor) return { kernel: standIn, flavor: candidate, provisional: true };
  }
  throw new BringupError('E-KERNEL-MISSING', `the kernel of flavor "${flavor}" has not been built yet`);
}
