// SPDX-License-Identifier: Apache-2.0
// Titles of what the detectors of memory errors and data races report.
import { parseSymbol } from './frame.ts';
import { moduleLeak, leakSummary } from './kinds.ts';
import { functionFrame, relate } from './related.ts';
import type { Report } from './report.ts';
import { bytes, firstMatch, sourceOf } from './text.ts';

/** Describes a report of a memory detector; false if it is of another kind. */
export function describeMemory(report: Report, lines: readonly string[]): boolean {
  const describe = {
    kasan,
    kfence,
    kcsan,
    kmsan,
    slab,
    usercopy,
    leak,
    'bad-page': badPage,
  }[report.kind as string];
  if (!describe) return false;
  describe(report, lines);
  return true;
}

// mm/kasan/report.c: print_error_description
function kasan(report: Report, lines: readonly string[]): void {
  report.title = firstMatch(lines, /^BUG: KASAN: ([\w -]{1,60}?)(?: in |$)/)?.[1] ?? 'memory error';
  const access = firstMatch(lines, /^(Read|Write)(?: of size (\d{1,20}))? at addr ([0-9a-f]{1,16})/);
  if (access) {
    const [, verb = '', size, address = '0'] = access;
    report.access = { write: verb === 'Write', size: Number(size ?? 0), address: BigInt(`0x${address}`) };
    report.detail = size === undefined ? verb.toLowerCase() : `${verb.toLowerCase()} of ${bytes(size)}`;
  } else if (/free/.test(report.title)) {
    report.detail = report.title === 'double-free' ? 'freed a second time' : 'free of what was not allocated';
  }
  if (report.access && report.access.size >= 2 ** 63) {
    report.title = 'negative size';
    report.detail = `${report.access.write ? 'write' : 'read'} of ${BigInt.asIntN(64, BigInt(access?.[2] ?? 0))} bytes`;
    report.access.size = 0;
  }
  const area = firstMatch(lines, / vmalloc region starting at .{1,40} allocated at (\S.{1,300})$/)?.[1];
  const allocator = area === undefined ? undefined : parseSymbol(area);
  if (allocator) report.allocated ??= [allocator];
  const object = kasanObject(lines) ?? kasanVariable(lines);
  if (object !== undefined) report.object = object;
}

// describe_object_addr: 'located N bytes inside of', then ' [freed ]64-byte region [', on the same or the next line.
function kasanObject(lines: readonly string[]): string | undefined {
  const text = lines.filter((line) => line.length < 300).join('\n');
  const at =
    /located (\d{1,20}) bytes (to the left|to the right|inside) of\s{1,4}(?:(allocated|freed) )?(\d{1,20})-byte region/.exec(
      text,
    );
  if (!at) return undefined;
  const [, distance = '0', side, state, size = '0'] = at;
  const where = { 'to the left': 'before', 'to the right': 'after', inside: 'into' }[side ?? ''] ?? 'near';
  const cache = /which belongs to the cache (\S{1,80}) of size/.exec(text)?.[1];
  const what = `a ${state === 'freed' ? 'freed ' : ''}${size}-byte object`;
  return `${bytes(distance)} ${where} ${what}${cache === undefined ? '' : ` of ${cache}`}`;
}

/** mm/kasan/report.c: print_address_description; report_generic.c: print_address_stack_frame. */
function kasanVariable(lines: readonly string[]): string | undefined {
  const index = lines.findIndex((line) => line === 'The buggy address belongs to the variable:');
  const variable = index === -1 ? undefined : parseSymbol(lines[index + 1]?.trim() ?? '');
  if (variable) return `${bytes(variable.offset)} into or after the variable ${variable.fn}`;
  const at = firstMatch(lines, /^ and is located at offset (\d{1,10}) in frame:/)?.[1];
  if (at === undefined) return undefined;
  const locals = lines.flatMap((line) => {
    const local = /^ \[(\d{1,10}), (\d{1,10})\) '(.{1,100})'/.exec(line);
    return local ? [{ start: Number(local[1]), end: Number(local[2]), name: local[3] ?? '' }] : [];
  });
  const before = locals.findLast(({ end }) => end <= Number(at));
  const after = locals.find(({ start }) => start > Number(at));
  if (before) return `${bytes(Number(at) - before.end)} after the local variable ${before.name}`;
  return after && `${bytes(after.start - Number(at))} before the local variable ${after.name}`;
}

// mm/kfence/report.c: kfence_report_error
function kfence(report: Report, lines: readonly string[]): void {
  const head = firstMatch(
    lines,
    /^BUG: KFENCE: (out-of-bounds|use-after-free|invalid|memory corruption|invalid free)(?: (read|write))? in /,
  );
  const [, what = 'memory error', verb] = head ?? [];
  report.title = what === 'invalid' ? 'invalid access' : what;
  report.detail = verb ?? (what === 'memory corruption' ? 'found when the object was freed' : '');
  const address = firstMatch(lines, / (?:at|of) 0x([0-9a-f]{1,16}) \(/)?.[1];
  if (verb !== undefined && address !== undefined) {
    report.access = { write: verb === 'write', size: 0, address: BigInt(`0x${address}`) };
  }
  const side = firstMatch(lines, / \((\d{1,10})B (left|right) of kfence-#/);
  const object = firstMatch(lines, /^kfence-#\d{1,6}: .{1,60}, size=(\d{1,10}), cache=(\S{1,80})/);
  if (object) {
    const place = side ? `${bytes(side[1] ?? 0)} ${side[2] === 'left' ? 'before' : 'after'} ` : 'in ';
    report.object = `${place}a ${object[1] ?? ''}-byte object of ${object[2] ?? ''}`;
  }
}

// kernel/kcsan/report.c: print_report
function kcsan(report: Report, lines: readonly string[]): void {
  const head = firstMatch(lines, /^BUG: KCSAN: (data-race|assert: race) in (.{1,300})$/);
  report.title = head?.[1] ?? 'data-race';
  const accesses = lines.flatMap((line) => {
    const match =
      /^(?:race at unknown origin, with )?((?:read-write|read|write)(?: \([\w, ]{1,40}\))?) to 0x([0-9a-f]{1,16}) of (\d{1,10}) bytes by /.exec(
        line,
      );
    return match ? [match] : [];
  });
  const [first, second] = accesses;
  if (!first) return;
  const [, verb = '', address = '0', size = '0'] = first;
  report.access = { write: verb.includes('write'), size: Number(size), address: BigInt(`0x${address}`) };
  const other = second ? second[1] : 'a change from an unknown origin';
  report.detail = `${verb} of ${bytes(size)} against ${other ?? 'another access'}`;
}

// mm/kmsan/report.c
function kmsan(report: Report, lines: readonly string[]): void {
  report.title = firstMatch(lines, /^BUG: KMSAN: ([\w-]{1,60}) in /)?.[1] ?? 'uninit-value';
  const range = firstMatch(lines, /^Bytes? (\S{1,24}) of (\d{1,10}) (?:is|are) uninitialized/);
  if (range) report.detail = `byte ${range[1] ?? ''} of ${range[2] ?? ''} never written`;
}

// mm/slub.c: slab_bug, check_bytes_and_report
function slab(report: Report, lines: readonly string[]): void {
  const overwritten = firstMatch(lines, /^\[([\w ]{1,40}) overwritten\] 0x/)?.[1];
  const head = firstMatch(lines, /^BUG ([^:()]{1,80}) \([^)]{1,160}\): (.{1,200})$/);
  const what = head?.[2]?.replace(/\. 0x.*$/, '');
  report.title =
    overwritten === undefined ? (what ?? 'slab corruption') : `${overwritten.toLowerCase()} overwritten`;
  if (head) report.detail = `in cache ${head[1] ?? ''}`;
}

// mm/usercopy.c: usercopy_abort; lib/string_helpers.c: __fortify_report
function usercopy(report: Report, lines: readonly string[]): void {
  const copy = firstMatch(
    lines,
    /Kernel memory (exposure|overwrite) attempt detected (?:from|to) (.{1,120}?) \(offset (\d{1,20}), size (\d{1,20})\)/,
  );
  if (copy) {
    const [, direction, object = '', offset = '0', size = '0'] = copy;
    report.title =
      direction === 'exposure' ? 'copy to user space past an object' : 'copy from user space past an object';
    report.detail = bytes(size);
    report.object = `${bytes(offset)} into ${object.trim()}`;
    return;
  }
  const fortify = firstMatch(
    lines,
    /^(\w{1,40}): detected buffer overflow(?:: (\d{1,20}) byte (read|write) of buffer size (\d{1,20}))?/,
  );
  report.title = 'buffer overflow found by FORTIFY_SOURCE';
  if (fortify?.[2] !== undefined) {
    report.detail = `${fortify[1] ?? ''}: ${fortify[3] ?? ''} of ${bytes(fortify[2])}, buffer of ${fortify[4] ?? ''}`;
  }
}

// lib/alloc_tag.c; the summary of mm/kmemleak.c
function leak(report: Report, lines: readonly string[]): void {
  const unload = firstMatch(lines, moduleLeak);
  if (unload) {
    const [, file = '', line = '0', module = '', fn = '', size = '0'] = unload;
    report.title = 'memory still allocated at module unload';
    report.detail = `${bytes(size)} from ${fn}`;
    report.allocated = [{ fn, offset: 0, size: 0, module, uncertain: false, file, line: Number(line) }];
    const source = sourceOf(file, line);
    if (source) report.source = source;
    return;
  }
  const count = firstMatch(lines, leakSummary)?.[1] ?? '0';
  report.title = 'suspected memory leaks';
  report.detail = `${count} new; /sys/kernel/debug/kmemleak lists them`;
}

// mm/page_alloc.c: bad_page; mm/memory.c: print_bad_pte; kernel/fork.c: check_mm
function badPage(report: Report, lines: readonly string[]): void {
  const head =
    firstMatch(lines, /^BUG: Bad (page state|page map|page cache|rss-counter state)/)?.[1] ?? 'page state';
  report.title = `bad ${head}`;
  const counter = firstMatch(lines, / type:(\w{1,20}) val:(-?\d{1,20})/);
  report.detail = counter
    ? `${counter[1] ?? ''} is ${counter[2] ?? ''} at the end of the process`
    : (firstMatch(lines, /^page dumped because: (.{1,100})$/)?.[1] ?? '');
  // print_bad_pte: what made the mapping
  const made = firstMatch(
    lines,
    /^file:.{1,64} fault:(?:0x0|(\S{1,100}))(?: \[([\w-]{1,64})\])? mmap:(?:0x0|(\S{1,100}))(?: \[([\w-]{1,64})\])? /,
  );
  if (made?.[1] !== undefined) relate(report, 'fault function', functionFrame(made[1], made[2]));
  if (made?.[3] !== undefined) relate(report, 'mmap function', functionFrame(made[3], made[4]));
}
