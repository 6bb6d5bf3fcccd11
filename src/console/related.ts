// SPDX-License-Identifier: Apache-2.0
// Functions that a report names outside its stacks.
import type { Frame } from './frame.ts';
import type { Report } from './report.ts';

/** Adds a stack of one frame to those that explain the report. */
export function relate(report: Report, title: string, frame: Frame): void {
  (report.related ??= []).push({ title, frames: [frame] });
}

/** A function as '%ps' of lib/vsprintf.c prints it, without a place in it: 'fn [mod]'. */
export function functionFrame(fn: string, module?: string): Frame {
  return { fn, offset: 0, size: 0, ...(module !== undefined && { module }), uncertain: false };
}
