// SPDX-License-Identifier: Apache-2.0
// Titles of CPU exceptions: arch/x86/mm/fault.c, arch/x86/kernel/traps.c, arch/arm64/mm/fault.c, mm/kasan/report.c
// (kasan_non_canonical_hook).
import type { Frame } from './frame.ts';
import type { Report } from './report.ts';
import { firstMatch } from './text.ts';

const titles: readonly [RegExp, string][] = [
  [/stack guard page was hit|^Insufficient stack space/, 'kernel stack overflow'],
  [/PANIC: double fault|^Oops: double fault|^double fault/, 'double fault'],
  [/divide error/, 'division error'],
  [/stack segment/, 'stack segment fault'],
  [/int3/, 'breakpoint instruction'],
  [/Oops - BUG|invalid opcode/, 'invalid instruction'],
  [/Undefined instruction/, 'invalid instruction'],
  [/general protection fault/, 'general protection fault'],
];

/** Where generic KASAN has its shadow on x86-64, one byte for eight (Documentation/arch/x86/x86_64/mm.rst). */
const shadow = {
  offset: 0xdffffc0000000000n,
  start: 0xffffec0000000000n,
  end: 0xfffffc0000000000n,
} as const;

/** Fills in title, detail and access of a report of kind oops. */
export function describeOops(report: Report, lines: readonly string[]): void {
  const fault = faultAddress(lines);
  // KASAN looked up its shadow memory and faulted there: what the code was going to do is not known.
  const inShadow = fault !== undefined && fault >= shadow.start && fault < shadow.end && isKasan(lines);
  const address = inShadow ? BigInt.asUintN(64, (fault - shadow.offset) << 3n) : fault;
  const write = inShadow ? undefined : writes(lines);
  const hint = firstMatch(
    lines,
    /^KASAN: (?:probably |maybe )?(null-ptr-deref|user-memory-access|wild-memory-access) in range \[0x([0-9a-f]{1,16})-/,
  );
  const bad = hint ? BigInt(`0x${hint[2] ?? '0'}`) : address;
  const verb = write === undefined ? 'access' : write ? 'write' : 'read';

  if (report.trace[0]?.fn.startsWith('0x') && /^0x0*$/.test(report.trace[0].fn)) {
    report.title = 'call through a null pointer';
  } else if (hint?.[1] === 'null-ptr-deref' || firstMatch(lines, /NULL pointer dereference/)) {
    report.title = 'null pointer dereference';
    report.detail = bad === undefined || bad === 0n ? verb : `${verb} at offset ${hex(bad)}`;
    // The range is that of the shadow byte: the access is to one of its eight bytes.
    if (hint && bad !== undefined) report.detail = `access at offset ${hex(bad)} to ${hex(bad + 7n)}`;
  } else if (hint?.[1] === 'user-memory-access') {
    report.title = 'direct access to user memory';
  } else if (hint) {
    report.title = 'wild memory access';
  } else if (firstMatch(lines, /^#PF: \w{1,20} instruction fetch/)) {
    report.title = hasPage(lines) ? 'jump to data' : 'jump to a bad address';
  } else {
    report.title = titles.find(([pattern]) => firstMatch(lines, pattern))?.[1] ?? pageFault(lines, address);
    report.detail = address === undefined ? '' : verb;
  }
  // A breakpoint is reported with the place after it.
  if (report.title === 'breakpoint instruction') delete report.trace[0]?.exact;
  if (/^(?:call|jump) /.test(report.title)) callerIsFirst(report.trace);
  else if (bad !== undefined && (write !== undefined || !(hint || inShadow))) {
    report.access = { write: write ?? false, size: 0, address: bad };
  }
}

function faultAddress(lines: readonly string[]): bigint | undefined {
  const match =
    firstMatch(
      lines,
      /^BUG: (?:kernel NULL pointer dereference, address|unable to handle .{1,60}?): (?:0x)?([0-9a-f]{1,16})$/,
    ) ?? firstMatch(lines, /^Unable to handle kernel .{1,100} at virtual address (?:0x)?([0-9a-f]{1,16})$/);
  return match ? BigInt(`0x${match[1] ?? '0'}`) : undefined;
}

/** x86: '#PF: supervisor write access'; arm64: 'WnR = 1'. */
function writes(lines: readonly string[]): boolean | undefined {
  const x86 = firstMatch(lines, /^#PF: \w{1,20} (write|read|instruction) /)?.[1];
  if (x86 !== undefined) return x86 === 'write';
  const arm64 = firstMatch(lines, / WnR = ([01])/)?.[1];
  return arm64 === undefined ? undefined : arm64 === '1';
}

/** The word on top of the stack is where a bad call came from, though no unwinder can prove it. */
function callerIsFirst([target, caller]: Frame[]): void {
  if (target) target.uncertain = true;
  if (caller) caller.uncertain = false;
}

function hasPage(lines: readonly string[]): boolean {
  return firstMatch(lines, /^#PF: error_code\(0x[0-9a-f]{1,8}\) - permissions violation/) !== undefined;
}

function isKasan(lines: readonly string[]): boolean {
  return firstMatch(lines, /^Oops: .{1,100} KASAN/) !== undefined;
}

function pageFault(lines: readonly string[], address: bigint | undefined): string {
  // Below mmap_min_addr user space has nothing; above its half of the address space is the kernel's.
  if (address !== undefined && address >= 0x10000n && address < 1n << 47n)
    return 'direct access to user memory';
  if (firstMatch(lines, /access to user memory|^Oops: .{0,40}SMAP/)) return 'direct access to user memory';
  if (firstMatch(lines, /write to read-only memory/)) return 'write to read-only memory';
  if (hasPage(lines))
    return writes(lines) ? 'write to read-only memory' : 'access that the page does not permit';
  return 'page fault at a bad address';
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}
