// SPDX-License-Identifier: Apache-2.0
import { BringupError } from '../shared/errors.ts';
import { dayNumber, isoDay, mondayOf, weekdayOf, weekdays } from './day.ts';
import type { PlanInput } from './input.ts';
import type { Part } from './plan.ts';

/** Time is dealt out in quarters of an hour: nothing smaller is worth a line in a plan. */
export const quarter = 15;

const longestDay = 16 * 60;
const horizon = 100 * 366;

/**
 * Minutes of work on a day. The hours of a week are shared evenly among its days that are not off, the
 * rest of the division going to the first of them; a range of days off takes its shares out of its weeks.
 * So no week from Monday to Sunday holds more than the hours asked for, and with more hours no day holds
 * less. Throws E-PLAN when a day would hold more than 16 hours.
 */
function minutesByDay({ hours, off }: PlanInput): (day: number) => number {
  const working = weekdays.flatMap((name, at) => (off.weekdays.includes(name) ? [] : [at]));
  const quarters = Math.floor((hours * 60) / quarter);
  const least = Math.floor(quarters / working.length);
  const rest = quarters % working.length;
  const shares = weekdays.map((_, at) => {
    const place = working.indexOf(at);
    return place < 0 ? 0 : (least + (place < rest ? 1 : 0)) * quarter;
  });
  if (Math.max(...shares) > longestDay)
    throw new BringupError(
      'E-PLAN',
      `${hours} hours a week on ${working.length} days is over 16 hours a day`,
    );
  const ranges = off.ranges.map(({ from, to }): [number, number] => [dayNumber(from), dayNumber(to)]);
  return (day) => (ranges.some(([from, to]) => from <= day && day <= to) ? 0 : shares[weekdayOf(day)]!);
}

/**
 * Places work one after the other on the days from the start, or from today when that is later. Takes
 * minutes, gives the parts of each in the same order. Throws E-PLAN when it takes more than a century.
 */
export function schedule(work: readonly number[], input: PlanInput): Part[][] {
  const minutesOn = minutesByDay(input);
  const firstMonday = mondayOf(dayNumber(input.start));
  const first = Math.max(dayNumber(input.start), dayNumber(input.today));
  let day = first;
  let free = minutesOn(day);
  return work.map((minutes) => {
    const parts: Part[] = [];
    let left = minutes;
    let last = NaN;
    while (left > 0) {
      while (free === 0) {
        day += 1;
        if (day - first > horizon)
          throw new BringupError('E-PLAN', 'the plan would take more than 100 years');
        free = minutesOn(day);
      }
      const now = Math.min(left, free);
      left -= now;
      free -= now;
      const week = (mondayOf(day) - firstMonday) / 7 + 1;
      const part = parts.at(-1);
      if (part && part.week === week && last === day - 1) {
        part.to = isoDay(day);
        part.minutes += now;
      } else parts.push({ week, from: isoDay(day), to: isoDay(day), minutes: now });
      last = day;
    }
    return parts;
  });
}
