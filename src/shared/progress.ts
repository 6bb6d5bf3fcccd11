// SPDX-License-Identifier: Apache-2.0

/** How far a long piece of work is. */
export interface Progress {
  /** What is being made: 'kit', 'kernel'. */
  task: string;
  /** Which one: 'Debian 13 toolchain', 'core 6.12.117'. */
  subject: string;
  /** What is being done to it right now: 'compiling'. */
  phase: string;
  /** Units done and to do, when they can be counted. */
  done?: number;
  total?: number;
  unit?: string;
  finished?: boolean;
}

export type OnProgress = (progress: Progress) => void;

/**
 * Estimates the time left from how fast the share done has grown since the first call. Gives seconds,
 * or undefined while it is too early to say.
 */
export class TimeLeft {
  #start: { at: number; share: number } | undefined;

  estimate(share: number, now = Date.now()): number | undefined {
    this.#start ??= { at: now, share };
    const elapsed = (now - this.#start.at) / 1000;
    const grown = share - this.#start.share;
    if (elapsed < 2 || grown <= 0.005) return undefined;
    return Math.max(0, (elapsed / grown) * (1 - share));
  }
}
