// SPDX-License-Identifier: Apache-2.0
// Times of a trace: nanoseconds of guest time.

const units = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9 } as const;

/** A stretch of time with three digits that count: `800 ns`, `12.3 ms`. */
export function span(nanoseconds: number): string {
  const unit = (['s', 'ms', 'µs'] as const).find((one) => nanoseconds >= units[one]) ?? 'ns';
  return `${Number((nanoseconds / units[unit]).toPrecision(3))} ${unit}`;
}

/** How to write moments up to `last` so that they stand below each other: in µs while that is short, else in ms. */
export function clock(last: number): (at: number) => string {
  const unit = last < 10 * units.ms ? 'µs' : 'ms';
  const width = (last / units[unit]).toFixed(3).length;
  return (at) => `${(at / units[unit]).toFixed(3).padStart(width)} ${unit}`;
}

/** `350us`, `1.25 ms` in nanoseconds; undefined for anything else. */
export function parseTime(text: string): number | undefined {
  const [, digits, unit] = /^\s*(\d{1,12}(?:\.\d{1,9})?)\s*(ns|us|µs|ms|s)\s*$/.exec(text) ?? [];
  return unit === undefined ? undefined : Math.round(Number(digits) * units[unit as keyof typeof units]);
}
