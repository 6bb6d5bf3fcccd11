// SPDX-License-Identifier: Apache-2.0
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kernelFolder, type Kernel } from '../kernel/kernel.ts';
import { sandboxFolder } from '../kernel/source.ts';
import type { Kit } from '../kit/kit.ts';
import { sandboxed } from '../kit/sandbox.ts';
import { withLock } from '../shared/lock.ts';
import { cacheFolder } from '../shared/paths.ts';
import { run } from '../shared/run.ts';

/** How make builds the module in /work of the sandbox. */
export interface ModuleMake {
  script: string;
  env: Record<string, string>;
}

/** What the kernel's documentation says to type; half of its time goes into asking the compiler what it can do. */
const documented = ({ buildTree }: Kernel): ModuleMake => ({
  script: `make -s -C ${buildTree} M=/work modules`,
  env: { SRCARCH: 'x86' }, // make exports it; objtool wants it when a saved command is repeated
});

/** What the kernel's Makefile runs once it knows that: the same rules, in the environment it had made. */
const direct = ({ buildTree }: Kernel, env: Record<string, string>): ModuleMake => {
  const make = `make -rRs --no-print-directory M=/work -f ${env['srctree']}/scripts/Makefile`;
  return {
    script: `cd ${buildTree}\n${make}.build obj=/work need-builtin=1 need-modorder=1\n${make}.modpost\n${make}.modfinal`,
    env,
  };
};

const known = new Map<string, ModuleMake>();

/**
 * How to build modules for a kernel: directly, when that was seen to make the very same files as the documented way,
 * which it does with the Makefiles of some versions; else the documented way. Found out once and kept with the kernel.
 */
export async function moduleMake(kit: Kit, kernel: Kernel): Promise<ModuleMake> {
  const key = `${kernel.id} ${kit.id}`;
  const file = join(kernelFolder(kernel.flavor), 'module-make.json');
  const found = known.get(key) ?? kept(file, key);
  const make = found ?? (await withLock(cacheFolder('locks', 'module-make'), () => findOut(kit, kernel)));
  if (!found) {
    writeFileSync(`${file}.new`, JSON.stringify({ key, make }));
    renameSync(`${file}.new`, file);
  }
  known.set(key, make);
  return make;
}

function kept(file: string, key: string): ModuleMake | undefined {
  if (!existsSync(file)) return undefined;
  const content = JSON.parse(readFileSync(file, 'utf8')) as { key: string; make: ModuleMake };
  return content.key === key ? content.make : undefined;
}

/** A module of several parts, whose Makefile tells its environment. */
const probe: Record<string, string> = {
  Kbuild:
    'obj-m := probe.o\nprobe-y := main.o part/other.o\nccflags-y := -DWANTED=1\n$(shell env -0 > /work/environment)\n',
  'main.c':
    '#include <linux/module.h>\nint other(void);\nstatic int __init start(void)\n{\n\treturn other() - WANTED;\n}\n' +
    'module_init(start);\nMODULE_DESCRIPTION("probe");\nMODULE_LICENSE("GPL");\n',
  'part/other.c': 'int other(void);\nint other(void)\n{\n\treturn WANTED;\n}\n',
};

/** Variables that belong to one run of make or of a shell. */
const ofOneRun = /^(MAKEFLAGS|MFLAGS|MAKELEVEL|MAKE_TERM\w*|PWD|OLDPWD|SHLVL|_)$/;

async function findOut(kit: Kit, kernel: Kernel): Promise<ModuleMake> {
  const usual = documented(kernel);
  const made = await files(kit, kernel, usual);
  const text = made.get('environment')?.toString() ?? '';
  const env = Object.fromEntries(
    text.split('\0').flatMap((line) => {
      const [name = '', ...value] = line.split('=');
      return name === '' || ofOneRun.test(name) ? [] : [[name, value.join('=')]];
    }),
  );
  const other = direct(kernel, env);
  const same = await files(kit, kernel, other);
  made.delete('environment');
  same.delete('environment');
  const alike = made.has('probe.ko') && made.size === same.size;
  return alike && [...made].every(([name, content]) => same.get(name)?.equals(content)) ? other : usual;
}

/** All files that building the probe leaves, by name. */
async function files(kit: Kit, kernel: Kernel, { script, env }: ModuleMake): Promise<Map<string, Buffer>> {
  const work = cacheFolder('builds', 'probe', 'work');
  rmSync(work, { recursive: true, force: true });
  sandboxFolder(work);
  sandboxFolder(join(work, 'part'));
  for (const [name, text] of Object.entries(probe)) writeFileSync(join(work, name), text);
  const place = { '/work': work };
  const sandbox = {
    kit: kit.root,
    readOnly: kernel.buildFolders,
    writable: place,
    cwd: kernel.buildTree,
    env,
  };
  await run(sandboxed(sandbox, ['sh', '-c', `set -e\n${script}`]), { deadline: 60_000, maxOutput: 1 << 20 });
  const names = readdirSync(work, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const read = names.map(({ parentPath, name }) => join(parentPath, name));
  return new Map(read.map((path) => [path.slice(work.length + 1), readFileSync(path)]));
}
