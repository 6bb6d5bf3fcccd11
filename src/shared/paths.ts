// SPDX-License-Identifier: Apache-2.0
import { homedir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

/** The top of the checkout. */
export const repository = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/**
 * Where everything lives that can be made again: kit, kernels, templates, builds.
 * BRINGUP_CACHE, else bringup/ under the XDG cache folder.
 */
export function cacheFolder(...parts: string[]): string {
  const base =
    process.env['BRINGUP_CACHE'] ??
    join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'bringup');
  return join(base, ...parts);
}

/**
 * Where a learner's own history lives, which can not be made again.
 * BRINGUP_DATA, else bringup/ under the XDG data folder.
 */
export function dataFolder(...parts: string[]): string {
  const base =
    process.env['BRINGUP_DATA'] ??
    join(process.env['XDG_DATA_HOME'] ?? join(homedir(), '.local', 'share'), 'bringup');
  return join(base, ...parts);
}
