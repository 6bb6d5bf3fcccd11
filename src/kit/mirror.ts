// SPDX-License-Identifier: Apache-2.0
import { run } from '../shared/run.ts';

export const suite = 'trixie';

/**
 * The apt sources a kit is made from, as lines of sources.list(5): the host's own mirror when the host
 * is a Debian (whatever its release), else nothing, and mmdebstrap uses its default.
 */
export async function aptSources(): Promise<string[]> {
  const targets = await indexTargets();
  const debian = targets.find(({ label }) => label === 'Debian')?.uri;
  if (!debian) return [];
  const security = targets.find(({ label }) => label === 'Debian-Security')?.uri;
  return [
    ...[suite, `${suite}-updates`, `${suite}-backports`].map((name) => `deb ${debian} ${name} main`),
    ...(security ? [`deb ${security} ${suite}-security main`] : []),
  ];
}

/** What apt-get knows of its repositories; empty on a host without apt. */
async function indexTargets(): Promise<{ label: string; uri: string }[]> {
  try {
    const { stdout } = await run(['apt-get', 'indextargets', '--format', '$(LABEL)\t$(REPO_URI)']);
    return stdout
      .toString()
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split('\t') as [string, string])
      .map(([label, uri]) => ({ label, uri }));
  } catch {
    return [];
  }
}

/** Proxy settings of the host's apt, as options for mmdebstrap and apt-get. */
export async function aptProxy(): Promise<string[]> {
  try {
    const { stdout } = await run(['apt-config', 'dump', '--format', '%f "%v";%n', 'Acquire']);
    return stdout
      .toString()
      .split('\n')
      .filter((line) => /^Acquire::https?::proxy/i.test(line));
  } catch {
    return [];
  }
}
