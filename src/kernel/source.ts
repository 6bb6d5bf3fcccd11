// SPDX-License-Identifier: Apache-2.0
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Kit } from '../kit/kit.ts';
import { isRoot, sandboxUser } from '../kit/sandbox.ts';
import { BringupError } from '../shared/errors.ts';
import { withLock } from '../shared/lock.ts';
import { cacheFolder } from '../shared/paths.ts';
import type { OnProgress } from '../shared/progress.ts';
import { run } from '../shared/run.ts';

export interface Source {
  /** Debian's version of the package. */
  version: string;
  /** The unpacked tree. */
  tree: string;
}

/**
 * Downloads Debian packages into `folder` with the kit's own apt-get, which checks their signatures.
 * This is the one place where a program of the kit has the network. Throws E-KERNEL-SOURCE.
 */
export async function download(
  kit: Kit,
  packages: readonly string[],
  folder: string,
  signal?: AbortSignal,
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const argv = ['bwrap', '--die-with-parent', '--ro-bind', kit.root, '/', '--dev', '/dev', '--proc', '/proc'];
  argv.push(
    '--tmpfs',
    '/tmp',
    '--bind',
    folder,
    '/srv',
    '--ro-bind-try',
    '/etc/resolv.conf',
    '/etc/resolv.conf',
  );
  argv.push(
    '--ro-bind-try',
    '/etc/ssl/certs',
    '/etc/ssl/certs',
    '--tmpfs',
    '/var/cache/apt',
    '--chdir',
    '/srv',
  );
  if (!isRoot) argv.push('--unshare-user', '--uid', '0', '--gid', '0');
  argv.push('apt-get', '-o', 'APT::Sandbox::User=root', '-o', 'Debug::NoLocking=1', 'download', ...packages);
  const result = await run(argv, signal ? { signal } : {});
  if (result.status !== 0) {
    const why = result.stderr.toString().trim().split('\n').slice(-2).join(' ');
    throw new BringupError('E-KERNEL-SOURCE', `${packages.join(' ')} could not be downloaded: ${why}`);
  }
}

/** Fetches and unpacks a kernel source package unless it is there. */
export async function fetchSource(
  kit: Kit,
  name: string,
  onProgress: OnProgress,
  signal?: AbortSignal,
): Promise<Source> {
  const home = cacheFolder('sources', name);
  const manifest = join(home, 'source.json');
  return withLock(cacheFolder('locks', `source-${name}`), async () => {
    if (existsSync(manifest)) return JSON.parse(readFileSync(manifest, 'utf8')) as Source;
    mkdirSync(cacheFolder('sources'), { recursive: true });
    const work = mkdtempSync(join(cacheFolder('sources'), `.${name}-`));
    try {
      onProgress({ task: 'kernel', subject: name, phase: 'downloading' });
      await download(kit, [name], work, signal);
      const deb = readdirSync(work).find((file) => file.endsWith('.deb'))!;
      onProgress({ task: 'kernel', subject: name, phase: 'unpacking' });
      mkdirSync(join(work, 'tree'));
      const unpack = `dpkg-deb --fsys-tarfile ${deb} | tar -x -O --wildcards './usr/src/*.tar.xz' | tar -x -J -C tree --strip-components=1 --no-same-owner`;
      const result = await run([...enter(kit, work), 'sh', '-ec', unpack], signal ? { signal } : {});
      if (result.status !== 0)
        throw new BringupError(
          'E-KERNEL-SOURCE',
          `${deb} could not be unpacked: ${result.stderr.toString().slice(-300)}`,
        );
      rmSync(join(work, deb));
      const version = deb.split('_')[1]!.replaceAll('%3a', ':');
      const source: Source = { version, tree: join(home, 'tree') };
      writeFileSync(join(work, 'source.json'), `${JSON.stringify(source)}\n`);
      rmSync(home, { recursive: true, force: true });
      renameSync(work, home);
      return source;
    } catch (error) {
      rmSync(work, { recursive: true, force: true });
      throw error;
    }
  });
}

/** Runs something of the kit on a folder of ours, without network. */
function enter(kit: Kit, folder: string): string[] {
  return [
    'bwrap',
    '--die-with-parent',
    '--unshare-net',
    '--ro-bind',
    kit.root,
    '/',
    '--dev',
    '/dev',
    '--proc',
    '/proc',
    '--tmpfs',
    '/tmp',
    '--bind',
    folder,
    '/srv',
    '--chdir',
    '/srv',
  ];
}

/** Unpacks .deb files into `into`, and gives what was unpacked to the sandbox's user when we are root. */
export async function unpackDebs(kit: Kit, folder: string, into: string): Promise<void> {
  mkdirSync(join(folder, into), { recursive: true });
  const result = await run([
    ...enter(kit, folder),
    'sh',
    '-ec',
    `for deb in *.deb; do dpkg-deb -x "$deb" ${into}; done`,
  ]);
  if (result.status !== 0)
    throw new BringupError(
      'E-KERNEL-SOURCE',
      `packages could not be unpacked: ${result.stderr.toString().slice(-300)}`,
    );
}

/** Makes a folder that sandboxed programs may write to. */
export function sandboxFolder(path: string): string {
  mkdirSync(path, { recursive: true });
  if (isRoot) chownSync(path, sandboxUser, sandboxUser);
  return path;
}
