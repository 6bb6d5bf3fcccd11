// SPDX-License-Identifier: Apache-2.0
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Vital } from './vital.ts';
import { pseudo, type Call, type Mailbox, type Outcome } from './mailbox.ts';

/** Guest nanoseconds. */
export const ms = (n: number): bigint => BigInt(Math.round(n * 1e6));

/** A call that was asked for; its outcome is there when `outcome` is. */
export interface Asked {
  readonly slot: number;
  readonly number: number;
  outcome?: Outcome;
}

// How long the host looks at the mailbox without pause before it lets guest time pass on purpose: an
// ordinary system call is over by then. Real milliseconds.
const patience = 2;

/**
 * Makes calls in the tasks of one machine and lets guest time pass.
 *
 * Guest time stands still (the guest spins) unless `settle` lets it pass; so "blocks for 200 ms" is
 * said in guest time and is the same on a slow host.
 */
export class Caller {
  readonly #mailbox: Mailbox;
  readonly #vital: Vital;
  readonly #open = new Map<number, Asked>();
  readonly #pause = new Int32Array(new SharedArrayBuffer(4));
  #advance: number | undefined;
  /** Why a call could not even begin. */
  #lost: Error | undefined;
  /**
   * Asked each time before guest time is let pass; what happens outside of the machine at this time has happened when
   * it resolves. Gives how many guest nanoseconds may pass until it is to be asked again.
   */
  outside: (() => Promise<bigint>) | undefined;

  constructor(mailbox: Mailbox, vital: Vital) {
    this.#mailbox = mailbox;
    this.#vital = vital;
  }

  /** Slots with a call under way. */
  get busy(): number[] {
    return [...this.#open.keys()];
  }

  /**
   * Asks a slot for a call and resolves when the task began it, so that calls begin in the order they
   * are asked for. A slot has one call at a time.
   */
  async ask(slot: number, call: Call): Promise<Asked> {
    // What cleans up after a machine that was lost asks it again, and must not hide why it was lost.
    if (this.#lost) throw this.#lost;
    if (this.#open.has(slot)) throw new Error(`task ${slot} has a call under way`);
    // The agent's own slot may still be letting time pass for a call that is over.
    if (slot === 0) await this.#until(() => this.#advance === undefined);
    this.#mailbox.refresh();
    // Until now it had nothing to answer, and spun.
    if (this.#open.size === 0) this.#vital.progress();
    const asked: Asked = { slot, number: this.#mailbox.ask(slot, call) };
    this.#open.set(slot, asked);
    try {
      await this.#until(() => {
        const state = this.#mailbox.state(slot);
        return state.started === asked.number || state.done === asked.number;
      });
    } catch (error) {
      this.#lost = error as Error;
      throw error;
    }
    return asked;
  }

  /**
   * Waits until the call is over, letting at most `limit` guest nanoseconds pass once it does not
   * return at once. Gives the outcome, or undefined when it is still under way.
   */
  async settle(asked: Asked, limit: bigint): Promise<Outcome | undefined> {
    if (asked.slot === 0) {
      // The agent does this one itself: it returns soon, and no time can pass on purpose meanwhile.
      await this.#until(() => asked.outcome !== undefined);
      return asked.outcome;
    }
    const patient = performance.now() + patience;
    await this.#until(() => asked.outcome !== undefined || performance.now() > patient);
    if (asked.outcome) return asked.outcome;
    const over = await this.#let(limit, () => asked.outcome !== undefined);
    return over ? asked.outcome : undefined;
  }

  /** Lets guest time pass whatever happens. */
  async pass(nanoseconds: bigint): Promise<void> {
    await this.#let(nanoseconds, () => false);
  }

  // Advances guest time in one go, again after each completion that is not the wanted one.
  async #let(limit: bigint, enough: () => boolean): Promise<boolean> {
    let left = limit;
    while (!enough() && left > 0n) {
      await this.#until(() => this.#advance === undefined);
      if (enough()) break;
      const most = await this.outside?.();
      this.#mailbox.refresh();
      const completions = BigInt(this.#mailbox.completions);
      this.#collect();
      if (enough()) break;
      this.#vital.progress();
      const step = most !== undefined && most < left ? most : left;
      this.#advance = this.#mailbox.ask(0, { nr: pseudo.advance, args: [step, completions] });
      await this.#until(() => this.#advance === undefined || enough());
      if (enough()) break;
      const { start, end } = this.#mailbox.outcome(0);
      // The guest's word: a clock that was tampered with must not keep us here for ever.
      left -= end > start ? end - start : 1_000_000n;
    }
    return enough();
  }

  // Looks at the mailbox until the condition holds: without pause at first, then ever more calmly.
  async #until(condition: () => boolean): Promise<void> {
    for (let turn = 0; ; turn++) {
      this.#mailbox.refresh();
      this.#collect();
      if (condition()) return;
      if (turn % 64 === 63) this.#vital.check();
      // Sleeping here holds the event loop for a tenth of a millisecond and spares a core.
      Atomics.wait(this.#pause, 0, 0, turn < 100 ? 0.05 : turn < 500 ? 0.2 : 1);
      await nextTurn();
    }
  }

  #collect(): void {
    for (const [slot, asked] of this.#open) {
      if (this.#mailbox.state(slot).done !== asked.number) continue;
      asked.outcome = this.#mailbox.outcome(slot);
      this.#open.delete(slot);
      this.#vital.progress();
    }
    if (this.#advance !== undefined && this.#mailbox.state(0).done === this.#advance) {
      this.#advance = undefined;
      this.#vital.progress();
    }
  }
}
