// SPDX-License-Identifier: Apache-2.0
import { asserts } from './explanations/asserts.ts';
import { context } from './explanations/context.ts';
import { faults } from './explanations/faults.ts';
import { kasan } from './explanations/kasan.ts';
import { lockdep } from './explanations/lockdep.ts';
import { memory } from './explanations/memory.ts';
import { objects } from './explanations/objects.ts';
import type { KindId } from './kinds.ts';
import type { Report } from './report.ts';

/** What a report means to someone who knows C and hardware. */
export interface Explanation {
  /** What the kernel found, and why it matters. */
  meaning: string;
  /** What usually causes it, the most likely first. */
  causes: string[];
  /** What to look at next. */
  next: string[];
  /** Files below Documentation/ of the kernel source. */
  read: string[];
}

/** An explanation for a kind of report or, with `when`, for those whose title or detail matches. */
export interface Entry extends Explanation {
  kind: KindId;
  when?: RegExp;
}

/** Every explanation; of those that fit a report the first one is meant. */
export const entries: readonly Entry[] = [
  ...kasan,
  ...memory,
  ...lockdep,
  ...context,
  ...faults,
  ...asserts,
  ...objects,
];

/** The explanation of a report. Every kind has one. */
export function explain(report: Report): Explanation {
  const subject = `${report.title}\n${report.detail}`;
  const entry = entries.find(({ kind, when }) => kind === report.kind && (when?.test(subject) ?? true));
  const { meaning = '', causes = [], next = [], read = [] } = entry ?? {};
  return { meaning, causes, next, read };
}
