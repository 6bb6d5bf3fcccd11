// SPDX-License-Identifier: Apache-2.0
import { isAccess } from './decode.ts';
import { linesOf, type Line } from './lines.ts';
import type { Trace } from './trace.ts';

/** What of a trace is wanted; what is left out wants all. Broken rules are always among it. */
export interface Selection {
  /** Name of a register, in any case. */
  readonly register?: string | undefined;
  /** Nanoseconds, both included. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** The lines of a trace that are wanted. A run of reads that reaches into the time is among them. */
export function select(trace: Trace, { register, from = 0, to = Infinity }: Selection): Line[] {
  const wanted = register?.toLowerCase();
  const lines = linesOf(
    trace,
    (event) =>
      wanted === undefined ||
      event.kind === 'violation' ||
      (isAccess(event) && event.register?.toLowerCase() === wanted),
  );
  return lines.filter(({ at, until }) => until >= from && at <= to);
}

/** Names of the registers that a trace touches, in alphabetical order. */
export function registersIn(trace: Trace): string[] {
  const names = trace.events.flatMap((event) => (isAccess(event) ? (event.register ?? []) : []));
  return [...new Set(names)].sort();
}
