// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Kernel } from '../kernel/kernel.ts';
import { sandboxFolder } from '../kernel/source.ts';
import type { Kit } from '../kit/kit.ts';
import { sandboxed } from '../kit/sandbox.ts';
import { BringupError } from '../shared/errors.ts';
import { cacheFolder } from '../shared/paths.ts';
import { run } from '../shared/run.ts';
import type { Machine } from '../machine/machine.ts';
import type { Bench } from './bench.ts';
import { Guest } from './guest.ts';

/** Loads modules that belong to the kernel, each after what it needs. Throws E-LAB-BROKEN, E-TEMPLATE. */
export async function loadKernelModules(
  { kit, judge }: Bench,
  machine: Machine,
  names: readonly string[],
): Promise<void> {
  const images = new Map<string, Buffer>();
  for (const name of names) await collect(kit, judge.kernel, name, images);
  const guest = new Guest(machine, images);
  for (const name of images.keys()) await guest.load(name);
}

/** Adds a module and, before it, those it depends on. */
async function collect(kit: Kit, kernel: Kernel, name: string, images: Map<string, Buffer>): Promise<void> {
  const same = (other: string): boolean => other.replaceAll('-', '_') === name.replaceAll('-', '_');
  if ([...images.keys()].some(same)) return;
  const file = modulesOf(kernel).find((path) => same(basename(path, '.o')));
  if (file === undefined)
    throw new BringupError('E-LAB-BROKEN', `the kernel ${kernel.id} has no module ${name}`);
  const image = await stripped(kit, file.replace(/\.o$/, '.ko'));
  for (const needed of dependencies(image)) await collect(kit, kernel, needed, images);
  images.set(name, image);
}

/** Host paths of the objects that kbuild made modules of (modules.order). */
function modulesOf(kernel: Kernel): string[] {
  const tree = kernel.buildFolders['/build'];
  const order = tree && join(tree, 'modules.order');
  if (!order || !existsSync(order)) return [];
  return readFileSync(order, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => join(tree, line));
}

/** The `depends` entry of a module's .modinfo section: name=value strings, each ended by a zero byte. */
function dependencies(image: Buffer): string[] {
  const mark = Buffer.from('\0depends=');
  const at = image.indexOf(mark);
  if (at < 0) return [];
  const start = at + mark.length;
  return image
    .subarray(start, image.indexOf(0, start))
    .toString('latin1')
    .split(',')
    .filter((name) => name !== '');
}

const cache = new Map<string, Promise<Buffer>>();

/** A module of the kernel as it is loaded: without debug information. */
function stripped(kit: Kit, file: string): Promise<Buffer> {
  const known = cache.get(file);
  if (known) return known;
  const work = (async () => {
    const out = sandboxFolder(mkdtempSync(join(cacheFolder('builds'), '.strip-')));
    try {
      const argv = ['strip', '--strip-debug', '-o', '/out/module.ko', '/module.ko'];
      const result = await run(
        sandboxed({ kit: kit.root, readOnly: { '/module.ko': file }, writable: { '/out': out } }, argv),
      );
      if (result.status !== 0)
        throw new BringupError('E-TEMPLATE', `${file} could not be read: ${result.stderr.toString().trim()}`);
      return readFileSync(join(out, 'module.ko'));
    } finally {
      rmSync(out, { recursive: true, force: true });
    }
  })();
  cache.set(file, work);
  work.catch(() => cache.delete(file));
  return work;
}
