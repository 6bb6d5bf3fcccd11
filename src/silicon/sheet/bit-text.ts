// SPDX-License-Identifier: Apache-2.0
import type { Row } from './bit-rows.ts';
import { bitRange } from './numbers.ts';

/** Bits as characters: each cell as wide as what stands in it, not as its bits. */
export function bitText(rows: readonly Row[]): string {
  const widest = Math.max(...rows.map(({ label }) => label.length));
  const indent = widest === 0 ? 0 : widest + 1;
  return rows.map((row) => rowText(row, indent)).join('\n');
}

function rowText({ label, cells }: Row, indent: number): string {
  const texts = cells.map(({ name = '-', low, bits, below }) => {
    return { name, range: bitRange(low, bits), below };
  });
  const widths = texts.map(({ name, range, below }) => Math.max(name.length, range.length, below.length) + 2);
  const line = (start: string, between: string, parts: string[]): string =>
    (start.padEnd(indent) + between + parts.join(between) + between).trimEnd();
  const centred = (text: string, at: number): string => {
    const left = Math.floor((widths[at]! - text.length) / 2);
    return ' '.repeat(left) + text + ' '.repeat(widths[at]! - left - text.length);
  };
  const edge = line(
    '',
    '+',
    widths.map((width) => '-'.repeat(width)),
  );
  const lines = [
    line(
      '',
      ' ',
      texts.map(({ range }, at) => centred(range, at)),
    ),
    edge,
    line(
      label,
      '|',
      texts.map(({ name }, at) => centred(name, at)),
    ),
    edge,
  ];
  if (texts.some(({ below }) => below !== '')) {
    lines.push(
      line(
        '',
        ' ',
        texts.map(({ below }, at) => centred(below, at)),
      ),
    );
  }
  return lines.join('\n');
}
