// SPDX-License-Identifier: Apache-2.0
// Which part of a trace is looked at, and what one step further would be.
import type { Line } from './lines.ts';

/** Nanoseconds, both included. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

export interface Window {
  /** The lines to show. */
  readonly lines: readonly Line[];
  readonly stretch: Stretch;
  /** Half and twice as many lines around the same middle, and as many lines further on; absent where there are none. */
  readonly inwards?: Stretch;
  readonly outwards?: Stretch;
  readonly earlier?: Stretch;
  readonly later?: Stretch;
  /** All there is; absent when it is shown. */
  readonly all?: Stretch;
  /** Around the next broken rule after the window, or the first when there is none; absent when all are shown. */
  readonly broken?: Stretch;
}

/** Lines to begin with; fewer than this many more are shown at once. */
const first = 40;

/**
 * The window onto lines for a stretch of time; without one, around the first broken rule, or at the beginning. Steps are
 * counted in lines, not in time: a burst of accesses and a long wait take as many steps as there is to see.
 */
export function windowOn(lines: readonly Line[], wanted: Partial<Stretch> = {}): Window {
  const { from, to } = wanted;
  const asked = from !== undefined || to !== undefined;
  const [start, end] = asked ? between(lines, from ?? 0, to ?? Infinity) : beginning(lines);
  const shown = lines.slice(start, end);
  const count = end - start;
  const stretch = (low: number, high: number): Stretch | undefined => {
    const part = lines.slice(Math.max(0, low), Math.min(lines.length, Math.max(high, low + 1)));
    return part.length === 0 ? undefined : { from: part[0]!.at, to: lastMoment(part) };
  };
  const quarter = Math.max(1, Math.floor(count / 4));
  const half = Math.max(1, Math.floor(count / 2));
  const steps = {
    inwards: count > 4 ? stretch(start + quarter, end - quarter) : undefined,
    outwards: count < lines.length ? stretch(start - half, end + half) : undefined,
    earlier: start > 0 ? stretch(start - half, start - half + count) : undefined,
    later: end < lines.length ? stretch(Math.min(start + half, lines.length - count), end + half) : undefined,
    all: count < lines.length ? stretch(0, lines.length) : undefined,
    broken: nextBroken(lines, start, end),
  };
  return {
    lines: shown,
    stretch:
      shown.length === 0 ? { from: from ?? 0, to: to ?? 0 } : { from: shown[0]!.at, to: lastMoment(shown) },
    ...Object.fromEntries(Object.entries(steps).filter(([, step]) => step !== undefined)),
  };
}

function nextBroken(lines: readonly Line[], start: number, end: number): Stretch | undefined {
  const places = lines.flatMap(({ event }, at) => (event.kind === 'violation' ? [at] : []));
  const next = places.find((at) => at >= end) ?? places.find((at) => at < start);
  return next === undefined ? undefined : stretchAround(lines, next);
}

/** The stretch around a line: what was just before and after. */
export function stretchAround(lines: readonly Line[], at: number): Stretch {
  const part = lines.slice(Math.max(0, at - 12), at + 9);
  return { from: part[0]!.at, to: lastMoment(part) };
}

function between(lines: readonly Line[], from: number, to: number): [start: number, end: number] {
  const start = lines.findIndex(({ until }) => until >= from);
  const end = lines.findLastIndex(({ at }) => at <= to) + 1;
  return start < 0 || end < start ? [0, 0] : [start, end];
}

function beginning(lines: readonly Line[]): [start: number, end: number] {
  if (lines.length < 2 * first) return [0, lines.length];
  const broken = lines.findIndex(({ event }) => event.kind === 'violation');
  const start = Math.max(0, Math.min((broken < 0 ? 0 : broken) - first / 2, lines.length - first));
  return [start, start + first];
}

function lastMoment(lines: readonly Line[]): number {
  return lines.reduce((latest, { until }) => Math.max(latest, until), 0);
}
