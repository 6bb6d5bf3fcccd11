// SPDX-License-Identifier: Apache-2.0
import type { Chip } from '../layout/chip.ts';
import { linesOf, type Line } from './lines.ts';
import { say, type Said } from './say.ts';
import { clock, span } from './time.ts';
import type { Trace, TraceEvent } from './trace.ts';

/** What a part of a line is, for colors. */
export type Part = 'aside' | 'name' | 'violation' | 'mark';

interface Look {
  readonly paint?: (part: Part, text: string) => string;
  /** Place of an event in the trace; its line gets a mark. */
  readonly marked?: number;
}

/**
 * A trace as lines for a terminal, in columns; runs of the same read are one line. A broken rule takes two: the sentence
 * of the data sheet, and what was seen.
 *
 * @param chip as the seed made it; without it, fields have no names.
 * @param lines which ones; else all.
 */
export function textOf(
  trace: Trace,
  chip: Chip | undefined,
  lines: readonly Line[] = linesOf(trace),
  look: Look = {},
): string[] {
  const paint = look.paint ?? ((_, text: string) => text);
  const said = lines.map((line) => say(line, chip));
  const now = clock(trace.events.at(-1)?.at ?? 0);
  const wide = (part: keyof Said): number =>
    Math.max(0, ...said.map((one, at) => (isWide(lines[at]!.event) ? 0 : one[part].length)));
  const widths = {
    what: Math.max(4, wide('what')),
    to: wide('to'),
    where: wide('where'),
    value: wide('value'),
  };
  return lines.flatMap((line, index) => {
    const { what, to, where, value, note, run } = said[index]!;
    const since = !line.since ? '' : `+${span(line.since)}`;
    const marked = look.marked !== undefined && covers(line, look.marked);
    const mark = marked ? paint('mark', '▸') : ' ';
    const head = `${mark} ${now(line.at)} ${paint('aside', since.padStart(9))}  `;
    const cut = line.omitted ? [paint('aside', `  … ${trace.omitted} events are left out here`)] : [];
    if (line.event.kind === 'violation') {
      const indent = ' '.repeat(now(line.at).length + 14);
      return [
        ...cut,
        `${head}${paint('violation', `✗ ${to}`)}`,
        `${indent}${paint('violation', note)} ${paint('aside', `(${what}: ${oneWord(line.event.rule)})`)}`,
      ];
    }
    if (isWide(line.event)) return [...cut, `${head}${paint('name', what)}  ${note}`];
    const columns = [
      what.padEnd(widths.what),
      paint('name', to.padEnd(widths.to)),
      paint('aside', where.padEnd(widths.where)),
      value.padEnd(widths.value),
    ];
    const rest = [note, run].filter((text) => text !== '').map((text) => `  ${text}`);
    return [...cut, `${head}${columns.join('  ')}${rest.join('')}`.trimEnd()];
  });
}

const before = 6;
const after = 3;

/** The lines around an event of a trace, that one marked: what a finding shows of a broken rule. */
export function around(
  trace: Trace,
  chip: Chip | undefined,
  index: number,
  look: Pick<Look, 'paint'> = {},
): string {
  const lines = linesOf(trace);
  const at = lines.findIndex((line) => covers(line, index));
  const some = lines.slice(Math.max(0, at - before), at + after + 1);
  return textOf(trace, chip, some, { ...look, marked: index }).join('\n');
}

function covers({ first, count }: Line, index: number): boolean {
  return index >= first && index < first + count;
}

/** Words that have no columns. */
function isWide({ kind }: TraceEvent): boolean {
  return kind === 'violation' || kind === 'fault' || kind === 'reset';
}

function oneWord(rule: string): string {
  return rule.replaceAll(/[^\w-]/g, '?');
}
