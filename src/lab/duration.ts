// SPDX-License-Identifier: Apache-2.0

/** Guest time: '200ms', '2s', '50us'. */
export type Duration = `${number}${'us' | 'ms' | 's'}`;

const units: Record<string, number> = { us: 1e3, ms: 1e6, s: 1e9 };

/** Nanoseconds of a duration. Throws a RangeError for anything else than a number and a unit. */
export function nanoseconds(duration: Duration): bigint {
  const match = /^(\d+(?:\.\d+)?)(us|ms|s)$/.exec(duration);
  if (!match) throw new RangeError(`"${duration}" is not a duration such as 200ms`);
  return BigInt(Math.round(Number(match[1]) * units[match[2]!]!));
}

/** For people: '1.5 ms', '2.0 s'. */
export function sayDuration(ns: bigint): string {
  const value = Number(ns);
  if (value >= 1e9) return `${(value / 1e9).toFixed(1)} s`;
  if (value >= 1e6) return `${(value / 1e6).toFixed(value < 1e7 ? 1 : 0)} ms`;
  return `${Math.round(value / 1e3)} µs`;
}
