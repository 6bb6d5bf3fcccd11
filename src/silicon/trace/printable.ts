// SPDX-License-Identifier: Apache-2.0

/**
 * Text from a trace as it may stand in a line: what would move the cursor, color, end the line or turn its direction is
 * written as its number, `\u{1b}`.
 */
export function printable(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`,
  );
}
