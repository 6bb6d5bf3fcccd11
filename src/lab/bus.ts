// SPDX-License-Identifier: Apache-2.0
import type { Chip } from '../silicon/layout/chip.ts';
import { ruleSays } from '../silicon/trace/say.ts';
import { around } from '../silicon/trace/text.ts';
import type { TraceEvent } from '../silicon/trace/trace.ts';
import type { CheckRun } from './run.ts';
import type { Finding } from './verdict.ts';

/** The rules of the data sheet that a driver broke, one finding each, with the first time it did. */
export function brokenRules(chip: Chip, events: readonly TraceEvent[], run: CheckRun): Finding[] {
  const found = new Map<string, Finding>();
  const whole = { part: chip.part, seed: chip.seed, events: [...events], omitted: 0, head: events.length };
  for (const [index, event] of events.entries()) {
    if (event.kind !== 'violation' || found.has(event.rule)) continue;
    const step = run.marks.find(({ events: until }) => index < until)?.step;
    const times = events.filter((one) => one.kind === 'violation' && one.rule === event.rule).length;
    found.set(event.rule, {
      kind: 'bus-rule',
      name: event.rule,
      title: ruleSays(chip, event.rule),
      detail: times > 1 ? `${event.detail}; ${times} times in all` : event.detail,
      places: [],
      ...(step !== undefined && { step }),
      report: around(whole, chip, index),
    });
  }
  return [...found.values()];
}
