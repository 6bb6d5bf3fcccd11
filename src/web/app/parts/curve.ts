// SPDX-License-Identifier: Apache-2.0

/** The data of an SVG path through points that is level at each of them. */
export function curve(points: readonly { x: number; y: number }[]): string {
  const [first, ...rest] = points.map(({ x, y }) => [Math.round(x), Math.round(y)] as const);
  if (!first) return '';
  let path = `M${first.join(' ')}`;
  let [before, level] = first;
  for (const [x, y] of rest) {
    const middle = Math.round((before + x) / 2);
    path += `C${middle} ${level} ${middle} ${y} ${x} ${y}`;
    [before, level] = [x, y];
  }
  return path;
}
