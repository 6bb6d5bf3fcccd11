// SPDX-License-Identifier: Apache-2.0
import { commonRules } from '../silicon/describe/rules.ts';
import type { Chip } from '../silicon/layout/chip.ts';
import { wordsOf } from '../silicon/sheet/words.ts';
import type { TraceEvent } from '../silicon/trace/trace.ts';
import type { CheckRun } from './run.ts';
import type { Finding } from './verdict.ts';

const plain = (chip: Chip, text: string): string =>
  wordsOf(chip, text)
    .map((word) => (typeof word === 'string' ? word : word.code))
    .join('');

/** The rules of the data sheet that a driver broke, one finding each, with the first time it did. */
export function brokenRules(chip: Chip, events: readonly TraceEvent[], run: CheckRun): Finding[] {
  const found = new Map<string, Finding>();
  for (const [index, event] of events.entries()) {
    if (event.kind !== 'violation' || found.has(event.rule)) continue;
    const says = chip.description.rules[event.rule]?.says ?? commonRules[event.rule as keyof typeof commonRules];
    const step = run.marks.find(({ events: until }) => index < until)?.step;
    const times = events.filter((one) => one.kind === 'violation' && one.rule === event.rule).length;
    found.set(event.rule, {
      kind: 'bus-rule',
      name: event.rule,
      title: plain(chip, says),
      detail: times > 1 ? `${event.detail}; ${times} times in all` : event.detail,
      places: [],
      ...(step !== undefined && { step }),
      report: '',
    });
  }
  return [...found.values()];
}
