// SPDX-License-Identifier: Apache-2.0
// Reports as text for the terminal.
import { styleText } from 'node:util';
import { blame, blameKernel, eventStack, frameIn, frameOutsideInfrastructure } from './blame.ts';
import { explain, type Explanation } from './explain.ts';
import { frameName, type Frame } from './frame.ts';
import { kinds } from './kinds.ts';
import type { Report } from './report.ts';
import { columns, wrap } from './wrap.ts';

/** A source line. */
export interface Location {
  file: string;
  line: number;
  /** What the line says. */
  text?: string;
}

/** Finds the source line of a frame, if it can. */
export type Locate = (frame: Frame) => Location | undefined;

export interface RenderOptions {
  color: boolean;
  /** The modules that are worked on: frames in them are shown first. */
  modules?: readonly string[];
  locate?: Locate;
}

/** The stacks around a report of lockdep can be many; the first ones tell the story. */
const mostRelated = 6;

interface Place {
  label: string;
  frame: Frame;
}

/**
 * The reports as plain text of 80 columns: what, where, the story of the memory or the locks, what it
 * means, what usually causes it, what to look at and what to read. The same problem is told once.
 */
export function render(reports: readonly Report[], options: RenderOptions): string {
  const painter = new Painter(options);
  const explained = new Map<Explanation['meaning'], number>();
  const out: string[] = [];
  groupSame(reports, options).forEach(({ report, count }, i) => {
    if (i > 0) out.push('');
    out.push(...painter.head(report, i + 1, count), ...painter.story(report));
    const explanation = explain(report);
    const before = explained.get(explanation.meaning);
    if (before === undefined) out.push('', ...painter.explanation(explanation));
    else out.push(`   What it means and what causes it: see ${before}.`);
    if (before === undefined) explained.set(explanation.meaning, i + 1);
  });
  return out.length === 0 ? '' : `${out.join('\n')}\n`;
}

function groupSame(reports: readonly Report[], options: RenderOptions): { report: Report; count: number }[] {
  const groups = new Map<string, { report: Report; count: number }>();
  for (const report of reports) {
    const frame = blame(report, options.modules ?? []) ?? blameKernel(report);
    const key = [report.kind, report.title, report.detail, frame ? frameName(frame) : ''].join('\n');
    const group = groups.get(key);
    if (group) group.count++;
    else groups.set(key, { report, count: 1 });
  }
  return [...groups.values()];
}

class Painter {
  readonly #options: RenderOptions;

  constructor(options: RenderOptions) {
    this.#options = options;
  }

  head(report: Report, number: number, count: number): string[] {
    const { kind, title, detail, task, panic, truncated } = report;
    const [first = '', ...rest] = wrap(title, `${number}  ${kinds[kind].name}  `);
    const lines = [this.#paint('bold', first), ...rest.map((line) => this.#paint('bold', line))];
    if (detail !== '') lines.push(...wrap(detail, '   '));
    if (task) lines.push(`   in task ${task.comm}, pid ${task.pid}`);
    if (count > 1) lines.push(`   seen ${count} times`);
    if (panic !== undefined) lines.push(...wrap(`then the kernel panicked: ${panic}`, '   '));
    if (truncated) lines.push('   the log does not hold all of this report');
    return lines;
  }

  /** The places of the report: where it happened, and for memory and locks how it came about. */
  story(report: Report): string[] {
    const places = this.#places(report);
    const lines: string[] = [];
    if (places.length > 0) lines.push('');
    for (const { label, frame } of places) lines.push(...this.#place(label, frame));
    if (report.object !== undefined) lines.push(...wrap(`The address is ${report.object}.`, '   '));
    if (report.locks && report.locks.length > 0) lines.push(...wrap(report.locks.join(', '), '   locks  '));
    return lines;
  }

  explanation({ meaning, causes, next, read }: Explanation): string[] {
    const lines = wrap(meaning, '   ');
    lines.push(
      '',
      this.#paint('bold', '   What usually causes it'),
      ...causes.flatMap((cause) => wrap(cause, '   - ')),
    );
    lines.push('', this.#paint('bold', '   What to look at'), ...next.flatMap((step) => wrap(step, '   - ')));
    if (read.length > 0) {
      lines.push('', this.#paint('bold', '   What to read, in Documentation/ of the kernel source'));
      lines.push(...read.map((file) => `     ${file}`));
    }
    return lines;
  }

  #places(report: Report): Place[] {
    const places: Place[] = [];
    const add = (label: string, frame: Frame | undefined): void => {
      if (frame) places.push({ label, frame });
    };
    if (report.kind !== 'leak')
      add(report.access ? 'accessed' : 'where', namedPlace(report, this.#pick(eventStack(report), false)));
    add('freed', this.#pick(report.freed));
    add('allocated', this.#pick(report.allocated));
    for (const { title, frames } of report.related?.slice(0, mostRelated) ?? []) {
      const frame = this.#pick(frames);
      const known = frame && places.some((place) => frameName(place.frame) === frameName(frame));
      if (!known) add(labelOf(title), frame);
    }
    if (places.length === 0) add('where', blameKernel(report));
    return places;
  }

  #pick(stack: readonly Frame[] | undefined, bare = true): Frame | undefined {
    if (!stack) return undefined;
    return frameIn(stack, this.#options.modules ?? []) ?? frameOutsideInfrastructure(stack, bare) ?? stack[0];
  }

  #place(label: string, frame: Frame): string[] {
    // What the kernel itself named is right; its frames have no offset to look up.
    const found = fromFrame(frame) ?? this.#options.locate?.(frame);
    const name = frameName(frame);
    const where = found ? `${found.file}:${found.line}  ${name}` : name;
    const short = label.length <= 9;
    const lines = short
      ? wrap(where, `   ${label.padEnd(9)}  `)
      : [...wrap(label, '   '), ...wrap(where, '              ')];
    if (found?.text !== undefined) {
      const number = String(found.line).padStart(12);
      const source = `${number} | ${found.text.replaceAll('\t', '    ')}`;
      lines.push(this.#paint('cyan', source.slice(0, columns)));
    }
    return lines;
  }

  #paint(style: 'bold' | 'cyan', text: string): string {
    return this.#options.color ? styleText(style, text, { validateStream: false }) : text;
  }
}

/** The line that introduces a stack, shorter: '-> #1 (&dev->lock){+.+.}-{4:4}:' of lockdep, 'read to 0x… of 8 bytes by …:' of KCSAN. */
function labelOf(title: string): string {
  const lock = /^-> #\d{1,3} \((.{1,200})\)\{/.exec(title)?.[1];
  if (lock !== undefined) return `${lock} taken before at`;
  return title
    .replace(/^(?:\.\.\. |DMA-API: )/, '')
    .replace(/^and is located at offset \d{1,10} in frame/, 'in the frame of')
    .replace(/(?:to )?0x[0-9a-f]{6,16} ?/g, '')
    .replace(/:$/, '');
}

/** UBSAN names the line itself, and compilers give the call that reports it the line of something else. */
function namedPlace({ kind, source }: Report, frame: Frame | undefined): Frame | undefined {
  return kind === 'ubsan' && source && frame ? { ...frame, ...source } : frame;
}

function fromFrame({ file, line }: Frame): Location | undefined {
  return file === undefined || line === undefined ? undefined : { file, line };
}
