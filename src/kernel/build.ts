// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Kit } from '../kit/kit.ts';
import { sandboxed } from '../kit/sandbox.ts';
import { BringupError } from '../shared/errors.ts';
import { withLock } from '../shared/lock.ts';
import { cacheFolder } from '../shared/paths.ts';
import type { OnProgress } from '../shared/progress.ts';
import { run, type RunResult } from '../shared/run.ts';
import { unmet } from './config.ts';
import type { BuiltFlavor } from './flavor.ts';
import { findKernel, kernelFolder, type Kernel } from './kernel.ts';
import { essence, requestOf } from './request.ts';
import { fetchSource, sandboxFolder, type Source } from './source.ts';

/**
 * Builds a flavor's kernel unless this very one is there. kbuild itself goes on where an interrupted
 * build stopped. Throws E-KERNEL-CONFIG or E-KERNEL-BUILD.
 */
export async function buildKernel(
  kit: Kit,
  flavor: BuiltFlavor,
  onProgress: OnProgress,
  signal?: AbortSignal,
): Promise<Kernel> {
  return withLock(cacheFolder('locks', `kernel-${flavor.id}`), async () => {
    const source = await fetchSource(kit, flavor.source, onProgress, signal);
    const request = requestOf(flavor);
    const id = kernelId(flavor, source, kit, request);
    const present = findKernel(flavor.id);
    if (present?.id === id) return present;

    const home = kernelFolder(flavor.id);
    const out = sandboxFolder(join(home, 'build'));
    rmSync(join(home, 'kernel.json'), { force: true });
    const make = (args: string[], onOutput?: (chunk: Buffer) => void): Promise<RunResult> => {
      const argv = sandboxed(
        {
          kit: kit.root,
          readOnly: { '/source': source.tree },
          writable: { '/build': out },
          cwd: '/source',
          env: reproducible,
        },
        ['nice', 'make', 'O=/build', ...args],
      );
      return run(argv, { ...(onOutput && { onOutput }), ...(signal && { signal }) });
    };

    const subject = `${flavor.id} ${source.version.split('-')[0]}`;
    onProgress({ task: 'kernel', subject, phase: 'configuring' });
    await configure(request, out, make);
    await compile(subject, home, make, onProgress, signal);

    const kernel: Kernel = {
      id,
      flavor: flavor.id,
      release: readFileSync(join(out, 'include/config/kernel.release'), 'utf8').trim(),
      source: source.version,
      image: { folder: join(home, 'image'), name: 'bzImage' },
      buildFolders: { '/source': source.tree, '/build': out },
      buildTree: '/build',
      sourceTree: '/source',
      bootModules: [],
      madeAt: new Date().toISOString(),
    };
    mkdirSync(kernel.image.folder, { recursive: true });
    copyFileSync(join(out, 'arch/x86/boot/bzImage'), join(kernel.image.folder, 'bzImage'));
    await keepOnlyWhatModulesNeed(kit, out);
    writeFileSync(join(home, 'kernel.json'), `${JSON.stringify(kernel, null, 2)}\n`);
    onProgress({ task: 'kernel', subject, phase: 'done', finished: true });
    return kernel;
  });
}

// The same source gives the same image, whoever builds it and when.
const reproducible = {
  KBUILD_BUILD_TIMESTAMP: '1970-01-01',
  KBUILD_BUILD_USER: 'bringup',
  KBUILD_BUILD_HOST: 'kit',
};

function kernelId(flavor: BuiltFlavor, source: Source, kit: Kit, request: string): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([source.version, kit.id, essence(request), 1]))
    .digest('hex');
  return `${flavor.id}-${source.version}-${digest.slice(0, 8)}`;
}

async function configure(
  request: string,
  out: string,
  make: (args: string[]) => Promise<RunResult>,
): Promise<void> {
  // A request that did not change leaves .config alone, so that kbuild does not start over.
  const file = join(out, '.bringup-config');
  if (existsSync(file) && existsSync(join(out, '.config'))) {
    if (essence(readFileSync(file, 'utf8')) === essence(request)) return;
  }
  writeFileSync(file, request);
  const result = await make(['-s', 'KCONFIG_ALLCONFIG=/build/.bringup-config', 'allnoconfig']);
  if (result.status !== 0)
    throw new BringupError('E-KERNEL-CONFIG', `configuration failed: ${result.stderr.toString().trim()}`);
  const problems = unmet(request, readFileSync(join(out, '.config'), 'utf8'));
  if (problems.length > 0) {
    rmSync(file);
    throw new BringupError('E-KERNEL-CONFIG', problems.join('; '));
  }
}

/** Steps of a build that take time, as kbuild prints them. */
const step = /^ {2}(CC|CC \[M\]|AS|LD|LD \[M\]|AR|BTF|MODPOST) /gm;

async function compile(
  subject: string,
  home: string,
  make: (args: string[], onOutput: (chunk: Buffer) => void) => Promise<RunResult>,
  onProgress: OnProgress,
  signal?: AbortSignal,
): Promise<void> {
  const log = join(cacheFolder('logs'), `kernel-${subject.split(' ')[0]}.log`);
  mkdirSync(cacheFolder('logs'), { recursive: true });
  const countFile = join(home, 'steps.json'); // how many steps there were, to go on counting after an interruption
  const before = existsSync(countFile) ? Number(readFileSync(countFile, 'utf8')) : 0;
  let done = before;
  const report = (): void =>
    onProgress({
      task: 'kernel',
      subject,
      phase: 'compiling',
      done: Math.min(done, expectedSteps),
      total: expectedSteps,
      unit: 'steps',
    });
  report();
  const result = await make([`-j${availableParallelism()}`, 'bzImage', 'modules'], (chunk) => {
    done += chunk.toString().match(step)?.length ?? 0;
    report();
  });
  // What a whole build made is dropped, so the next one starts over.
  if (result.status === 0) rmSync(countFile, { force: true });
  else writeFileSync(countFile, String(done));
  writeFileSync(log, Buffer.concat([result.stdout, result.stderr]));
  if (signal?.aborted) throw new BringupError('E-KERNEL-BUILD', 'interrupted while building the kernel');
  if (result.status !== 0)
    throw new BringupError(
      'E-KERNEL-BUILD',
      `make ended with status ${result.status}; its output is in ${log}`,
    );
}

// Steps of the core flavor's build, counted; others are near enough for a bar.
const expectedSteps = 1900;

/** Objects are two thirds of the folder and are not needed to build modules or read the kernel. */
async function keepOnlyWhatModulesNeed(kit: Kit, out: string): Promise<void> {
  const keep = String.raw`find /build \( -name '*.o' -o -name '*.a' -o -name '.*.cmd' -o -name 'vmlinux.unstripped' -o -name '.tmp_vmlinux*' \) ! -path '/build/scripts/*' ! -path '/build/tools/*' -delete`;
  await run(sandboxed({ kit: kit.root, writable: { '/build': out } }, ['sh', '-c', keep]));
}
