// SPDX-License-Identifier: Apache-2.0
import { error, type RequestEvent } from '@sveltejs/kit';
import { z } from 'zod';
import { isToken } from '../../state/token.ts';

/** Bytes of a form: a job description of 64 KiB may take three times as many, since letters are escaped. */
const largest = 256 * 1024;

/** A field that comes once; absent, it is empty. */
export const one = z
  .array(z.string())
  .max(1)
  .default([])
  .transform(([value = '']) => value);
/** A field that comes as often as there are values, without empty ones. */
export const many = z
  .array(z.string().max(200))
  .max(400)
  .default([])
  .transform((values) => values.filter((value) => value !== ''));

/**
 * What a form of ours sent. Refuses one from another origin, one without the token of this start, one that is
 * too large, and one of another form.
 */
export async function posted<T extends z.ZodType>(event: RequestEvent, form: T): Promise<z.output<T>> {
  const { request, url } = event;
  if (request.headers.get('origin') !== url.origin) error(403, 'This form was sent from another site');
  if (Number(request.headers.get('content-length') ?? Infinity) > largest)
    error(413, 'This form is too large');
  if (!request.headers.get('content-type')?.startsWith('application/x-www-form-urlencoded'))
    error(415, 'This is not a form of these pages');
  const data = new URLSearchParams(await request.text());
  if (!isToken(data.get('token') ?? ''))
    error(403, 'This form is from an earlier start of bringup', {
      next: 'Go back, load the page again and send it from there. What was stored before is kept.',
    });
  const fields = Object.fromEntries([...new Set(data.keys())].map((name) => [name, data.getAll(name)]));
  const parsed = form.safeParse(fields);
  if (!parsed.success) error(400, 'This form has fields that do not fit');
  return parsed.data;
}
