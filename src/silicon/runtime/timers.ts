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

  /** The most that something was done after its time. */
  late = 0;

  /** Does what is due, in the order of its times, and what becomes due by that. */
  run(now: number): void {
    for (;;) {
      let first: Entry | undefined;
      for (const entry of this.#entries)
        if (entry.at <= now && !(first && first.at <= entry.at)) first = entry;
      if (!first) return;
      this.#entries.delete(first);
      this.late = Math.max(this.late, now - first.at);
      first.action();
    }
  }
}
