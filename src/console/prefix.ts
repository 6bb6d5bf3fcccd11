// SPDX-License-Identifier: Apache-2.0
import type { Message } from './message.ts';

// Every pattern is anchored and bounded, so that a line costs the same whatever is in it.
const quotes = /^(?:>{1,20} ){1,20}|^>{1,20}$/;
const kmsgRecord =
  /^(\d{1,6}),(\d{1,19}),(\d{1,19}),[^,;]{1,8}(?:,caller=([TC]\d{1,10}))?(?:,[^;]{0,200})?;(.*)$/;
const isoDate = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)? /;
const syslogDate = /^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,9})? /;
const monotonic = /^\[ {0,12}(\d{1,10}\.\d{1,9})\] (?=\S{1,255} kernel: )/;
const fromKernel = /^(?:[^\s[<:]{1,255} )?kernel: /;
const rawLevel = /^<(\d{1,3})>/;
const namedLevel =
  /^[a-z]{3,8}[0-7]? {0,4}:(emerg|alert|crit|err|warn|notice|info|debug) {0,3}: ?(?=\[|$|\S)/;
const sinceBoot = /^\[ {0,12}(\d{1,10}\.\d{1,9})(?: <[ \d.]{1,20}>)?\] ?/;
const wallClock =
  /^\[(?:[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}|[A-Z][a-z]{2} ?[ \d]\d \d\d:\d\d)\] ?/;
const delta = /^\[ {0,12}[+<] {0,12}\d{1,10}\.\d{1,9}>?\] ?/;
const caller = /^\[ {0,12}([TC]\d{1,10})\] ?/;

const levels = ['emerg', 'alert', 'crit', 'err', 'warn', 'notice', 'info', 'debug'];

export interface Prefixed {
  message: Message;
  /** True if the line had a prefix of its own; without one it may continue the message before it. */
  prefixed: boolean;
  /** True for a /dev/kmsg record. */
  isRecord: boolean;
}

/** Takes the prefixes off one clean line: quoting, date and host, level, time, caller; in that order. */
export function parsePrefix(line: string): Prefixed {
  let rest = line.startsWith('>') ? line.replace(quotes, '') : line;
  const record = /^\d/.test(rest) ? kmsgRecord.exec(rest) : null;
  if (record) return { message: fromRecord(record), prefixed: true, isRecord: true };

  const message: Message = { time: NaN, text: '' };
  let prefixed = false;
  const strip = (pattern: RegExp): string | undefined => {
    const match = pattern.exec(rest);
    if (!match) return undefined;
    rest = rest.slice(match[0].length);
    prefixed = true;
    return match[1] ?? '';
  };

  if (/^[\dA-Z]/.test(rest)) {
    if (strip(isoDate) !== undefined || strip(syslogDate) !== undefined) strip(fromKernel);
  }
  const fromJournal = strip(monotonic);
  if (fromJournal !== undefined) {
    message.time = Number(fromJournal);
    strip(fromKernel);
  }
  const raw = strip(rawLevel);
  if (raw !== undefined) message.level = Number(raw) & 7;
  const named = strip(namedLevel);
  if (named !== undefined) message.level = levels.indexOf(named);
  if (rest.startsWith('[')) {
    const seconds = strip(sinceBoot);
    if (seconds !== undefined) message.time = Number(seconds);
    else if (strip(wallClock) === undefined) strip(delta);
    const who = prefixed ? strip(caller) : undefined;
    if (who !== undefined) message.caller = who;
  }
  message.text = rest.trimEnd();
  return { message, prefixed, isRecord: false };
}

function fromRecord(record: RegExpExecArray): Message {
  const [, priority, seq, microseconds, who, text] = record;
  const message: Message = {
    seq: Number(seq),
    time: Number(microseconds) / 1e6,
    level: Number(priority) & 7,
    text: (text ?? '').trimEnd(),
  };
  if (who !== undefined) message.caller = who;
  return message;
}
