// SPDX-License-Identifier: Apache-2.0
import { dayNumber, weekdays, weekdayOf } from './day.ts';
import type { PlanInput } from './input.ts';
import type { Plan } from './plan.ts';

const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

/** A day as people write it: `1 Dec 2026`. */
export function dayText(iso: string): string {
  const [year, month, date] = iso.split('-');
  return `${Number(date)} ${months[Number(month) - 1]} ${year}`;
}

/** Two days as a span that says nothing twice: `1–7 Dec 2026`, `28 Nov – 3 Dec 2026`. */
export function spanText(from: string, to: string): string {
  if (from === to) return dayText(from);
  if (from.slice(0, 7) === to.slice(0, 7)) return `${Number(from.slice(8))}–${dayText(to)}`;
  const first = from.slice(0, 4) === to.slice(0, 4) ? dayText(from).slice(0, -5) : dayText(from);
  return `${first} – ${dayText(to)}`;
}

/** Minutes as hours: `6 h`, `1¼ h`. They come in quarters. */
export function hoursText(minutes: number): string {
  const whole = Math.floor(minutes / 60);
  const part = ['', '¼', '½', '¾'][Math.floor((minutes % 60) / 15)]!;
  return `${whole === 0 && part ? '' : whole}${part} h`;
}

/** Days off in few words: `sat, sun, 24 Dec 2026 – 2 Jan 2027`. Empty when there are none. */
export function daysOffText({ off }: PlanInput): string {
  const days = weekdays.filter((name) => off.weekdays.includes(name));
  return [...days, ...off.ranges.map(({ from, to }) => spanText(from, to))].join(', ');
}

/** Weeks from the plan's first day to its last, counted as a calendar shows them. */
export function weeksOf({ steps }: Plan): number {
  const [first, last] = [steps[0], steps.at(-1)];
  if (!first || !last) return 0;
  const monday = (iso: string): number => dayNumber(iso) - weekdayOf(dayNumber(iso));
  return (monday(last.to) - monday(first.from)) / 7 + 1;
}

/** A text from outside as one line, without what steers a terminal or the direction of writing. */
export function oneLine(text: string): string {
  return text.replace(/[\s\p{Cc}\p{Cf}]+/gu, ' ').trim();
}
