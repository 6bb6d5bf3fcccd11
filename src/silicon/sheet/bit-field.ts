// SPDX-License-Identifier: Apache-2.0
import type { Cell, Row } from './bit-rows.ts';
import { element, type Markup } from './markup.ts';
import { hatching, text, textWidth } from './strokes.ts';

const labelWidth = 44;
const numberHeight = 18;
const accessHeight = 18;
const gap = 8;

/**
 * Bits as a drawing: the highest bit on the left, a word in one row; above each field the numbers of its first and
 * last bit, below it its access; reserved bits are hatched. Names that are too long for their bits stand upright.
 */
export function bitField(rows: readonly Row[], title: string): Markup {
  const cellWidth = { 8: 48, 16: 36 }[rows[0]!.width] ?? 24;
  const left = rows.some(({ label }) => label !== '') ? labelWidth : 0;
  const right = left + cellWidth * rows[0]!.width;
  const parts: Markup[] = [];
  let y = 0;
  for (const row of rows) {
    const height = rowHeight(row, cellWidth);
    parts.push(...drawRow(row, { left, top: y + numberHeight, cellWidth, height }));
    y += numberHeight + height + (row.cells.some(({ below }) => below !== '') ? accessHeight : 0) + gap;
  }
  const [width, height] = [right + 2, y - gap + 2];
  return element(
    'svg',
    {
      class: 'bits',
      viewBox: `-1 0 ${width} ${height}`,
      width,
      height,
      role: 'img',
      'aria-label': title,
      fill: 'currentColor',
      'font-family': 'monospace',
    },
    parts,
  );
}

interface Place {
  readonly left: number;
  readonly top: number;
  readonly cellWidth: number;
  readonly height: number;
}

function drawRow({ label, width, cells }: Row, place: Place): Markup[] {
  const { left, top, cellWidth, height } = place;
  const right = left + width * cellWidth;
  const parts = cells.flatMap((cell) => drawCell(cell, width, place));
  // Short marks for each bit, on both edges, inside of fields.
  const marks = Array.from({ length: width - 1 }, (_, at) => left + (at + 1) * cellWidth)
    .map((x) => `M${x} ${top}v4M${x} ${top + height}v-4`)
    .join('');
  parts.push(
    element('path', { class: 'mark', d: marks, fill: 'none', stroke: 'currentColor', opacity: 0.45 }),
  );
  const frame = { x: left, y: top, width: right - left, height, fill: 'none', stroke: 'currentColor' };
  parts.push(element('rect', { class: 'frame', ...frame, 'shape-rendering': 'crispEdges' }));
  if (label !== '')
    parts.push(text(label, { x: left - 8, y: top + height / 2 + 4, anchor: 'end', size: 11 }));
  return parts;
}

function drawCell({ name, low, bits, below }: Cell, width: number, place: Place): Markup[] {
  const { left, top, cellWidth, height } = place;
  const x = left + (width - low - bits) * cellWidth;
  const size = bits * cellWidth;
  const middle = x + size / 2;
  const parts: Markup[] = [];
  const number = (bit: number, at: number): Markup =>
    text(`${bit}`, { x: at, y: top - 6, size: 11, class: 'number' });
  if (bits === 1) parts.push(number(low, middle));
  else parts.push(number(low + bits - 1, x + cellWidth / 2), number(low, x + size - cellWidth / 2));
  if (name === undefined) {
    parts.push(hatching({ x, y: top, width: size, height }));
  } else if (fits(name, size)) {
    parts.push(text(name, { x: middle, y: top + height / 2 + 4.5, size: nameSize, class: 'name' }));
  } else {
    parts.push(text(name, { x: middle, y: top + height / 2, size: nameSize, class: 'name', upright: true }));
  }
  if (below !== '') parts.push(text(below, { x: middle, y: top + height + 14, size: 11, class: 'access' }));
  if (low > 0) {
    const edge = { x1: x + size, x2: x + size, y1: top, y2: top + height, stroke: 'currentColor' };
    parts.push(element('line', { class: 'frame', ...edge, 'shape-rendering': 'crispEdges' }));
  }
  return parts;
}

const nameSize = 13;

function fits(name: string, width: number): boolean {
  return textWidth(name, nameSize) + 8 <= width;
}

function rowHeight({ cells }: Row, cellWidth: number): number {
  const upright = cells.flatMap(({ name, bits }) =>
    name === undefined || fits(name, bits * cellWidth) ? [] : [textWidth(name, nameSize) + 18],
  );
  return Math.ceil(Math.max(38, ...upright));
}
