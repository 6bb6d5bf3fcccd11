// SPDX-License-Identifier: Apache-2.0
// Titles of CPU exceptions: arch/x86/mm/fault.c, arch/x86/kernel/traps.c, arch/arm64/mm/fault.c, mm/kasan/report.c
// (kasan_non_canonical_hook).
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

/** Fills in title, detail and access of a report of kind oops. */
export function describeOops(report: Report, lines: readonly string[]): void {
  const address = faultAddress(lines);
  const write = writes(lines);
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
  } else {
    report.title = titles.find(([pattern]) => firstMatch(lines, pattern))?.[1] ?? pageFault(lines);
    report.detail = address === undefined ? '' : verb;
  }
  if (bad !== undefined && (write !== undefined || hint === undefined)) {
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

function pageFault(lines: readonly string[]): string {
  if (firstMatch(lines, /^#PF: \w{1,20} instruction fetch/)) return 'jump to a bad address';
  if (firstMatch(lines, /access to user memory|^Oops: .{0,40}SMAP/)) return 'direct access to user memory';
  if (firstMatch(lines, /write to read-only memory/)) return 'write to read-only memory';
  if (firstMatch(lines, /^#PF: error_code\(0x[0-9a-f]{1,8}\) - permissions violation/))
    return 'access that the page does not permit';
  return 'page fault at a bad address';
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}
