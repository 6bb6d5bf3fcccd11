// SPDX-License-Identifier: Apache-2.0
// Takes the stacks out of the lines of a report.
import { parseFrame, parseInstructionPointer, parseSymbol, type Frame, type Stack } from './frame.ts';
import { callTrace, endTrace, stackTag } from './shape.ts';

export interface Stacks {
  /** The stack of the event itself, the failing instruction first. */
  trace: Frame[];
  allocated?: Frame[];
  freed?: Frame[];
  /** The others, with the line that introduces each. */
  related: Stack[];
}

interface Section extends Stack {
  role: 'trace' | 'allocated' | 'freed' | 'other';
}

// KASAN: 'Allocated by task 80:'; KFENCE: 'allocated by task 80 on cpu 0 at …'; slab: 'Allocated in fn+… age=…';
// KMSAN: 'Uninit was created at:'; kmemleak: 'backtrace (crc …):'.
const allocation =
  /^(?:Allocated by task |allocated by task |Allocated in |Uninit was created at:|\s*backtrace)/;
const release = /^(?:Freed by task |freed by task |rcu freeing by task |Freed in )/;

/**
 * The stacks in a report. `firstIsTrace`: the report has no 'Call Trace:' and its first stack is that of the
 * event, as with KFENCE, KCSAN and KMSAN.
 */
export function collectStacks(lines: readonly string[], firstIsTrace: boolean): Stacks {
  const sections: Section[] = [];
  let current: Section | undefined;
  let title: string | undefined;
  let pointer: Frame | undefined;
  let over = false;

  const start = (role: Section['role'], name: string): Section => {
    const section: Section = { role, title: name, frames: [] };
    sections.push(section);
    return section;
  };

  for (const line of lines) {
    const text = line.startsWith('kmemleak: ') ? line.slice(10) : line;
    if (endTrace.test(text)) over = true;
    if (callTrace.test(text)) {
      current = start('trace', 'stack backtrace');
      title = undefined;
      continue;
    }
    const instruction = parseInstructionPointer(text);
    if (instruction) {
      if (over) continue;
      if (current?.role === 'trace') current.frames.push(instruction);
      else pointer ??= instruction;
      continue;
    }
    const frame = parseFrame(text);
    if (frame) {
      if (title !== undefined || !current) {
        current = start(roleOf(title ?? ''), (title ?? '').trim());
        title = undefined;
      }
      current.frames.push(frame);
      continue;
    }
    const tag = stackTag.exec(text);
    if (tag) {
      if (tag[1] === '/' && tag[2] === 'TASK') current = undefined;
      continue;
    }
    if (release.test(text) || allocation.test(text) || text.endsWith(':')) {
      title = text;
      const place = / in (\S+(?: \[[^\]]+\])?) age=/.exec(text)?.[1];
      const caller = place === undefined ? undefined : parseSymbol(place);
      // SLUB names the caller on the line itself; its stack, if kept, follows and is better.
      if (caller) start(roleOf(text), text.trim()).frames.push(caller);
      current = undefined;
    } else if (text === '') {
      current = undefined;
      title = undefined;
    }
  }
  return sort(sections, pointer, firstIsTrace);
}

function roleOf(title: string): Section['role'] {
  if (release.test(title)) return 'freed';
  return allocation.test(title) ? 'allocated' : 'other';
}

function sort(sections: Section[], pointer: Frame | undefined, firstIsTrace: boolean): Stacks {
  const filled = sections.filter(({ frames }) => frames.length > 0);
  const main = firstIsTrace
    ? (filled.find(({ role }) => role === 'other') ?? filled.find(({ role }) => role === 'trace'))
    : filled.find(({ role }) => role === 'trace');
  const stacks: Stacks = { trace: withPointer(main?.frames ?? [], pointer), related: [] };
  markInterrupted(stacks.trace);
  for (const section of filled) {
    if (section === main) continue;
    const { role, title, frames } = section;
    if (role === 'other' || role === 'trace') stacks.related.push({ title, frames });
    else if (stacks[role] === undefined || stacks[role].length === 1) stacks[role] = frames;
  }
  return stacks;
}

// Where an interrupt enters the kernel, on x86 and arm64.
const interruptEntry = /^(?:asm_sysvec_|asm_common_interrupt|el1h?_(?:64_)?(?:irq|fiq|interrupt))/;

function markInterrupted(trace: readonly Frame[]): void {
  const entry = trace.findIndex(({ fn, uncertain }) => !uncertain && interruptEntry.test(fn));
  if (entry !== -1) for (const frame of trace.slice(entry + 1)) frame.interrupted = true;
}

/** arm64's trace repeats the instruction pointer, x86's does not. */
function withPointer(trace: Frame[], pointer: Frame | undefined): Frame[] {
  const first = trace[0];
  if (!pointer || (first && first.fn === pointer.fn && first.offset === pointer.offset)) return trace;
  return [pointer, ...trace];
}
