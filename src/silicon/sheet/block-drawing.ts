// SPDX-License-Identifier: Apache-2.0
import type { BlocksView, BlockView } from './blocks.ts';
import { element, type Markup } from './markup.ts';
import { arrow, rect, text, textWidth } from './strokes.ts';

const size = 12;
const lineHeight = 17;
const chipLeft = 72;
const interfaceLeft = chipLeft + 16;
const interfaceWidth = 104;
const blockLeft = interfaceLeft + interfaceWidth + 96;
const blockWidth = 380;
const chipRight = blockLeft + blockWidth + 16;
const gap = 14;
const titleHeight = 30;

/** The chip as blocks: the bus on the left, its interface, and behind it the parts with their registers. */
export function blockDrawing(view: BlocksView, part: string, title: string): Markup {
  const top = titleHeight + 8;
  const parts: Markup[] = [];
  let y = top;
  const columns = columnsOf(view.blocks);
  for (const block of view.blocks) {
    parts.push(...drawBlock(block, columns, y));
    y += blockHeight(block, columns) + gap;
  }
  const bottom = Math.max(y - gap, top + 20 + lineHeight * view.interface.length);
  const face = { x: interfaceLeft, y: top, width: interfaceWidth, height: bottom - top };
  const center = face.x + face.width / 2;
  const first = (top + bottom) / 2 - ((view.interface.length - 1) * lineHeight) / 2 + 4;
  const height = bottom + 16;
  parts.push(
    rect(face),
    ...view.interface.map((line, at) =>
      text(line, { x: center, y: first + at * lineHeight, size, bold: at < 2 }),
    ),
    rect(
      { x: chipLeft, y: 1, width: chipRight - chipLeft, height: height - 1 },
      { class: 'frame chip', 'stroke-width': 2 },
    ),
    text(part, { x: interfaceLeft, y: 24, size: 13, anchor: 'start', bold: true }),
    arrow(
      [
        [4, (top + bottom) / 2],
        [face.x, (top + bottom) / 2],
      ],
      true,
    ),
    text(view.bus, { x: (4 + chipLeft) / 2, y: (top + bottom) / 2 - 8, size, bold: true }),
  );
  const width = chipRight + 1;
  return element(
    'svg',
    {
      class: 'blocks',
      viewBox: `0 0 ${width} ${height + 1}`,
      width,
      height: height + 1,
      role: 'img',
      'aria-label': title,
      fill: 'currentColor',
      'font-family': 'monospace',
    },
    parts,
  );
}

/** The box with its lines in columns, and its arrows to the interface. */
function drawBlock(block: BlockView, columns: number, y: number): Markup[] {
  const height = blockHeight(block, columns);
  const inset = 12;
  const column = (blockWidth - 2 * inset) / columns;
  const face = interfaceLeft + interfaceWidth;
  const middle = y + height / 2;
  const access = block.signal === undefined ? middle : middle - 10;
  const parts = [
    rect({ x: blockLeft, y, width: blockWidth, height }),
    text(block.title, { x: blockLeft + inset, y: y + 20, size: 13, anchor: 'start', bold: true }),
    ...block.lines.map((line, at) =>
      text(line, {
        x: blockLeft + inset + (at % columns) * column,
        y: y + 20 + lineHeight * (1 + Math.floor(at / columns)) + 2,
        size,
        anchor: 'start',
      }),
    ),
    arrow(
      [
        [face, access],
        [blockLeft, access],
      ],
      true,
    ),
  ];
  if (block.signal !== undefined) {
    parts.push(
      arrow([
        [blockLeft, middle + 16],
        [face, middle + 16],
      ]),
      text(block.signal, { x: (face + blockLeft) / 2, y: middle + 11, size: 11 }),
    );
  }
  return parts;
}

/** As many as the longest line allows, the same in all blocks. */
function columnsOf(blocks: readonly BlockView[]): number {
  const widest = Math.max(
    1,
    ...blocks.flatMap(({ lines }) => lines).map((line) => textWidth(line, size) + 16),
  );
  return Math.max(1, Math.min(3, Math.floor((blockWidth - 24) / widest)));
}

function blockHeight(block: BlockView, columns: number): number {
  const rows = Math.ceil(block.lines.length / columns);
  return Math.max(block.signal === undefined ? 40 : 58, 34 + rows * lineHeight);
}
