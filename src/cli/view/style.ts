// SPDX-License-Identifier: Apache-2.0
import { styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];

/** Colors only on a terminal, and not when NO_COLOR is set (no-color.org). */
const colored = process.stdout.isTTY && !process.env['NO_COLOR'];

export function paint(format: Format, text: string): string {
  return colored ? styleText(format, text, { validateStream: false }) : text;
}

export const columns = Math.min(process.stdout.columns || 80, 100);

/** Words wrapped to the width, each line indented. */
export function wrap(text: string, indent = 0, width = columns): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line && indent + line.length + 1 + word.length > width) {
      lines.push(' '.repeat(indent) + line);
      line = word;
    } else line = line ? `${line} ${word}` : word;
  }
  if (line) lines.push(' '.repeat(indent) + line);
  return lines;
}
