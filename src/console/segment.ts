// SPDX-License-Identifier: Apache-2.0
// Finds where reports start and end. Messages of different contexts interleave on the console, so each
// context (PRINTK_CALLER) is followed on its own; without that, all messages are one context.
import { kinds, moduleLeak, startOf, type Kind, type KindId } from './kinds.ts';
import type { Message } from './message.ts';
import { callTrace, cutHere, endTrace, isDump, isLeakDetail, isStallDump, rule, stackTag } from './shape.ts';

/** The messages of one report. */
export interface Span {
  kind: KindId;
  /** Indexes of its messages, ascending. */
  lines: number[];
  /** False if the log stopped, or was cut off, in the middle. */
  complete: boolean;
}

/** A report that may still go on. */
interface Open extends Span {
  /** Undefined from 'cut here' until the next lines say what it is. */
  known: boolean;
  ends: Kind['ends'];
  /** True if a WARN or BUG that follows is how this one comes down. */
  prelude: boolean;
  /** head: before its stack trace. trace: in it. tail: after it, as long as lines belong. panic: to the panic's end. */
  phase: 'head' | 'trace' | 'tail' | 'panic';
  frames: number;
  /** True between <TASK> or the like and </TASK>: the trace goes on even if other lines get between. */
  tagged: boolean;
  panicEnded: boolean;
  /** How many of `lines` are certain to belong to it. */
  sure: number;
  time: number;
}

/** No report is longer; the longest, of lockdep and of slab, have some hundreds of lines. */
const mostLines = 1500;
/** More reports in one log say nothing new; the later ones are left out. */
const mostReports = 10_000;
/** A report that says nothing recognizable for so many lines is over. */
const mostUnknown = 60;
/** Lines of others that may stand in the middle of a stack trace. */
const mostForeign = 20;
/** Reports are printed in one go; a pause this long (seconds) ends one. */
const longestPause = 10;
/** A panic is taken for the consequence of a report that ended at most this many messages before. */
const panicReach = 100;

// Reports that say what is wrong and then come down as a WARN or BUG.
const preludes = new Set<KindId>([
  'list-corruption',
  'usercopy',
  'rust-panic',
  'slab',
  'debug-objects',
  'dma-api',
  'refcount',
  'teardown',
  'leak',
]);
const carriers = new Set<KindId>(['warning', 'bug', 'oops']);
// The only reports of lockdep that do: lockdep_init_map_type and look_up_lock_class say it in one line.
const lockdepPrelude = /^BUG: (?:key .{1,40} has not been registered|looking up invalid subclass)/;

/** The reports in the messages, in the order in which they start. */
export function segment(messages: readonly Message[]): Span[] {
  const spans: Open[] = [];
  const open = new Map<string, Open>();
  const latest = new Map<string, Open>();
  let newest: Open | undefined;
  let ended = 0;

  messages.forEach((message, index) => {
    const caller = message.caller ?? '';
    let current = open.get(caller);
    if (current && !take(current, message, index)) {
      close(current);
      // Not counted: a 'cut here' that nothing followed, or a flood of them could hide what comes after.
      if (current.known) ended++;
      open.delete(caller);
      current = undefined;
    }
    if (current) return;
    if (newest && isAnswerTo(newest, message)) {
      open.set(caller, newest);
      take(newest, message, index);
      return;
    }
    const begun = begin(message, index);
    if (!begun || ended >= mostReports) return;
    if (begun.kind === 'panic') {
      const cause = causeOfPanic(message, index, latest.get(caller), newest);
      if (cause) {
        cause.phase = 'panic';
        cause.lines.push(index);
        cause.sure = cause.lines.length;
        cause.complete = false;
        open.set(caller, cause);
        return;
      }
    }
    spans.push(begun);
    open.set(caller, begun);
    latest.set(caller, begun);
    newest = begun;
  });
  for (const span of open.values()) close(span, true);
  return spans
    .filter((span) => span.known)
    .map(({ kind, lines, complete }) => ({ kind, lines, complete }))
    .sort((a, b) => (a.lines[0] ?? 0) - (b.lines[0] ?? 0));
}

function begin(message: Message, index: number): Open | undefined {
  const kind = startOf(message.text);
  const cut = kind === undefined && cutHere.test(message.text);
  if (kind === undefined && !cut) return undefined;
  return {
    kind: kind ?? 'warning',
    known: !cut,
    lines: [index],
    complete: false,
    ends: kind === undefined ? 'trace' : endOf(kind, message.text),
    prelude: kind !== undefined && isPrelude(kind, message.text),
    phase: 'head',
    frames: 0,
    tagged: false,
    panicEnded: false,
    sure: 1,
    time: message.time,
  };
}

function isPrelude(kind: KindId, text: string): boolean {
  return preludes.has(kind) || (kind === 'lockdep' && lockdepPrelude.test(text));
}

function endOf(kind: KindId, text: string): Kind['ends'] {
  return kind === 'leak' && moduleLeak.test(text) ? 'trace' : kinds[kind].ends;
}

/** Adds the message to the report if it belongs to it; false means that the report is over. */
function take(span: Open, message: Message, index: number): boolean {
  const { text } = message;
  if (span.lines.length >= mostLines || message.time - span.time > longestPause) return false;
  // Time that runs backwards is another boot.
  if (message.time < span.time - 1) return false;
  const add = (sure: boolean): true => {
    span.lines.push(index);
    if (sure) span.sure = span.lines.length;
    if (!Number.isNaN(message.time)) span.time = message.time;
    return true;
  };

  if (span.phase === 'panic') return inPanic(span, text) && add(isSure(span, text));
  const start = startOf(text);
  if (start === 'panic' && span.known && span.kind !== 'panic') {
    span.phase = 'panic';
    return add(true);
  }
  if (start !== undefined) return joins(span, start, text) && add(true);
  if (cutHere.test(text)) return span.known && span.frames === 0 && span.prelude && add(true);
  // The message of a WARN stands between 'cut here' and 'WARNING:'; a few lines at most.
  if (!span.known) return span.lines.length < 12 && add(true);
  // After the end, a line of '=' may be the first of the next report.
  const opensNext = span.phase === 'tail' && rule.test(text);
  return advance(span, text) && add(!opensNext && isSure(span, text));
}

/** What a panic prints goes on to its end marker (kernel/panic.c). */
function inPanic(span: Open, text: string): boolean {
  if (span.panicEnded) return false;
  if (text.startsWith('---[ end Kernel panic')) {
    span.complete = true;
    span.panicEnded = true;
  }
  return isSure(span, text) || unknownLines(span) < mostUnknown;
}

/** Whether a line that could start a report is part of the one that is open; settles what that one is. */
function joins(span: Open, start: KindId, text: string): boolean {
  if (!span.known) {
    span.kind = start;
    span.known = true;
    span.ends = endOf(start, text);
    span.prelude = isPrelude(start, text);
    return true;
  }
  if (span.frames > 0 || span.phase === 'tail') {
    // x86 repeats the header of an oops in no other place; a second header is a second oops.
    return false;
  }
  if (carriers.has(start)) {
    if (span.prelude) {
      span.ends = 'trace';
      span.phase = 'head';
      return true;
    }
    // 'kernel BUG at' or 'Unable to handle' first, 'Oops: … [#1]' next.
    return (span.kind === 'bug' || span.kind === 'oops' || span.kind === 'ubsan') && start !== 'warning';
  }
  if (span.kind === 'warning' && preludes.has(start)) {
    // Architectures without a trap for WARN print the message after 'WARNING:'.
    span.kind = start;
    span.prelude = true;
    return true;
  }
  // slab: '[Redzone overwritten]', then 'BUG kmalloc-64 (…): Object corrupt'.
  return span.kind === 'slab' && start === 'slab' && span.lines.length <= 3;
}

/** Moves the report on to its next phase; false if the line is past its end. */
function advance(span: Open, text: string): boolean {
  if (span.ends === 'block') return isLeakDetail(text);
  if (span.ends === 'line') {
    span.complete = true;
    return span.kind === 'teardown' && isDump(text);
  }
  if (span.ends === 'rule') {
    if (span.phase === 'tail') return /^Disabling lock debugging/.test(text);
    if (rule.test(text)) finish(span);
    return isSure(span, text) || unknownLines(span) < mostUnknown;
  }
  if (span.phase === 'tail') return text === '' || isSure(span, text);
  if (endTrace.test(text)) {
    finish(span);
    return true;
  }
  if (callTrace.test(text)) {
    span.phase = 'trace';
    return true;
  }
  if (span.phase === 'trace') {
    const tag = stackTag.exec(text);
    if (tag) {
      span.tagged = true;
      if (tag[1] === '/' && tag[2] === 'TASK') finish(span);
      return true;
    }
    if (isSure(span, text)) {
      span.frames++;
      return true;
    }
    if (span.tagged && text !== '') return unknownLines(span) < mostForeign;
    if (span.frames === 0) return unknownLines(span) < mostUnknown;
    finish(span);
    return text === '';
  }
  return isSure(span, text) || unknownLines(span) < mostUnknown;
}

function finish(span: Open): void {
  span.phase = 'tail';
  span.complete = true;
  span.frames++;
}

function isSure(span: Open, text: string): boolean {
  return isDump(text) || ((span.kind === 'rcu-stall' || span.kind === 'lockup') && isStallDump(text));
}

function unknownLines(span: Open): number {
  return span.lines.length - span.sure;
}

/** Drops lines at the end that may not belong. */
function close(span: Open, atEnd = false): void {
  const short = span.ends === 'line' || span.ends === 'block';
  span.complete ||= short;
  let keep = span.sure;
  // The first lines of a report describe it in words of their own, which have no shape to recognize.
  if (span.phase === 'head' && !short) keep = atEnd ? span.lines.length : span.sure + 3;
  if (span.lines.length > keep) span.lines.length = keep;
}

/** A CPU that is asked for its stack by the report of a stall prints it in a context of its own (lib/nmi_backtrace.c). */
function isAnswerTo(span: Open, message: Message): boolean {
  return (
    (span.kind === 'rcu-stall' || span.kind === 'lockup') &&
    span.phase !== 'panic' &&
    !(message.time - span.time > longestPause) &&
    message.text.startsWith('NMI backtrace for cpu ')
  );
}

/** The report that a panic without one of its own ends, if it follows soon enough. */
function causeOfPanic(message: Message, index: number, own?: Open, newest?: Open): Open | undefined {
  const near = (span: Open | undefined): boolean =>
    span !== undefined &&
    span.known &&
    span.kind !== 'panic' &&
    index - (span.lines.at(-1) ?? 0) <= panicReach &&
    !(message.time - span.time > longestPause);
  if (near(own)) return own;
  // These are always the end of an earlier report, whichever context prints them.
  const consequence = /Fatal exception|panic_on_\w{1,20} set|hung tasks|blocked tasks/.test(message.text);
  return consequence && near(newest) ? newest : undefined;
}
