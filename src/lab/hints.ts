// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const file = (folder: string): string => join(folder, '.bringup-hints');

/** How many hints were shown for a learner's folder. */
export function hintsShown(folder: string): number {
  const text = existsSync(file(folder)) ? readFileSync(file(folder), 'utf8') : '';
  return /^\d{1,3}$/.test(text) ? Number(text) : 0;
}

/** Counts one more and gives its number; the last one again when all were shown. */
export function showNextHint(folder: string, available: number): number {
  const number = Math.min(hintsShown(folder) + 1, available);
  writeFileSync(file(folder), String(number));
  return number;
}
