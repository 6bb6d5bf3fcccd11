// SPDX-License-Identifier: Apache-2.0
import {
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
import { BringupError } from '../shared/errors.ts';
import { withLock } from '../shared/lock.ts';
import { cacheFolder } from '../shared/paths.ts';
import type { OnProgress } from '../shared/progress.ts';
import { run } from '../shared/run.ts';
import { packages, preferences, recipeId } from './contents.ts';
import { aptProxy, aptSources, suite } from './mirror.ts';

export interface Kit {
  id: string;
  /** The root folder. */
  root: string;
  madeAt: string;
  /** Version of each Debian package in it. */
  versions: Record<string, string>;
}

const kitFolder = (id: string): string => cacheFolder('kits', id);

/** The kit of this checkout's recipe, or undefined when it has not been made. */
export function findKit(): Kit | undefined {
  const manifest = join(kitFolder(recipeId()), 'kit.json');
  return existsSync(manifest) ? (JSON.parse(readFileSync(manifest, 'utf8')) as Kit) : undefined;
}

/** The kit; throws E-KIT-MISSING when it has not been made. */
export function requireKit(): Kit {
  const kit = findKit();
  if (!kit)
    throw new BringupError('E-KIT-MISSING', 'the kit (Debian toolchain and QEMU) has not been made yet');
  return kit;
}

/**
 * Makes the kit unless it is there. mmdebstrap writes a tar, which is unpacked as the user beside the
 * final place and renamed into it: a kit is whole or absent. Throws E-KIT-BUILD.
 */
export async function makeKit(onProgress: OnProgress, signal?: AbortSignal): Promise<Kit> {
  const id = recipeId();
  return withLock(cacheFolder('locks', `kit-${id}`), async () => {
    const present = findKit();
    if (present) return present;
    const parent = cacheFolder('kits');
    mkdirSync(parent, { recursive: true });
    for (const old of leftovers(parent, id)) rmSync(old, { recursive: true, force: true });
    const work = mkdtempSync(join(parent, `.${id}-`));
    try {
      await bootstrap(work, onProgress, signal);
      const root = join(kitFolder(id), 'root');
      const kit: Kit = {
        id,
        root,
        madeAt: new Date().toISOString(),
        versions: packageVersions(join(work, 'root')),
      };
      writeFileSync(join(work, 'kit.json'), `${JSON.stringify(kit, null, 2)}\n`);
      rmSync(join(work, 'kit.tar'), { force: true });
      renameSync(work, kitFolder(id));
      onProgress({ task: 'kit', subject: 'Debian 13 toolchain', phase: 'done', finished: true });
      return kit;
    } catch (error) {
      rmSync(work, { recursive: true, force: true });
      throw error;
    }
  });
}

/** What an interrupted run left; the lock says that nobody is working on it. */
function leftovers(parent: string, id: string): string[] {
  return readdirSync(parent)
    .filter((name) => name.startsWith(`.${id}-`))
    .map((name) => join(parent, name));
}

async function bootstrap(work: string, onProgress: OnProgress, signal?: AbortSignal): Promise<void> {
  const tar = join(work, 'kit.tar');
  const pins = join(work, 'preferences');
  writeFileSync(pins, preferences);
  const log: Buffer[] = [];
  const report = progressOf(onProgress);
  const result = await run(
    [
      'mmdebstrap',
      `--mode=${process.getuid?.() === 0 ? 'root' : 'unshare'}`,
      '--verbose', // it prints a line a package, from which progress is told
      '--variant=minbase',
      '--skip=cleanup/apt/lists', // kernel sources are downloaded with the kit's own apt-get
      '--aptopt=Acquire::Languages "none"',
      '--aptopt=Acquire::GzipIndexes "true"',
      '--aptopt=APT::Install-Recommends "false"',
      ...(await aptProxy()).map((option) => `--aptopt=${option}`),
      ...['man', 'doc', 'locale', 'info'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
      `--setup-hook=copy-in ${pins} /etc/apt/preferences.d`,
      `--include=${packages.join(',')}`,
      suite,
      tar,
      ...(await aptSources()),
    ],
    {
      onOutput: (chunk) => {
        log.push(chunk);
        report(chunk.toString());
      },
      ...(signal && { signal }),
    },
  );
  if (signal?.aborted) throw new BringupError('E-KIT-BUILD', 'interrupted while making the kit');
  if (result.status !== 0) {
    const file = cacheFolder('logs', 'kit.log');
    mkdirSync(cacheFolder('logs'), { recursive: true });
    writeFileSync(file, Buffer.concat(log));
    throw new BringupError(
      'E-KIT-BUILD',
      `mmdebstrap ended with status ${result.status}; its output is in ${file}`,
    );
  }
  onProgress({ task: 'kit', subject: 'Debian 13 toolchain', phase: 'unpacking' });
  mkdirSync(join(work, 'root'));
  // Device nodes can't be made by a user and are not needed: the sandbox brings its own /dev.
  const untar = await run([
    'tar',
    '-C',
    join(work, 'root'),
    '--exclude=./dev/*',
    '--no-same-owner',
    '-xf',
    tar,
  ]);
  if (untar.status !== 0)
    throw new BringupError('E-KIT-BUILD', `the kit could not be unpacked: ${untar.stderr.toString().trim()}`);
}

/** mmdebstrap prints a line for each package it unpacks and configures. */
function progressOf(onProgress: OnProgress): (text: string) => void {
  let unpacked = 0;
  let configured = 0;
  let wanted = 330; // until apt has said how many
  return (text) => {
    const total = /(\d+) newly installed/.exec(text)?.[1];
    if (total) wanted = Number(total) + 60;
    unpacked += text.match(/^(Unpacking|Selecting previously) /gm)?.length ?? 0;
    configured += text.match(/^Setting up /gm)?.length ?? 0;
    const done = Math.min(wanted, Math.round((unpacked / 2 + configured) / 2));
    onProgress({
      task: 'kit',
      subject: 'Debian 13 toolchain',
      phase: configured > 70 ? 'setting up' : unpacked > 0 ? 'unpacking' : 'downloading',
      done,
      total: wanted,
      unit: 'packages',
    });
  };
}

/** Versions from dpkg's own list of what is installed. */
function packageVersions(root: string): Record<string, string> {
  const status = readFileSync(join(root, 'var/lib/dpkg/status'), 'utf8');
  const versions: Record<string, string> = {};
  for (const paragraph of status.split('\n\n')) {
    const name = /^Package: (.+)$/m.exec(paragraph)?.[1];
    const version = /^Version: (.+)$/m.exec(paragraph)?.[1];
    if (name && version) versions[name] = version;
  }
  return versions;
}
