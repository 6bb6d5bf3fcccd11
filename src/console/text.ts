// SPDX-License-Identifier: Apache-2.0
// Small helpers for the text of reports.

/** kernel/panic.c: vpanic. */
export const panicPrefix = 'Kernel panic - not syncing: ';

/** The first match of the pattern in the lines. */
export function firstMatch(lines: readonly string[], pattern: RegExp): RegExpExecArray | undefined {
  for (const line of lines) {
    const match = pattern.exec(line);
    if (match) return match;
  }
  return undefined;
}

/** A source place as the kernel prints it, 'drivers/x/y.c:12'. */
export function sourceOf(
  file: string | undefined,
  line: string | undefined,
): { file: string; line: number } | undefined {
  return file === undefined || line === undefined ? undefined : { file, line: Number(line) };
}

export function bytes(count: number | string): string {
  return Number(count) === 1 ? '1 byte' : `${count} bytes`;
}

/** Addresses and offsets mean nothing to the reader and differ from run to run. */
export function withoutAddresses(text: string): string {
  return withoutOffsets(text.slice(0, 1000))
    .replace(/\b(?:0x)?[0-9a-f]{12,16}\b/g, '…')
    .replace(/\s{2,}/g, ' ')
    .trim()
    .slice(0, 300);
}

/** 'fn' for '[<ffffffffa0001234>] fn+0x12/0x34 [mod]'. */
function withoutOffsets(text: string): string {
  if (!text.includes('+0x')) return text;
  return text
    .replace(/\[<[0-9a-f]{8,16}>\] /g, '')
    .replace(/\+0x[0-9a-f]{1,8}\/0x[0-9a-f]{1,8}(?: \[[\w-]{1,64}\])?/g, '');
}
