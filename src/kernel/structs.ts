// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Kit } from '../kit/kit.ts';
import { sandboxed } from '../kit/sandbox.ts';
import { run } from '../shared/run.ts';
import type { Kernel } from './kernel.ts';

/** Struct → member → byte offset; the size of the whole under 'sizeof'. */
export type Structs = Record<string, Record<string, number>>;

/** Structures the engine reads in a machine's memory and that vmcoreinfo does not describe. */
const wanted: Record<string, string[]> = {
  kmemleak_object: ['flags', 'object_list', 'pointer', 'size', 'min_count', 'trace_handle', 'jiffies'],
  stack_record: ['size', 'entries'],
  task_struct: ['tasks', 'pid', 'comm', 'kasan_depth'],
  module: ['list', 'name', 'mem'],
  module_memory: ['base', 'size'],
  workqueue_struct: ['list', 'name'],
  rq: ['clock'],
};

/**
 * Asks pahole for the offsets in the kernel's `vmlinux`. A kernel without one (Debian's own) gives
 * undefined; a structure or member that this kernel does not have is left out.
 */
export async function measureStructs(kit: Kit, kernel: Kernel): Promise<Structs | undefined> {
  const build = kernel.buildFolders['/build'];
  if (!build || !existsSync(join(build, 'vmlinux'))) return undefined;
  // From BTF, which takes milliseconds; one at a time, since a list of names leaves some out.
  const script = Object.keys(wanted).map((name) => `pahole -F btf -C ${name} /build/vmlinux`);
  const argv = sandboxed({ kit: kit.root, readOnly: { '/build': build } }, ['sh', '-c', script.join('\n')]);
  const { stdout } = await run(argv);
  const structs: Structs = {};
  let current: string | undefined;
  for (const line of stdout.toString().split('\n')) {
    current = /^struct (\w+) \{/.exec(line)?.[1] ?? current;
    const member = /(\w+)(?:\[\d+\])*(?: __attribute__\(.*\))?;\s*\/\*\s+(\d+)\s+\d+\s*\*\/$/.exec(line);
    if (current && member && wanted[current]?.includes(member[1]!)) {
      (structs[current] ??= {})[member[1]!] ??= Number(member[2]);
    }
    const size = /^\s*\/\* size: (\d+),/.exec(line)?.[1];
    if (current && size && structs[current]) structs[current]!['sizeof'] ??= Number(size);
  }
  return structs;
}
