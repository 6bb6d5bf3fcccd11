// SPDX-License-Identifier: Apache-2.0
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import type { Kit } from '../kit/kit.ts';
import { sandboxed } from '../kit/sandbox.ts';
import { BringupError } from '../shared/errors.ts';
import { withLock } from '../shared/lock.ts';
import { cacheFolder, dataFolder, repository } from '../shared/paths.ts';
import type { OnProgress } from '../shared/progress.ts';
import { run } from '../shared/run.ts';
import { kernelFolder, type Kernel } from './kernel.ts';
import { loadFlavor, type BuiltFlavor, type OwnFlavor } from './flavor.ts';
import { requestOf } from './request.ts';
import { sandboxFolder } from './source.ts';

/** Makes a flavor of a learner's own source tree. Throws E-KERNEL-TREE. Gives the flavor's id. */
export function addTree(path: string, id: string): string {
  const tree = resolve(path);
  if (!/^[a-z0-9][a-z0-9-]*$/.test(id) || existsSync(join(repository, 'kernels', id))) {
    throw new BringupError('E-KERNEL-TREE', `"${id}" can't be the name of a flavor`, {
      next: 'Choose another with --name.',
    });
  }
  const makefile = join(tree, 'Makefile');
  if (!existsSync(makefile) || !/^VERSION = \d+$/m.test(readFileSync(makefile, 'utf8'))) {
    throw new BringupError('E-KERNEL-TREE', `${tree} is not the top of a kernel source tree`);
  }
  if (existsSync(join(tree, '.config')) || existsSync(join(tree, 'include/config'))) {
    throw new BringupError(
      'E-KERNEL-TREE',
      `${tree} was configured in place, and kbuild refuses to build such a tree elsewhere`,
      {
        next: 'Run `make mrproper` in it (keep your .config elsewhere), or add a clean worktree of it.',
      },
    );
  }
  const folder = dataFolder('kernels', id);
  mkdirSync(folder, { recursive: true });
  const { sentinels, memory, commandLine } = loadFlavor('core');
  const flavor = {
    title: `your tree ${tree}`,
    arch: 'x86_64',
    memory: `${memory >> 20}M`,
    commandLine,
    tree,
    sentinels,
  };
  writeFileSync(join(folder, 'flavor.yaml'), stringify(flavor));
  return id;
}

/**
 * Builds a learner's tree with the core flavor's configuration, outside the tree. Options that this
 * version of the kernel does not have are left out: it may be older or newer than the one they are for.
 */
export async function buildOwn(
  kit: Kit,
  flavor: OwnFlavor,
  onProgress: OnProgress,
  signal?: AbortSignal,
): Promise<Kernel> {
  if (!statSync(flavor.tree, { throwIfNoEntry: false })?.isDirectory()) {
    throw new BringupError('E-KERNEL-TREE', `${flavor.tree} is gone`, {
      next: `Run \`bringup kernel remove ${flavor.id}\`, or put it back.`,
    });
  }
  return withLock(cacheFolder('locks', `kernel-${flavor.id}`), async () => {
    const home = kernelFolder(flavor.id);
    const out = sandboxFolder(join(home, 'build'));
    writeFileSync(join(out, '.bringup-config'), requestOf(loadFlavor('core') as BuiltFlavor));
    const make = async (args: string[], onOutput?: (chunk: Buffer) => void): Promise<void> => {
      const argv = sandboxed(
        { kit: kit.root, readOnly: { '/source': flavor.tree }, writable: { '/build': out }, cwd: '/source' },
        ['make', 'O=/build', ...args],
      );
      const result = await run(argv, { ...(onOutput && { onOutput }), ...(signal && { signal }) });
      if (result.status !== 0) {
        const log = cacheFolder('logs', `kernel-${flavor.id}.log`);
        mkdirSync(cacheFolder('logs'), { recursive: true });
        writeFileSync(log, Buffer.concat([result.stdout, result.stderr]));
        throw new BringupError(
          'E-KERNEL-BUILD',
          `make ${args[0]} ended with status ${result.status}; its output is in ${log}`,
        );
      }
    };
    if (!existsSync(join(out, '.config')))
      await make(['-s', 'KCONFIG_ALLCONFIG=/build/.bringup-config', 'allnoconfig']);
    let done = 0;
    await make([`-j${availableParallelism()}`, 'bzImage', 'modules'], (chunk) => {
      done += chunk.toString().match(/^ {2}(CC|LD|AR|AS) /gm)?.length ?? 0;
      onProgress({ task: 'kernel', subject: flavor.id, phase: `compiling, ${done} steps` });
    });
    const release = readFileSync(join(out, 'include/config/kernel.release'), 'utf8').trim();
    const image = join(home, 'image');
    mkdirSync(image, { recursive: true });
    copyFileSync(join(out, 'arch/x86/boot/bzImage'), join(image, 'bzImage'));
    const kernel: Kernel = {
      id: `${flavor.id}-${release}-${Math.round(statSync(join(out, 'vmlinux')).mtimeMs)}`,
      flavor: flavor.id,
      release,
      source: flavor.tree,
      image: { folder: image, name: 'bzImage' },
      buildFolders: { '/source': flavor.tree, '/build': out },
      buildTree: '/build',
      sourceTree: '/source',
      bootModules: [],
      madeAt: new Date().toISOString(),
    };
    writeFileSync(join(home, 'kernel.json'), `${JSON.stringify(kernel, null, 2)}\n`);
    onProgress({ task: 'kernel', subject: flavor.id, phase: 'done', finished: true });
    return kernel;
  });
}
