// SPDX-License-Identifier: Apache-2.0
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Kit } from '../kit/kit.ts';
import { BringupError } from '../shared/errors.ts';
import { withLock } from '../shared/lock.ts';
import { cacheFolder } from '../shared/paths.ts';
import type { OnProgress } from '../shared/progress.ts';
import { run } from '../shared/run.ts';
import type { PrebuiltFlavor } from './flavor.ts';
import { findKernel, kernelFolder, type Kernel } from './kernel.ts';
import { download, unpackDebs } from './source.ts';

/** Fetches a kernel of Debian's as it is, with what is needed to build modules for it. */
export async function fetchPrebuilt(
  kit: Kit,
  flavor: PrebuiltFlavor,
  onProgress: OnProgress,
  signal?: AbortSignal,
): Promise<Kernel> {
  return withLock(cacheFolder('locks', `kernel-${flavor.id}`), async () => {
    const present = findKernel(flavor.id);
    if (present) return present;
    const subject = `${flavor.id} (Debian's own)`;
    onProgress({ task: 'kernel', subject, phase: 'downloading' });
    const home = kernelFolder(flavor.id);
    rmSync(home, { recursive: true, force: true });
    mkdirSync(home, { recursive: true });
    const packages = [
      ...(await closure(kit, flavor.prebuilt, /^linux-image-\d/)),
      ...(await closure(kit, flavor.headers, /^linux-(headers|kbuild)-\d/)),
    ];
    await download(kit, packages, home, signal);
    onProgress({ task: 'kernel', subject, phase: 'unpacking' });
    await unpackDebs(kit, home, 'root');
    const root = join(home, 'root');
    const image = readdirSync(join(root, 'boot')).find((name) => name.startsWith('vmlinuz-'));
    const release = image?.slice('vmlinuz-'.length);
    if (!image || !release)
      throw new BringupError('E-KERNEL-SOURCE', `${flavor.prebuilt} has no /boot/vmlinuz`);
    mkdirSync(join(home, 'image'));
    copyFileSync(join(root, 'boot', image), join(home, 'image', 'vmlinuz'));
    gatherHeaders(root);
    const kernel: Kernel = {
      id: `${flavor.id}-${release}`,
      flavor: flavor.id,
      release,
      source: release,
      image: { folder: join(home, 'image'), name: 'vmlinuz' },
      buildFolders: { '/usr/src': join(root, 'usr/src') },
      buildTree: `/usr/src/linux-headers-${release}`,
      bootModules: [],
      madeAt: new Date().toISOString(),
    };
    for (const name of readdirSync(home)) if (name.endsWith('.deb')) rmSync(join(home, name));
    for (const name of ['usr/lib', 'boot', 'lib']) rmSync(join(root, name), { recursive: true, force: true });
    writeFileSync(join(home, 'kernel.json'), `${JSON.stringify(kernel, null, 2)}\n`);
    onProgress({ task: 'kernel', subject, phase: 'done', finished: true });
    return kernel;
  });
}

/** The packages a package leads to by dependencies whose names match; metapackages resolve to real ones. */
async function closure(kit: Kit, name: string, wanted: RegExp): Promise<string[]> {
  const argv = [
    'bwrap',
    '--ro-bind',
    kit.root,
    '/',
    '--tmpfs',
    '/var/cache/apt',
    '--tmpfs',
    '/tmp',
    '--dev',
    '/dev',
    'apt-cache',
    'depends',
    '--recurse',
    '--no-recommends',
    '--no-suggests',
    '--no-conflicts',
    '--no-breaks',
    '--no-replaces',
    '--no-enhances',
    name,
  ];
  const { stdout, status, stderr } = await run(argv);
  if (status !== 0)
    throw new BringupError(
      'E-KERNEL-SOURCE',
      `apt-cache knows nothing of ${name}: ${stderr.toString().trim()}`,
    );
  const names = stdout
    .toString()
    .split('\n')
    .filter((line) => wanted.test(line));
  return [...new Set(names)];
}

/**
 * Debian spreads the headers over /usr/src and /usr/lib/linux-kbuild-*, joined by links. The sandbox
 * shows one folder at /usr/src, so kbuild's part is moved there and the links follow.
 */
function gatherHeaders(root: string): void {
  const sources = join(root, 'usr/src');
  const lib = join(root, 'usr/lib');
  const kbuild = readdirSync(lib).find((name) => name.startsWith('linux-kbuild-'));
  if (!kbuild) throw new BringupError('E-KERNEL-SOURCE', 'the kernel headers came without kbuild');
  rmSync(join(sources, kbuild), { force: true }); // a link to where it was
  renameSync(join(lib, kbuild), join(sources, kbuild));
  for (const headers of readdirSync(sources)) {
    for (const part of ['scripts', 'tools']) {
      const path = join(sources, headers, part);
      if (!headers.startsWith('linux-headers-') || !existsSync(join(sources, kbuild, part))) continue;
      if (existsSync(path)) continue;
      try {
        unlinkSync(path);
      } catch {
        continue; // it never was there
      }
      symlinkSync(`../${kbuild}/${part}`, path);
    }
  }
}
