// SPDX-License-Identifier: Apache-2.0
// The kernel log as messages. The prefix formats are those of kernel/printk/printk.c
// (info_print_prefix, info_print_ext_header), util-linux dmesg and journalctl.
import { parsePrefix } from './prefix.ts';

/** One line of the kernel log. */
export interface Message {
  /** Sequence number; only /dev/kmsg records carry one. */
  seq?: number;
  /** Seconds since boot, NaN if the line does not say. */
  time: number;
  /** The context that printed it, from PRINTK_CALLER: 'T12' for task 12, 'C0' for interrupts on CPU 0. */
  caller?: string;
  /** 0 (emergency) to 7 (debug). */
  level?: number;
  text: string;
}

/** Longer lines are cut: printk itself stops at 1,024 characters a record. */
const longestLine = 4096;
/** Later lines are ignored: the largest log buffer (LOG_BUF_SHIFT 25) holds far fewer. */
const mostLines = 2_000_000;

/** One line, without its line end, as a message. A line with no known prefix is all text. */
export function parseLogLine(line: string): Message {
  return parsePrefix(clean(line)).message;
}

/**
 * Any log a person has: serial console output, dmesg in all its forms, journalctl -k, /dev/kmsg, quoted
 * mail. Each line becomes one message; the further lines of a message take over its time, caller and
 * level. Runs of empty lines become one. Takes time linear in the input, whatever is in it.
 */
export function parseLog(text: string): Message[] {
  const messages: Message[] = [];
  let previous: Message | undefined;
  let blank = false;
  for (const line of lines(text)) {
    if (messages.length >= mostLines) break;
    const { message, prefixed, isRecord } = parsePrefix(clean(line));
    // /dev/kmsg follows a record with " KEY=value" lines about the device.
    if (previous?.seq !== undefined && !isRecord && /^ [A-Z_]{1,40}=/.test(message.text)) continue;
    if (message.text === '') {
      if (blank) continue;
      blank = true;
    } else {
      blank = false;
    }
    if (prefixed) {
      previous = message;
    } else if (previous !== undefined) {
      message.time = previous.time;
      if (previous.caller !== undefined) message.caller = previous.caller;
      if (previous.level !== undefined) message.level = previous.level;
    }
    messages.push(message);
  }
  return messages;
}

/** Splits at \n, \r\n, \n\r (some serial consoles) and lone \r, without copying the text. */
function* lines(text: string): Generator<string> {
  let start = 0;
  let newline = text.indexOf('\n');
  let carriage = text.indexOf('\r');
  while (start < text.length) {
    if (newline !== -1 && newline < start) newline = text.indexOf('\n', start);
    if (carriage !== -1 && carriage < start) carriage = text.indexOf('\r', start);
    const end = Math.min(newline === -1 ? text.length : newline, carriage === -1 ? text.length : carriage);
    yield text.slice(start, Math.min(end, start + longestLine));
    start = afterLineEnd(text, end);
  }
}

function afterLineEnd(text: string, end: number): number {
  let next = end;
  if (text[next] === '\r') {
    while (text[next] === '\r') next++;
    return text[next] === '\n' ? next + 1 : next;
  }
  next++;
  let after = next;
  while (text[after] === '\r') after++;
  // "\n\r" is one line end, but in "\n\r\n" the \r belongs to the empty line that follows.
  return text[after] === '\n' ? next : after;
}

// eslint-disable-next-line no-control-regex
const controls = /[\u0000-\u0008\u000b-\u001f\u007f]/;
// eslint-disable-next-line no-control-regex
const ansi = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\^_=>c78])/g;
// eslint-disable-next-line no-control-regex
const anyControls = /[\u0000-\u0008\u000b-\u001f\u007f]+/g;

/** Without colors and control characters, and cut to the longest line. */
function clean(line: string): string {
  const cut = line.length > longestLine ? line.slice(0, longestLine) : line;
  if (!controls.test(cut)) return cut;
  return cut.replace(ansi, '').replace(anyControls, '');
}
