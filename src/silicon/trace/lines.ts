// SPDX-License-Identifier: Apache-2.0
import type { Trace, TraceEvent } from './trace.ts';

/** A line of a trace: an event, or a run of reads that all gave the same (polling). */
export interface Line {
  readonly event: TraceEvent;
  /** Place of the event in the trace, and how many events the line stands for. */
  readonly first: number;
  readonly count: number;
  /** Nanoseconds: when it happened, and the last one of a run. */
  readonly at: number;
  readonly until: number;
  /** Nanoseconds since the event before; undefined when that is not known. */
  readonly since?: number;
  /** Events are left out of the trace just before this one. */
  readonly omitted?: true;
}

/** The lines of a trace, or of those of its events that are wanted; each such event is in one of them. */
export function linesOf(trace: Trace, wanted: (event: TraceEvent) => boolean = () => true): Line[] {
  const { events, omitted, head } = trace;
  const lines: Line[] = [];
  events.forEach((event, index) => {
    if (!wanted(event)) return;
    const cut = omitted > 0 && index === head;
    const last = lines.at(-1);
    if (last && !cut && last.first + last.count === index && same(last.event, event)) {
      lines[lines.length - 1] = { ...last, count: last.count + 1, until: event.at };
      return;
    }
    const before = cut ? undefined : events[index - 1];
    lines.push({
      event,
      first: index,
      count: 1,
      at: event.at,
      until: event.at,
      ...(before && { since: Math.max(0, event.at - before.at) }),
      ...(cut && { omitted: true }),
    });
  });
  return lines;
}

function same(a: TraceEvent, b: TraceEvent): boolean {
  return (
    a.kind === 'read' &&
    b.kind === 'read' &&
    a.offset === b.offset &&
    a.bytes === b.bytes &&
    a.value === b.value &&
    a.register === b.register
  );
}
