// SPDX-License-Identifier: Apache-2.0
// What drawings are made of. Colors and fonts are attributes, so that a style sheet may replace them.
import { element, type Markup } from './markup.ts';

interface TextPlace {
  readonly x: number;
  /** The baseline; the middle of an upright text. */
  readonly y: number;
  readonly size: number;
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly class?: string;
  /** Read from bottom to top. */
  readonly upright?: boolean;
  readonly bold?: boolean;
}

export function text(words: string, place: TextPlace): Markup {
  const { x, y, size, anchor = 'middle', upright = false, bold = false } = place;
  return element(
    'text',
    {
      class: place.class,
      // The middle of a capital is a third of the size above the baseline.
      ...(upright ? { transform: `translate(${x + size * 0.34} ${y}) rotate(-90)` } : { x, y }),
      'text-anchor': anchor,
      'font-size': size,
      'font-weight': bold ? 600 : undefined,
    },
    words,
  );
}

/** How wide a text is in a monospaced font. */
export function textWidth(words: string, size: number): number {
  return words.length * size * 0.602;
}

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Diagonal lines that fill a box, cut at its edges: a pattern would need an id, and a page has many drawings. */
export function hatching({ x, y, width, height }: Box): Markup {
  const lines: string[] = [];
  // Lines of x + y = c, on a grid of the drawing so that neighbours match.
  for (let c = Math.ceil((x + y) / 6) * 6; c < x + y + width + height; c += 6) {
    const from = c - y <= x + width ? [c - y, y] : [x + width, c - x - width];
    const to = c - x <= y + height ? [x, c - x] : [c - y - height, y + height];
    lines.push(`M${from.join(' ')}L${to.join(' ')}`);
  }
  return element('path', {
    class: 'reserved',
    d: lines.join(''),
    fill: 'none',
    stroke: 'currentColor',
    opacity: 0.3,
  });
}

export function rect(box: Box, attributes: Readonly<Record<string, string | number>> = {}): Markup {
  const crisp = { fill: 'none', stroke: 'currentColor', 'shape-rendering': 'crispEdges' };
  return element('rect', { class: 'frame', ...box, ...crisp, ...attributes });
}

/** A line through points, with a head at its end, and at its start when `both`. */
export function arrow(points: readonly (readonly [number, number])[], both = false): Markup {
  const line = points.map((point, at) => `${at === 0 ? 'M' : 'L'}${point.join(' ')}`).join('');
  const heads = [head(points.at(-2)!, points.at(-1)!), both ? head(points[1]!, points[0]!) : ''];
  return element(
    'g',
    { class: 'arrow' },
    element('path', { d: line, fill: 'none', stroke: 'currentColor' }),
    element('path', { d: heads.join('') }),
  );
}

function head([fromX, fromY]: readonly [number, number], [x, y]: readonly [number, number]): string {
  const length = Math.hypot(x - fromX, y - fromY);
  const [dx, dy] = [(x - fromX) / length, (y - fromY) / length];
  const corner = (side: number): string => `${x - 8 * dx + side * dy} ${y - 8 * dy - side * dx}`;
  return `M${x} ${y}L${corner(4)}L${corner(-4)}Z`;
}
