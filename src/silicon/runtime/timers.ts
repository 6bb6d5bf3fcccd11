// SPDX-License-Identifier: Apache-2.0
import type { Timer } from '../describe/behaviour.ts';

interface Entry {
  at: number;
  action: () => void;
}

/** What is to happen at times of a clock that somebody else moves. */
export class Timers {
  readonly #entries = new Set<Entry>();

  /** Nanoseconds of the clock; undefined when nothing is to happen. */
  get next(): number | undefined {
    let next: number | undefined;
    for (const { at } of this.#entries) if (next === undefined || at < next) next = at;
    return next;
  }

  schedule(at: number, action: () => void): Timer {
    const entry = { at, action };
    this.#entries.add(entry);
    return { cancel: () => void this.#entries.delete(entry) };
  }

  /** Does what is due, in the order of its times, and what becomes due by that; gives how late it was at most. */
  run(now: number): number {
    let late = 0;
    for (;;) {
      let first: Entry | undefined;
      for (const entry of this.#entries)
        if (entry.at <= now && !(first && first.at <= entry.at)) first = entry;
      if (!first) return late;
      this.#entries.delete(first);
      late = Math.max(late, now - first.at);
      first.action();
    }
  }
}
