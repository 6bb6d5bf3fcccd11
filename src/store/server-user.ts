// SPDX-License-Identifier: Apache-2.0
import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** User and group of the server when bringup runs as root, which PostgreSQL refuses: nobody. Else undefined. */
export const serverUser = process.getuid?.() === 0 ? 65534 : undefined;

/** CAP_DAC_READ_SEARCH of capabilities(7): passing folders that are closed to others. */
const readSearch = 2n;

/**
 * The command line that runs `argv` as the server's user. As root it changes to `nobody`, who has no way into
 * root's home. When one of `needs` (absolute paths) lies in such a folder, the process keeps one capability:
 * to read where nobody could not; a mount namespace would take more privileges.
 */
export function asServerUser(argv: readonly string[], needs: readonly string[]): string[] {
  if (serverUser === undefined) return [...argv];
  const ids = [`--reuid=${serverUser}`, `--regid=${serverUser}`, '--clear-groups'];
  const closed = needs.some((path) => !isReachable(path)) && hasReadSearch();
  const kept = closed ? '-all,+dac_read_search' : '-all';
  const capabilities = [`--inh-caps=${kept}`, `--bounding-set=${kept}`];
  // Without it access(2), by which PostgreSQL looks for its own program, would not heed the capability.
  if (closed) capabilities.push(`--ambient-caps=${kept}`, '--securebits=+no_setuid_fixup');
  return ['setpriv', ...ids, ...capabilities, '--', ...argv];
}

/** True when everybody may pass all folders above a path. */
function isReachable(path: string): boolean {
  const above = dirname(path);
  return above === path || ((statSync(above).mode & 0o001) !== 0 && isReachable(above));
}

/** True when this process may hand on the capability; in some containers root may not. */
function hasReadSearch(): boolean {
  const bounding = /^CapBnd:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return bounding !== undefined && ((BigInt(`0x${bounding}`) >> readSearch) & 1n) === 1n;
}
