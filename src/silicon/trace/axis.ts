// SPDX-License-Identifier: Apache-2.0

/** Where moments stand in a drawing: stretches in which nothing happens for long are cut to one width. */
export interface Axis {
  /** Place of a moment that is among the times. */
  readonly x: (at: number) => number;
  /** Stretches that are cut, with how long they really are. */
  readonly breaks: readonly { readonly x: number; readonly width: number; readonly nanoseconds: number }[];
}

/** How many times as long as short gaps are a gap must be to be cut. */
const long = 12;
const widestBreak = 48;
/** Of all the width, what breaks may take. */
const share = 0.55;

/**
 * An axis from `left` to `right` for moments when something happened. A gap is long against the lower quartile of gaps.
 *
 * @param times by rising time; nanoseconds.
 */
export function axisOf(times: readonly number[], left: number, right: number): Axis {
  const moments = [...new Set(times)].sort((a, b) => a - b);
  const gaps = moments.slice(1).map((at, index) => at - moments[index]!);
  const sorted = [...gaps].sort((a, b) => a - b);
  const limit = long * (sorted[Math.floor(sorted.length / 4)] ?? 0);
  const cut = gaps.filter((gap) => gap > limit).length;
  const linear = gaps.reduce((sum, gap) => sum + (gap > limit ? 0 : gap), 0);
  const room = right - left;
  const breakWidth = cut === 0 ? 0 : linear === 0 ? room / cut : Math.min(widestBreak, (share * room) / cut);
  const scale = linear === 0 ? 0 : (room - cut * breakWidth) / linear;
  const places = new Map<number, number>();
  const breaks: { x: number; width: number; nanoseconds: number }[] = [];
  let x = left;
  moments.forEach((at, index) => {
    const gap = index === 0 ? 0 : gaps[index - 1]!;
    if (gap > limit) {
      breaks.push({ x, width: breakWidth, nanoseconds: gap });
      x += breakWidth;
    } else x += gap * scale;
    places.set(at, x);
  });
  return { x: (at) => places.get(at) ?? left, breaks };
}
