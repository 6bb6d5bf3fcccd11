// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';
import { BringupError } from '../shared/errors.ts';
import { id } from '../roadmap/schema.ts';
import { day, weekdays } from './day.ts';
import { oneLine } from './text.ts';

const weekday = z.enum(weekdays);
const range = z
  .strictObject({ from: day, to: day })
  .refine(({ from, to }) => from <= to, { error: 'a range ends before it begins' });
const stageNumber = z.number().int().min(0).max(6);

/** Days without work: weekdays, and ranges of days (a single day is a range to itself). */
const daysOff = z.strictObject({
  weekdays: z.array(weekday).max(6, 'a week needs one day that is not off').default([]),
  ranges: z.array(range).max(500).default([]),
});

/** Where a plan leads. The skills of a job are those that were matched, as edited. */
const target = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('specialization'), id }),
  z.strictObject({ kind: z.literal('domain'), id }),
  z.strictObject({ kind: z.literal('stage'), number: stageNumber }),
  z.strictObject({
    kind: z.literal('job'),
    title: z.string().max(200).transform(oneLine).pipe(z.string().min(1)).default('Job description'),
    skills: z.array(id).min(1, 'a job needs one skill').max(300),
  }),
]);

/** Who vouches for a skill: placement, a passed lab, a mentor, or the record. */
const credit = z.strictObject({ skill: id, source: z.enum(['placement', 'lab', 'mentor', 'record']) });
const done = z.union([z.strictObject({ skill: id, on: day }), z.strictObject({ lab: id, on: day })]);

const spent = z.number().min(0).max(1000);
const worked = z.union([
  z.strictObject({ skill: id, hours: spent }),
  z.strictObject({ lab: id, hours: spent }),
]);

const form = z.strictObject({
  target,
  /** Hours a week; quarters of an hour count. */
  hours: z.number().min(0.25).max(112),
  start: day,
  /** The day it is: nothing is planned before it. */
  today: day,
  /** The entry stage: skills of the stages before it are credited, but for gaps. */
  entry: stageNumber.default(0),
  off: daysOff.default({ weekdays: [], ranges: [] }),
  credits: z.array(credit).max(1000).default([]),
  /** Skills below the entry stage that placement found missing: they are revisited. */
  gaps: z.array(id).max(1000).default([]),
  done: z.array(done).max(2000).default([]),
  /** Hours already put into what is not done. */
  worked: z.array(worked).max(1000).default([]),
});

export type Target = z.infer<typeof target>;
export type DaysOff = z.infer<typeof daysOff>;
export type Credit = z.infer<typeof credit>;
export type Done = z.infer<typeof done>;
export type Worked = z.infer<typeof worked>;
/** All that a plan is made of, beside the roadmap. */
export type PlanInput = z.infer<typeof form>;
/** The same as it may be given: what has a default may be left out. */
export type PlanRequest = z.input<typeof form>;

/** Checks a request that came from outside. Throws E-PLAN. */
export function parsePlanInput(request: unknown): PlanInput {
  const parsed = form.safeParse(request);
  if (!parsed.success) throw new BringupError('E-PLAN', z.prettifyError(parsed.error));
  return parsed.data;
}

/** Days off as people write them: `sat,sun,2026-12-24..2027-01-02`. Throws E-PLAN. */
export function parseDaysOff(text: string): DaysOff {
  const off: DaysOff = { weekdays: [], ranges: [] };
  for (const part of text.split(',').map((one) => one.trim().toLowerCase())) {
    if (part === '') continue;
    const name = weekdays.find((one) => part === one);
    const [from, to = from] = part.split('..');
    const days = range.safeParse({ from, to });
    if (name) off.weekdays = [...new Set([...off.weekdays, name])];
    else if (days.success) off.ranges.push(days.data);
    else
      throw new BringupError('E-PLAN', `"${part}" is neither a weekday nor a day or range`, {
        next: 'Write days off as in: sat,sun,2026-12-24..2027-01-02',
      });
  }
  return off;
}
