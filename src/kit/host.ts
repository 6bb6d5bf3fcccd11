// SPDX-License-Identifier: Apache-2.0
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { BringupError } from '../shared/errors.ts';
import { run } from '../shared/run.ts';
import { isRoot } from './sandbox.ts';

/** Programs the host must have, and the Debian packages that bring them. */
const needed: Record<string, string> = {
  mmdebstrap: 'mmdebstrap',
  bwrap: 'bubblewrap',
  git: 'git',
  ...(isRoot ? { setpriv: 'util-linux' } : { newuidmap: 'uidmap' }),
};

function hasProgram(name: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Packages of the host that are missing. */
export function missingPackages(): string[] {
  const packages = Object.entries(needed)
    .filter(([program]) => !hasProgram(program))
    .map(([, name]) => name);
  if (!existsSync('/usr/share/keyrings/debian-archive-keyring.gpg')) packages.push('debian-archive-keyring');
  return [...new Set(packages)];
}

/** Installs packages of the host with apt-get, through sudo when not root. Throws E-HOST-PACKAGES. */
export async function installPackages(packages: readonly string[], signal?: AbortSignal): Promise<void> {
  const next = `Install ${packages.join(' ')} with the host's package manager, then run it again.`;
  if (!hasProgram('apt-get'))
    throw new BringupError(
      'E-HOST-PACKAGES',
      `this host has no apt-get to install ${packages.join(' ')} with`,
      { next },
    );
  const elevate = isRoot ? [] : ['sudo'];
  if (!isRoot && !hasProgram('sudo'))
    throw new BringupError('E-HOST-PACKAGES', 'installing packages needs root, and there is no sudo', {
      next,
    });
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options = { env, ...(signal && { signal }) };
  await run([...elevate, 'apt-get', 'update'], options); // a list that is too old fails below, with a reason
  const result = await run(
    [...elevate, 'apt-get', 'install', '-y', '--no-install-recommends', ...packages],
    options,
  );
  if (result.status !== 0) {
    const why = result.stderr.toString().trim().split('\n').slice(-2).join(' ');
    throw new BringupError('E-HOST-PACKAGES', `apt-get could not install ${packages.join(' ')}: ${why}`, {
      next,
    });
  }
}

/** Bytes of memory that can be had without swapping. */
export function availableMemory(): number {
  const kilobytes = /^MemAvailable: +(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1];
  return Number(kilobytes ?? 0) * 1024;
}
