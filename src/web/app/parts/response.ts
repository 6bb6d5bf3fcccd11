// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';
import { response, type Response } from '../../../placement/form.ts';
import { many, one } from './posted.ts';

/** The fields of the form that shows an item, for all kinds of items. */
export const itemForm = z.object({
  placement: one,
  asked: one,
  kind: one,
  unknown: one,
  answer: one,
  line: one,
  place: many,
  text: one,
  stage: many,
  subsystem: many,
});

/** What a form answers, or undefined when nothing was chosen or it does not fit together. */
export function responseOf(form: z.infer<typeof itemForm>): Response | undefined {
  const number = (text: string): number => (/^\d{1,4}$/.test(text) ? Number(text) : NaN);
  const given: Record<string, unknown> = {
    choose: { kind: 'choose', answer: number(form.answer) },
    line: { kind: 'line', line: number(form.line) },
    // The form says for each step its place, from 1; a response says for each place its step.
    order: { kind: 'order', order: form.place.map((_, at) => form.place.indexOf(String(at + 1))) },
    short: { kind: 'short', text: form.text },
    experience: { kind: 'experience', stages: form.stage.map(number), subsystems: form.subsystem },
  };
  const parsed = response.safeParse(form.unknown ? { kind: 'unknown' } : given[form.kind]);
  return parsed.data;
}
