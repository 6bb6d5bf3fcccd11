// SPDX-License-Identifier: Apache-2.0
import type { Kit } from '../kit/kit.ts';
import { sandboxed } from '../kit/sandbox.ts';
import { BringupError } from '../shared/errors.ts';
import { run } from '../shared/run.ts';

/** Struct → member → byte offset. */
export type Structs = Record<string, Record<string, number>>;

/** Structures the engine reads in a machine's memory and that vmcoreinfo does not describe. */
const wanted: Record<string, string[]> = {
  kmemleak_object: ['flags', 'object_list', 'pointer', 'size', 'min_count', 'trace_handle', 'jiffies'],
  stack_record: ['size', 'entries'],
  task_struct: ['tasks', 'pid', 'comm', 'kasan_depth'],
  module: ['list', 'name', 'mem'],
  module_memory: ['base', 'size'],
};

/** Asks pahole for the offsets in `vmlinux` of the build folder. Throws E-KERNEL-BUILD. */
export async function measureStructs(kit: Kit, build: string): Promise<Structs> {
  const names = Object.keys(wanted);
  const argv = sandboxed({ kit: kit.root, readOnly: { '/build': build } }, [
    'pahole',
    '-C',
    names.join(','),
    '/build/vmlinux',
  ]);
  const { stdout } = await run(argv);
  const structs: Structs = {};
  let current: string | undefined;
  for (const line of stdout.toString().split('\n')) {
    current = /^struct (\w+) \{/.exec(line)?.[1] ?? current;
    const member = /(\w+)(?:\[\d+\])*(?: __attribute__\(.*\))?;\s*\/\*\s+(\d+)\s+\d+\s*\*\/$/.exec(line);
    if (current && member && wanted[current]?.includes(member[1]!)) {
      (structs[current] ??= {})[member[1]!] ??= Number(member[2]);
    }
  }
  for (const name of names) {
    const missing = wanted[name]!.filter((member) => structs[name]?.[member] === undefined);
    if (missing.length > 0)
      throw new BringupError(
        'E-KERNEL-BUILD',
        `pahole does not know ${missing.join(', ')} of struct ${name}`,
      );
  }
  return structs;
}
