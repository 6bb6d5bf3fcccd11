// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { Kit } from '../kit/kit.ts';
import { BringupError } from '../shared/errors.ts';
import { lockHolder } from '../shared/lock.ts';
import { cacheFolder, dataFolder } from '../shared/paths.ts';
import type { OnProgress, Progress } from '../shared/progress.ts';
import { buildKernel } from './build.ts';
import { loadFlavor } from './flavor.ts';
import { findKernel, type Kernel } from './kernel.ts';
import { buildOwn } from './own.ts';
import { fetchPrebuilt } from './prebuilt.ts';
import { essence, requestOf } from './request.ts';

const stateFile = (flavor: string): string => cacheFolder('state', `kernel-${flavor}.json`);

/**
 * Makes a flavor's kernel unless it is there, and keeps its progress where `buildState` finds it from
 * other processes.
 */
export async function makeKernel(
  kit: Kit,
  id: string,
  onProgress: OnProgress,
  signal?: AbortSignal,
): Promise<Kernel> {
  const flavor = loadFlavor(id);
  const tell: OnProgress = (progress) => {
    mkdirSync(cacheFolder('state'), { recursive: true });
    writeFileSync(`${stateFile(id)}.new`, JSON.stringify(progress));
    renameSync(`${stateFile(id)}.new`, stateFile(id));
    onProgress(progress);
  };
  try {
    if ('prebuilt' in flavor) return await fetchPrebuilt(kit, flavor, tell, signal);
    if ('tree' in flavor) return await buildOwn(kit, flavor, tell, signal);
    return await buildKernel(kit, flavor, tell, signal);
  } finally {
    rmSync(stateFile(id), { force: true });
  }
}

/** A build of a flavor that is under way in some process, and how far it is. */
export function buildState(id: string): { pid: number; progress?: Progress } | undefined {
  const pid = lockHolder(cacheFolder('locks', `kernel-${id}`));
  if (!pid) return undefined;
  try {
    return { pid, progress: JSON.parse(readFileSync(stateFile(id), 'utf8')) as Progress };
  } catch {
    return { pid };
  }
}

/** The kernel of a flavor unless its recipe has changed since it was built. */
export function findCurrentKernel(id: string): Kernel | undefined {
  const flavor = loadFlavor(id);
  const kernel = findKernel(id);
  if (!kernel || !('source' in flavor)) return kernel;
  const request = cacheFolder('kernels', id, 'build', '.bringup-config');
  const current =
    existsSync(request) && essence(readFileSync(request, 'utf8')) === essence(requestOf(flavor));
  return current ? kernel : undefined;
}

/** True when some part of an unfinished build is there to go on from. */
export function begun(id: string): boolean {
  return (
    existsSync(cacheFolder('kernels', id, 'build')) && !existsSync(cacheFolder('kernels', id, 'kernel.json'))
  );
}

/** Drops a flavor's kernel and everything built for it. Throws E-BUSY while it is being built. */
export function removeKernel(id: string): void {
  const state = buildState(id);
  if (state) throw new BringupError('E-BUSY', `process ${state.pid} is building the kernel of ${id}`);
  rmSync(cacheFolder('kernels', id), { recursive: true, force: true });
  rmSync(dataFolder('kernels', id), { recursive: true, force: true }); // a learner's own flavor
}
