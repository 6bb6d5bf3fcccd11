// SPDX-License-Identifier: Apache-2.0
import { loadChip } from '../../lab/lab.ts';
import type { Chip } from '../../silicon/layout/chip.ts';
import { registerAnchor } from '../../silicon/sheet/words.ts';
import { traceForm } from '../../silicon/trace/form.ts';
import { linesOf } from '../../silicon/trace/lines.ts';
import { say, type Said } from '../../silicon/trace/say.ts';
import { registersIn, select } from '../../silicon/trace/select.ts';
import { clock, parseTime, span } from '../../silicon/trace/time.ts';
import { timeline } from '../../silicon/trace/timeline.ts';
import type { Trace } from '../../silicon/trace/trace.ts';
import { stretchAround, windowOn, type Stretch, type Window } from '../../silicon/trace/window.ts';
import { site } from '../site/site.ts';

/** The trace of a verdict, as far as it is looked at. */
export interface Bus {
  part: string;
  /** All events that happened, and how many of them are not kept. */
  events: number;
  omitted: number;
  /** False when the lab has another chip now, so that nothing can be decoded. */
  decoded: boolean;
  /** SVG. */
  drawing: string;
  rows: BusRow[];
  /** Lines in the window, and of all. */
  shown: number;
  lines: number;
  /** The window in words, as the form takes them. */
  from: string;
  to: string;
  steps: { name: string; key: string; href?: string }[];
  /** The first ones of those that were broken. */
  violations: { number: number; says: string; detail: string; href: string }[];
  broken: number;
  registers: string[];
  register?: string;
  /** What was asked for is not there. */
  trouble?: string;
}

export interface BusRow extends Said {
  id: string;
  kind: string;
  time: string;
  since: string;
  /** The register in the data sheet. */
  href?: string;
  /** Number of a broken rule. */
  number?: number;
  /** Events are left out before it. */
  omitted: boolean;
}

/** Rows of the table and broken rules in the list, at most. */
const mostRows = 120;
const mostListed = 8;

/**
 * What is shown of the trace that was kept with a verdict; undefined when it has none.
 *
 * @param query of the page: `from` and `to` as times, `register`.
 */
export async function busOf(
  verdict: { lab: string; trace?: unknown },
  query: URLSearchParams,
): Promise<Bus | undefined> {
  const { data: trace } = traceForm.safeParse(verdict.trace);
  if (!trace) return undefined;
  return shownOf(trace, verdict.lab, await chipOf(verdict.lab, trace), query);
}

function shownOf(trace: Trace, lab: string, chip: Chip | undefined, query: URLSearchParams): Bus {
  const registers = registersIn(trace);
  const asked = query.get('register') ?? '';
  const register = registers.find((name) => name.toLowerCase() === asked.toLowerCase());
  const [from, to] = ['from', 'to'].map((name) => parseTime(query.get(name) ?? ''));
  const lines = select(trace, { register });
  const whole = linesOf(trace);
  const numbers = new Map(
    trace.events
      .flatMap(({ kind }, index) => (kind === 'violation' ? [index] : []))
      .map((index, at) => [index, at + 1]),
  );
  const window = windowOn(lines, { ...(from !== undefined && { from }), ...(to !== undefined && { to }) });
  const number = (index: number): number => numbers.get(index)!;
  const now = clock(trace.events.at(-1)?.at ?? 0);
  const href = (stretch: Stretch): string => {
    const parts = new URLSearchParams({ from: exact(stretch.from), to: exact(stretch.to) });
    if (register !== undefined) parts.set('register', register);
    return `?${parts.toString()}#bus`;
  };
  const sheet = (name: string): string => `/labs/${lab}/datasheet?seed=${trace.seed}#${registerAnchor(name)}`;
  return {
    part: trace.part,
    events: trace.events.length + trace.omitted,
    omitted: trace.omitted,
    decoded: chip !== undefined,
    drawing: timeline(window.lines, chip, number).markup,
    rows: window.lines.slice(0, mostRows).map((line) => {
      const { event, first, at, since, omitted } = line;
      const name = 'register' in event ? event.register : undefined;
      return {
        ...say(line, chip),
        id: `e${first}`,
        kind: event.kind,
        time: now(at).trim(),
        since: since ? `+${span(since)}` : '',
        omitted: omitted ?? false,
        ...(name !== undefined && chip && { href: sheet(name) }),
        ...(event.kind === 'violation' && { number: number(first) }),
      };
    }),
    shown: window.lines.length,
    lines: lines.length,
    from: exact(window.stretch.from),
    to: exact(window.stretch.to),
    steps: stepsOf(window, href),
    broken: numbers.size,
    violations: whole.flatMap((line, at) => {
      if (line.event.kind !== 'violation' || number(line.first) > mostListed) return [];
      const { to: says, note } = say(line, chip);
      return { number: number(line.first), says, detail: note, href: href(stretchAround(whole, at)) };
    }),
    registers,
    ...(register !== undefined && { register }),
    ...troubleOf(query, register),
  };
}

/** Links with the keys that follow them. */
function stepsOf(window: Window, href: (stretch: Stretch) => string): Bus['steps'] {
  const steps = [
    { name: 'Zoom in', key: '+', to: window.inwards },
    { name: 'Zoom out', key: '-', to: window.outwards },
    { name: 'Earlier', key: '<', to: window.earlier },
    { name: 'Later', key: '>', to: window.later },
    { name: 'All', key: '0', to: window.all },
    { name: 'Next broken rule', key: 'n', to: window.broken },
  ];
  return steps.map(({ name, key, to }) => ({ name, key, ...(to && { href: href(to) }) }));
}

/** A moment so that reading it gives the same nanosecond. */
function exact(nanoseconds: number): string {
  return `${(Math.round(nanoseconds) / 1e6).toFixed(6).replace(/\.?0+$/, '')}ms`;
}

function troubleOf(query: URLSearchParams, register: string | undefined): { trouble?: string } {
  const wrong = ['from', 'to'].filter((name) => query.get(name) && parseTime(query.get(name)!) === undefined);
  if (wrong.length > 0) return { trouble: 'A time is a number and ns, us, ms or s, such as 12.5ms.' };
  const asked = query.get('register');
  return asked && register === undefined ? { trouble: `The driver touched no register ${asked}.` } : {};
}

/** The chip that a trace was made with; undefined when the lab, or that chip, is not there any more. */
async function chipOf(lab: string, { seed, part }: Trace): Promise<Chip | undefined> {
  const known = site().labs.get(lab);
  const chip = known?.silicon === undefined ? undefined : await loadChip(known, seed).catch(() => undefined);
  return chip?.part === part ? chip : undefined;
}
