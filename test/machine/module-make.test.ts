// SPDX-License-Identifier: Apache-2.0
// The short way of building a module is taken for the kernels we build, and where it is not known to make the very
// same files as the documented one, the documented one is.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findKernel, kernelFolder, type Kernel } from '../../src/kernel/kernel.ts';
import { requireKit } from '../../src/kit/kit.ts';
import { moduleMake } from '../../src/lab/module-make.ts';

const kit = requireKit();

test.each(['core', 'quick'])('modules for %s are built directly', async (flavor) => {
  const { script, env } = await moduleMake(kit, findKernel(flavor)!);
  expect(script).toContain('/scripts/Makefile.build');
  expect(env['KERNELRELEASE']).toBe(findKernel(flavor)!.release);
  expect(existsSync(join(kernelFolder(flavor), 'module-make.json'))).toBe(true);
});

test('a kernel whose rules make something else that way is built as documented', async () => {
  const core = findKernel('core')!;
  const folder = mkdtempSync(join(tmpdir(), 'bringup-make-'));
  try {
    // The same tree, but for a rule that only the short way leaves out.
    const odd = join(folder, 'build');
    mkdirSync(odd);
    const build = core.buildFolders['/build']!;
    const makefile = readFileSync(join(build, 'Makefile'), 'utf8');
    writeFileSync(join(odd, 'Makefile'), `${makefile}\nmodules: odd\nodd:\n\ttouch /work/odd\n.PHONY: odd\n`);
    const kernel: Kernel = {
      ...core,
      id: 'odd',
      flavor: 'odd',
      buildFolders: { ...core.buildFolders, '/build/Makefile': join(odd, 'Makefile') },
    };
    mkdirSync(kernelFolder('odd'));
    expect((await moduleMake(kit, kernel)).script).toBe('make -s -C /build M=/work modules');
  } finally {
    rmSync(folder, { recursive: true });
    rmSync(kernelFolder('odd'), { recursive: true, force: true });
  }
});
