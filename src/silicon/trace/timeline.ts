// SPDX-License-Identifier: Apache-2.0
import type { Chip } from '../layout/chip.ts';
import { element, type Markup } from '../sheet/markup.ts';
import { text, textWidth } from '../sheet/strokes.ts';
import { axisOf, type Axis } from './axis.ts';
import { fieldWords, hexValue, isAccess, meant, registerOf } from './decode.ts';
import type { Line } from './lines.ts';
import { printable } from './printable.ts';
import { clock, span } from './time.ts';
import type { TraceEvent } from './trace.ts';

const width = 1080;
const left = 150;
const right = width - 26;
const top = 58;
const trackHeight = 30;
const size = 11;

/** What is drawn on one line of its own, such as a register. */
interface Track {
  readonly name: string;
  readonly marks: {
    readonly x: number;
    readonly end: number;
    readonly shape: Shape;
    readonly labels: string[];
  }[];
}

/**
 * Lines of a trace as a logic analyzer draws them: a track for each register that is touched, for each interrupt, for DMA
 * and for what happens to the whole chip; broken rules through all of them, with their numbers. Idle time is cut.
 *
 * @param number of a broken rule, by its place in the trace.
 */
export function timeline(
  lines: readonly Line[],
  chip: Chip | undefined,
  number: (index: number) => number,
): Markup {
  const axis = axisOf(
    lines.flatMap(({ at, until }) => [at, until]),
    left + 12,
    right,
  );
  const tracks = tracksOf(lines, chip, axis);
  const bottom = top + Math.max(1, tracks.length) * trackHeight;
  const broken = lines.filter(({ event }) => event.kind === 'violation');
  const summary = `${lines.length} lines of the bus trace in ${tracks.length} tracks, ${broken.length} broken rules; the table below says the same in words`;
  return element(
    'svg',
    {
      class: 'bus-timeline',
      viewBox: `0 0 ${width} ${bottom + 8}`,
      width,
      height: bottom + 8,
      role: 'img',
      'aria-label': summary,
      fill: 'currentColor',
      'font-family': 'monospace',
    },
    drawBreaks(axis, bottom),
    drawTimes(lines, axis),
    drawCut(lines, axis, bottom),
    tracks.map((track, at) => drawTrack(track, top + at * trackHeight)),
    broken.map(({ at, first }) => drawViolation(axis.x(at), number(first), bottom)),
  );
}

function tracksOf(lines: readonly Line[], chip: Chip | undefined, axis: Axis): Track[] {
  const tracks = new Map<string, Track & { order: number }>();
  for (const { event, at, until, count } of lines) {
    const place = trackOf(event);
    if (!place) continue;
    const [order, name] = place;
    const track = tracks.get(name) ?? { name, order, marks: [] };
    tracks.set(name, track);
    const run = count === 1 ? '' : ` × ${count}`;
    const labels = labelsOf(event, chip).map((label) => `${label}${run}`);
    if (run !== '') labels.push(run.trim());
    track.marks.push({ x: axis.x(at), end: axis.x(until), shape: shapeOf(event), labels });
  }
  return [...tracks.values()].sort((a, b) => a.order - b.order);
}

/** Where an event is drawn: registers by rising offset, then what no register answers to, then the rest. */
function trackOf(event: TraceEvent): [order: number, name: string] | undefined {
  switch (event.kind) {
    case 'read':
    case 'write':
      return event.register === undefined
        ? [2 ** 40, 'no register']
        : [event.offset, printable(event.register)];
    case 'message':
      return [2 ** 41 + event.vector, `IRQ ${printable(event.interrupt)}`];
    case 'dma-read':
    case 'dma-write':
      return [2 ** 42, 'DMA'];
    case 'fault':
    case 'reset':
      return [2 ** 43, 'chip'];
    case 'violation':
      return undefined;
  }
}

/** What may stand beside a mark, the longest first. */
function labelsOf(event: TraceEvent, chip: Chip | undefined): string[] {
  if (isAccess(event)) {
    const register = registerOf(chip, event);
    const fields = register ? fieldWords(register, event) : '';
    const value = hexValue(register ? meant(register, event.value) : event.value, event.bytes);
    const at = event.register === undefined ? `0x${event.offset.toString(16)}: ` : '';
    return [...(fields === '' ? [] : [`${value} ${fields}`, fields]), `${at}${value}`, value];
  }
  switch (event.kind) {
    case 'message':
      return event.lost ? ['lost'] : [];
    case 'dma-read':
    case 'dma-write': {
      const length = `${event.bytes} B`;
      return [`${event.address}, ${length}${event.fault === undefined ? '' : ', refused'}`, length];
    }
    case 'fault':
      return [printable(event.what), 'fault'];
    default:
      return ['reset'];
  }
}

/** Shapes tell apart what color alone must not: down for what the driver sends, up for what it gets. */
type Shape = 'write' | 'read' | 'message' | 'lost' | 'note';

function shapeOf(event: TraceEvent): Shape {
  switch (event.kind) {
    case 'write':
    case 'dma-write':
      return 'write';
    case 'read':
    case 'dma-read':
      return 'read';
    case 'message':
      return event.lost ? 'lost' : 'message';
    default:
      return 'note';
  }
}

const outlines: Record<Shape, (x: string, y: number) => string> = {
  write: (x, y) => `M${x} ${y + 5}l-4.5-9h9z`,
  read: (x, y) => `M${x} ${y - 5}l-4.5 9h9z`,
  message: (x, y) => `M${x} ${y - 6}l4 6-4 6-4-6z`,
  lost: (x, y) => `M${x} ${y - 6}l4 6-4 6-4-6zm-5 1l10 10`,
  note: (x, y) => `M${x} ${y}m-4-4h8v8h-8z`,
};

/** All marks of a shape are one path: a drawing of thousands stays small. */
function drawTrack({ name, marks }: Track, y: number): Markup {
  const middle = y + trackHeight / 2;
  const paths = new Map<Shape, string>();
  const runs: string[] = [];
  const labels: Markup[] = [];
  marks.forEach(({ x, end, shape, labels: choices }, index) => {
    paths.set(shape, (paths.get(shape) ?? '') + outlines[shape](short(x), middle));
    if (end > x) runs.push(`M${short(x)} ${middle}H${short(end)}m0-4v8`);
    const next = marks[index + 1]?.x ?? width;
    const room = next - x - 14;
    const label = choices.find((one) => textWidth(one, size) <= room);
    // Above a run, so that its line does not go through the words.
    const place = { x: Number(short(x + 8)), y: end > x ? middle - 4 : middle + 4, size };
    if (label !== undefined) labels.push(text(label, { ...place, anchor: 'start', class: 'value' }));
  });
  return element(
    'g',
    {},
    element('path', { class: 'track', d: `M0 ${y + trackHeight - 0.5}H${width}` }),
    text(fitting(name, left - 12), { x: 4, y: middle + 4, size: 12, anchor: 'start', class: 'name' }),
    runs.length > 0 ? element('path', { class: 'run', d: runs.join('') }) : '',
    [...paths].map(([shape, d]) => element('path', { class: shape, d })),
    labels,
  );
}

function drawBreaks({ breaks }: Axis, bottom: number): Markup[] {
  return breaks.map(({ x, width: wide, nanoseconds }) => {
    const label = span(nanoseconds);
    const middle = x + wide / 2;
    const fits = textWidth(label, size) <= wide + 4;
    return element(
      'g',
      {},
      // Between the marks at both ends.
      wide > 12
        ? element('rect', {
            class: 'gap',
            x: short(x + 6),
            y: top - 6,
            width: short(wide - 12),
            height: bottom - top + 6,
          })
        : '',
      element('path', { class: 'break', d: `M${short(middle - 3)} ${top - 4}l3-8m0 8l3-8` }),
      fits ? text(label, { x: Number(short(middle)), y: top - 17, size, class: 'gap-length' }) : '',
    );
  });
}

/** Where events were not kept: two lines through all tracks, so that it is not taken for idle time. */
function drawCut(lines: readonly Line[], { x }: Axis, bottom: number): Markup[] {
  const at = lines.findIndex(({ omitted }) => omitted);
  if (at < 0) return [];
  const end = x(lines[at]!.at);
  const middle = at === 0 ? end - 10 : (x(lines[at - 1]!.until) + end) / 2;
  return [
    element('path', { class: 'cut', d: `M${short(middle - 2)} ${top - 4}V${bottom}m4 0V${top - 4}` }),
    text('…', { x: Number(short(middle)), y: top - 8, size: 13, bold: true }),
  ];
}

/** Moments above the marks, where there is room. */
function drawTimes(lines: readonly Line[], { x }: Axis): Markup[] {
  const now = clock(lines.at(-1)?.until ?? 0);
  let free = 0;
  return lines.flatMap(({ at }) => {
    const place = x(at);
    const label = now(at).trim();
    const half = textWidth(label, size) / 2;
    if (place - half < free || place + half > width) return [];
    free = place + half + 12;
    return [
      text(label, { x: Number(short(place)), y: 14, size, class: 'time' }),
      element('path', { class: 'tick', d: `M${short(place)} 18v6` }),
    ];
  });
}

function drawViolation(x: number, number: number, bottom: number): Markup {
  const label = `✗${number}`;
  const half = textWidth(label, size) / 2 + 3;
  return element(
    'g',
    { class: 'violation' },
    element('path', { d: `M${short(x)} ${top - 12}V${bottom}`, 'stroke-dasharray': '5 3' }),
    element('rect', { x: short(x - half), y: top - 28, width: short(2 * half), height: 16, rx: 2 }),
    text(label, { x: Number(short(x)), y: top - 16, size, bold: true }),
  );
}

function short(number: number): string {
  return String(Number(number.toFixed(1)));
}

function fitting(name: string, room: number): string {
  const most = Math.floor(room / textWidth('x', 12));
  return name.length <= most ? name : `${name.slice(0, most - 1)}…`;
}
