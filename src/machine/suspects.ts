// SPDX-License-Identifier: Apache-2.0
// Objects that kmemleak knows, read from outside. Structures: mm/kmemleak.c (struct kmemleak_object)
// and lib/stackdepot.c (struct stack_record, union handle_parts) in the kernel source.
import { moduleSpace, type AddressSpace } from './address-space.ts';
import { kernelsOwn } from './survey.ts';
import type { Template } from './template.ts';

const allocated = 1;
// lib/stackdepot.c with 4 KiB pages: pools of four pages, records aligned to 16 bytes.
const offsetBits = 10n;
const indexBits = 17n;

/** The guest's clock in ticks. */
export function jiffies(space: AddressSpace): bigint {
  return space.word(space.symbol('jiffies_64') ?? 0n);
}

/**
 * Counts objects allocated since `since` (in jiffies) by a call chain through a module, and still
 * there. Asked after the module is gone: each is a leak unless something of the kernel still needs it,
 * which a scan of kmemleak tells; without any, no scan is needed. Undefined when this kernel has no
 * kmemleak.
 */
export function suspects(space: AddressSpace, template: Template, since: bigint): number | undefined {
  const offsets = template.structs?.['kmemleak_object'];
  const head = space.symbol('object_list');
  if (!offsets || head === undefined) return undefined;
  const list = BigInt(offsets['object_list']!);
  let count = 0;
  // Newest last: walk backwards until the objects are older than the run.
  let node = space.word(head + 8n);
  for (let steps = 0; node !== head && steps < 200_000; steps++) {
    const object = space.bytes(node - list, 256);
    if (!object || object.readBigUInt64LE(offsets['jiffies']) < since) break;
    const live =
      (object.readUInt32LE(offsets['flags']) & allocated) !== 0 &&
      object.readInt32LE(offsets['min_count']) > 0;
    if (live && throughModule(space, template, object.readUInt32LE(offsets['trace_handle']))) count++;
    node = object.readBigUInt64LE(offsets['object_list']! + 8);
  }
  return count;
}

function throughModule(space: AddressSpace, template: Template, handle: number): boolean {
  const offsets = template.structs?.['stack_record'];
  const pools = space.symbol('stack_pools');
  if (!offsets || pools === undefined || handle === 0) return false;
  const bits = BigInt(handle);
  const index = (bits & ((1n << indexBits) - 1n)) - 1n;
  const offset = (bits >> indexBits) & ((1n << offsetBits) - 1n);
  const record = space.word(pools + index * 8n) + (offset << 4n);
  const size = space.int(record + BigInt(offsets['size']!));
  const own = kernelsOwn.flatMap((name) => template.survey.functions[name] ?? []);
  const entries = space.bytes(record + BigInt(offsets['entries']!), Math.min(Math.max(size, 0), 64) * 8);
  for (let i = 0; entries && i < entries.length; i += 8) {
    const address = entries.readBigUInt64LE(i);
    if (own.some(({ start, end }) => address >= BigInt(start) && address < BigInt(end))) return false;
    if (address >= moduleSpace.start && address < moduleSpace.end) return true;
  }
  return false;
}
