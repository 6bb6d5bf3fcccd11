// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';

/** A calendar day as text, `2026-12-01`: without a time of day and without a zone. */
export const day = z
  .string()
  .refine(isDay, { error: 'a day is written 2026-12-01, from 2000 to 2199' })
  .describe('day');

/** The days of a week, in the order of ISO 8601. */
export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof weekdays)[number];

const milliseconds = 86_400_000;

function isDay(text: string): boolean {
  return /^2[01]\d\d-\d\d-\d\d$/.test(text) && isoDay(dayNumber(text)) === text;
}

/** Days since 1970-01-01. NaN for a text that is no day. */
export function dayNumber(iso: string): number {
  return Date.parse(`${iso}T00:00:00Z`) / milliseconds;
}

/** The text of a day number. Empty for NaN. */
export function isoDay(number: number): string {
  return Number.isNaN(number) ? '' : new Date(number * milliseconds).toISOString().slice(0, 10);
}

/** 0 for Monday to 6 for Sunday. */
export function weekdayOf(number: number): number {
  return (((number + 3) % 7) + 7) % 7; // 1970-01-01 was a Thursday
}

/** The Monday of a day's week. */
export function mondayOf(number: number): number {
  return number - weekdayOf(number);
}
