// SPDX-License-Identifier: Apache-2.0

/** Width of everything that the command line prints. */
export const columns = 80;

/** The text broken into lines of at most 80 columns, the first after `lead`, the others indented as far. */
export function wrap(text: string, lead: string): string[] {
  const indent = ' '.repeat(lead.length);
  const lines: string[] = [];
  let line = lead;
  let empty = true;
  for (const word of text.split(' ')) {
    if (!empty && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = indent;
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  lines.push(line);
  return lines;
}
