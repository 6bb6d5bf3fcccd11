// SPDX-License-Identifier: Apache-2.0
import type { Chip } from '../../silicon/layout/chip.ts';
import { fieldsOf, isAccess, registerOf } from '../../silicon/trace/decode.ts';
import { printable } from '../../silicon/trace/printable.ts';
import { ruleSays } from '../../silicon/trace/say.ts';
import { registersIn, select, type Selection } from '../../silicon/trace/select.ts';
import { around, textOf, type Part } from '../../silicon/trace/text.ts';
import type { Trace } from '../../silicon/trace/trace.ts';
import { BringupError } from '../../shared/errors.ts';
import { paint } from './style.ts';

/** What of a trace is shown. `violations`: only broken rules, each with what happened around it. */
export interface TraceChoice extends Selection {
  violations: boolean;
}

const formats = { aside: 'dim', name: 'bold', violation: ['red', 'bold'], mark: 'red' } as const;
const look = { paint: (part: Part, text: string): string => paint([formats[part]].flat(), text) };

/** A trace as text. Throws E-INPUT for a register that it does not touch. */
export function renderTrace(trace: Trace, chip: Chip | undefined, choice: TraceChoice): string {
  const lines = chosen(trace, chip, choice);
  const broken = trace.events.flatMap(({ kind }, index) => (kind === 'violation' ? [index] : []));
  const head = [
    paint('bold', `${printable(trace.part)}  ${counted(trace.events.length + trace.omitted, 'event')}`),
    broken.length === 0 ? 'no rule broken' : paint('red', `${counted(broken.length, 'rule')} broken`),
  ].join(' · ');
  const notes: string[] = [];
  if (!chip) notes.push('The lab has another chip now: fields have no names here.');
  if (trace.omitted > 0)
    notes.push(
      `${trace.omitted} events in the middle were not kept; the first ${trace.head} and the last ${trace.events.length - trace.head} are here.`,
    );
  const body = choice.violations
    ? broken
        .filter((index) => lines.some(({ first }) => first === index))
        .flatMap((index) => ['', around(trace, chip, index, look)])
    : ['', ...textOf(trace, chip, lines, look)];
  if (body.length <= 1) body.push(choice.violations ? 'No rule was broken.' : 'Nothing happened then.');
  return `${[head, ...notes, ...body].join('\n')}\n`;
}

/** The same as data: events with the fields of their values, or the sentence of their rule. */
export function traceJson(trace: Trace, chip: Chip | undefined, choice: TraceChoice): unknown {
  const events = chosen(trace, chip, choice)
    .flatMap(({ first, count }) => trace.events.slice(first, first + count))
    .filter(({ kind }) => !choice.violations || kind === 'violation')
    .map((event) => {
      const register = registerOf(chip, event);
      if (register && isAccess(event)) return { ...event, fields: fieldsOf(register, event.value) };
      return event.kind === 'violation' ? { ...event, says: ruleSays(chip, event.rule) } : event;
    });
  const { part, seed, omitted, head } = trace;
  return { part, seed, omitted, head, events };
}

function chosen(trace: Trace, chip: Chip | undefined, choice: TraceChoice): ReturnType<typeof select> {
  const { register } = choice;
  const touched = registersIn(trace);
  const names = [...new Set([...touched, ...(chip?.registers ?? []).map(({ name }) => name)])];
  if (register !== undefined && !names.some((name) => name.toLowerCase() === register.toLowerCase()))
    throw new BringupError('E-INPUT', `there is no register ${register}`, {
      next: `The driver touched: ${touched.map(printable).join(', ') || 'none'}.`,
    });
  return select(trace, choice);
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}
