// SPDX-License-Identifier: Apache-2.0
import type { Flavor } from '../kernel/flavor.ts';
import type { Structs } from '../kernel/structs.ts';
import { BringupError } from '../shared/errors.ts';
import { pageSize } from './memory.ts';
import type { Machine } from './machine.ts';
import { parseVmcoreInfo } from './vmcoreinfo.ts';
import { workqueues } from './workqueues.ts';
import { listGuestFolder, readGuestFile } from './guest-file.ts';

/**
 * What is written down of a machine before any learner's code has run in it, to find one's way in its
 * memory later and to tell what was changed. Addresses are hexadecimal strings, as JSON has no bigint.
 */
export interface Survey {
  /** RAM offsets of the mailbox's pages. */
  mailbox: number[];
  vmcoreinfo: string;
  layout: { physBase: string; pageOffset: string };
  /** Kernel symbols that are used by name. */
  symbols: Record<string, string>;
  /** Functions whose extent is needed: name → first address, and the one after its last. */
  functions: Record<string, { start: string; end: string }>;
  /** Kernel-virtual ranges that must stay as they are: code and read-only data. */
  fixed: { start: string; end: string }[];
  /** RAM offsets of the pages with the agent's code. */
  agentText: number[];
  /** Addresses and lengths of the kernel's own patch sites (static keys, static calls, ftrace). */
  patchSites: [address: string, length: number][];
  /** Folder of the guest → names in it: what a module may leave traces in. */
  folders: Record<string, string[]>;
  /** Names of the kernel's workqueues. */
  workqueues: string[];
  sentinels: { name: string; address: string; bytes: number; value: string }[];
  release: string;
}

const wanted = [
  ...[
    '_text',
    '_etext',
    '__start_rodata',
    '__end_rodata',
    'page_offset_base',
    'phys_base',
    'prb',
    'init_task',
  ],
  ...['modules', 'object_list', 'stack_pools', 'jiffies_64', 'jiffies', 'tainted_mask', 'saved_command_line'],
  ...['workqueues', 'runqueues', '__per_cpu_offset'],
  ...['__start___jump_table', '__stop___jump_table', '__start_static_call_sites', '__stop_static_call_sites'],
  ...['__start_mcount_loc', '__stop_mcount_loc'],
];

/** What the allocator allocates for itself (mm/slub.c). */
export const allocatorsOwn = { records: 'alloc_slab_obj_exts', pages: 'allocate_slab' } as const;
/**
 * What these allocate stays when a module is gone, and is the kernel's: records of mapped areas, which are freed long
 * after the area was unmapped (mm/vmalloc.c), nodes of the tree that interrupts are taken out of (kernel/irq/irqdesc.c),
 * and files in /proc of an interrupt, which come with its first handler and go with the interrupt (kernel/irq/proc.c).
 */
export const kernelsOwn = ['alloc_vmap_area', 'free_desc', 'register_irq_proc'] as const;
const wantedFunctions: readonly string[] = [...Object.values(allocatorsOwn), ...kernelsOwn];

/** Asks the freshly booted guest about itself; it can be trusted now and not later. */
export async function survey(machine: Machine, flavor: Flavor, structs?: Structs): Promise<Survey> {
  const text = async (path: string): Promise<string> => (await readGuestFile(machine, path)).toString('utf8');
  const vmcoreinfo = await vmcoreInfoText(machine, (await text('/sys/kernel/vmcoreinfo')).trim());
  const info = parseVmcoreInfo(vmcoreinfo);
  const names = new Set([...wanted, ...Object.keys(flavor.sentinels)]);
  const symbols: Record<string, string> = {};
  const functions: Survey['functions'] = {};
  let open: { start: string; end: string } | undefined; // kallsyms goes by address: the next line ends it
  for (const line of (await text('/proc/kallsyms')).split('\n')) {
    const [address, , name, module] = line.split(/[ \t]/);
    if (open && address) open.end = `0x${address}`;
    open = undefined;
    if (!name || module) continue;
    if (names.has(name)) symbols[name] ??= `0x${address}`;
    if (wantedFunctions.includes(name))
      functions[name] = open = { start: `0x${address}`, end: `0x${address}` };
  }
  const physBase = info.number('phys_base');
  const layout = { physBase: `0x${physBase.toString(16)}`, pageOffset: '0xffff888000000000' };
  machine.describe({ layout, symbols });
  const pageOffset = symbols['page_offset_base']
    ? machine.space.word(BigInt(symbols['page_offset_base']))
    : 0n;
  if (pageOffset) layout.pageOffset = `0x${pageOffset.toString(16)}`;
  machine.describe({ layout, symbols });
  return {
    mailbox: machine.mailboxPages,
    vmcoreinfo,
    layout,
    symbols,
    functions,
    fixed: ranges(symbols, [
      ['_text', '_etext'],
      ['__start_rodata', '__end_rodata'],
    ]),
    agentText: await agentText(machine),
    patchSites: patchSites(machine, symbols),
    folders: Object.fromEntries(
      await mapInOrder(watchedFolders, async (path) => [path, await listGuestFolder(machine, path)] as const),
    ),
    workqueues: workqueues(machine.space, structs),
    sentinels: Object.entries(flavor.sentinels).flatMap(([name, type]) => {
      const address = symbols[name];
      // A learner's own tree may be one without that variable; ours must have it.
      if (!address && 'tree' in flavor) return [];
      if (!address)
        throw new BringupError(
          'E-TEMPLATE',
          `this kernel has no variable ${name}, which kernels/${flavor.id} names as a sentinel`,
        );
      const bytes = type === 'int' ? 4 : 8;
      const value = machine.space.bytes(BigInt(address), bytes)?.toString('hex') ?? '';
      return [{ name, address, bytes, value }];
    }),
    release: (await text('/proc/sys/kernel/osrelease')).trim(),
  };
}

const watchedFolders = [
  '/dev',
  '/proc',
  '/sys/kernel/debug',
  '/sys/class',
  '/sys/class/misc',
  '/sys/bus',
  '/sys/kernel',
  '/sys/fs',
];

async function mapInOrder<A, B>(items: readonly A[], map: (item: A) => Promise<B>): Promise<B[]> {
  const results: B[] = [];
  for (const item of items) results.push(await map(item));
  return results;
}

/** /sys/kernel/vmcoreinfo says "PHYSICAL SIZE", in hexadecimal, of an ELF note. */
async function vmcoreInfoText(machine: Machine, where: string): Promise<string> {
  const [address, size] = where.split(' ').map((hex) => parseInt(hex, 16));
  const note = machine.memory.bytes(address!, size!);
  const start = note.indexOf('OSRELEASE=');
  const end = note.indexOf(0, start);
  return note.toString('latin1', start, end < 0 ? undefined : end);
}

function ranges(
  symbols: Record<string, string>,
  pairs: [string, string][],
): { start: string; end: string }[] {
  return pairs.flatMap(([from, to]) =>
    symbols[from] && symbols[to] ? [{ start: symbols[from], end: symbols[to] }] : [],
  );
}

async function agentText(machine: Machine): Promise<number[]> {
  const { start, end } = machine.mailbox.text;
  const first = Number(start) / pageSize;
  const count = Math.ceil(Number(end) / pageSize) - first;
  const map = await readGuestFile(machine, '/proc/self/pagemap', { offset: first * 8, length: count * 8 });
  const pages: number[] = [];
  for (let i = 0; i < map.length / 8; i++) {
    const entry = map.readBigUInt64LE(i * 8);
    if (entry >> 63n) pages.push(Number(entry & ((1n << 55n) - 1n)) * pageSize);
  }
  return pages;
}

/**
 * Places in its code that the kernel itself rewrites while it runs: static keys
 * (include/linux/jump_label.h: two relative words and a key), static calls
 * (include/linux/static_call_types.h: two relative words). ftrace's sites are recognised by their
 * content instead, because their list is gone after boot.
 */
function patchSites(machine: Machine, symbols: Record<string, string>): [string, number][] {
  const sites: [string, number][] = [];
  const table = (from: string, to: string, entryBytes: number): void => {
    if (!symbols[from] || !symbols[to]) return;
    const start = BigInt(symbols[from]);
    const bytes = machine.space.bytes(start, Number(BigInt(symbols[to]) - start));
    for (let at = 0; bytes && at + entryBytes <= bytes.length; at += entryBytes) {
      const target = start + BigInt(at) + BigInt(bytes.readInt32LE(at));
      sites.push([`0x${BigInt.asUintN(64, target).toString(16)}`, 5]);
    }
  };
  table('__start___jump_table', '__stop___jump_table', 16);
  table('__start_static_call_sites', '__stop_static_call_sites', 8);
  return sites;
}
