// SPDX-License-Identifier: Apache-2.0
// What was seen on the wires between a driver and a chip. Plain data: it is kept with a verdict as JSON.

/** One thing that happened between driver and chip, `at` a guest time in nanoseconds since it was plugged in. */
export type TraceEvent = { at: number } & (
  | { kind: 'read' | 'write'; offset: number; bytes: number; value: number; register?: string }
  /** `address`: hexadecimal, with 0x. */
  | { kind: 'dma-read' | 'dma-write'; address: string; bytes: number; fault?: string }
  /** `lost`: nobody got it, since the driver had not let it through, or a fault was asked for. */
  | { kind: 'message'; interrupt: string; vector: number; lost?: true }
  | { kind: 'violation'; rule: string; detail: string }
  /** What the check did to the chip: a fault put in, a surprise removal. */
  | { kind: 'fault'; what: string }
  | { kind: 'reset' }
);

/** All that happened in one run, in order. */
export interface Trace {
  /** As printed on the package. */
  part: string;
  /** The seed that made the chip. */
  seed: number;
  events: TraceEvent[];
  /** How many events are left out after the first `head`; 0 when all are there. */
  omitted: number;
  head: number;
}

/** Events that a trace keeps: as many from the beginning, and from the end. */
const kept = { first: 500, last: 1500 };

/** A trace of events, the middle left out when there are too many. */
export function traceOf(part: string, seed: number, events: readonly TraceEvent[]): Trace {
  const omitted = Math.max(0, events.length - kept.first - kept.last);
  if (omitted === 0) return { part, seed, events: [...events], omitted, head: events.length };
  const both = [...events.slice(0, kept.first), ...events.slice(-kept.last)];
  return { part, seed, events: both, omitted, head: kept.first };
}
