// SPDX-License-Identifier: Apache-2.0
import type { Asked, Caller } from '../machine/calls.ts';
import type { Outcome } from '../machine/mailbox.ts';
import { errnoName } from '../machine/syscalls.ts';
import { sayDuration } from './duration.ts';
import { Failure, FatalFailure } from './failure.ts';

/** A system call of the guest failed. `errno` is its name. */
export class SyscallError extends Failure {
  readonly errno: string;

  constructor(what: string, errno: string) {
    super(`${what} failed with ${errno}`);
    this.name = 'SyscallError';
    this.errno = errno;
  }
}

/** How long an awaited call may take before it counts as stuck, in guest nanoseconds. */
const stuckAfter = 5_000_000_000n;

export interface PendingOptions<T> {
  /** As it appears in evidence: 'read() of /dev/echo'. */
  what: string;
  asked: Promise<Asked>;
  caller: Caller;
  /** Makes the result of what the kernel returned (never a negative errno). */
  finish: (outcome: Outcome) => T | Promise<T>;
  /** Where the task sleeps, for evidence: ' in echo_read() at echo.c:41'. */
  whereabouts: (asked: Asked) => Promise<string>;
  /** Told when an awaited call did not return in time. */
  onStuck?: (what: string) => void;
  /** Guest nanoseconds until an awaited call counts as stuck. */
  limit?: bigint;
  /** For a call that is many in one: how many are over. As long as that grows, it is not stuck. */
  done?: () => number;
  /** Nothing more can be told of the machine once this call is stuck. */
  vital?: boolean;
}

/**
 * A call in the guest that was asked for and runs by itself. Awaiting it lets guest time pass until it
 * returns; then it gives the result, or throws SyscallError, or Failure when it does not return.
 */
export class Pending<T> implements PromiseLike<T> {
  readonly what: string;
  readonly #options: PendingOptions<T>;
  #result: Promise<T> | undefined;
  #outcome: Outcome | undefined;

  constructor(options: PendingOptions<T>) {
    this.what = options.what;
    this.#options = options;
    options.asked.catch(() => {}); // whoever awaits the call gets it
  }

  /** True when the call took less than that many guest nanoseconds; waits that long to find out. */
  async within(limit: bigint): Promise<boolean> {
    const asked = await this.#options.asked;
    this.#outcome = await this.#options.caller.settle(asked, limit);
    return this.#outcome !== undefined && this.duration < limit;
  }

  /**
   * True when the call is over after at most that many guest nanoseconds from now. What passed before
   * does not count: on a busy host the guest waits for us between two calls.
   */
  async finishes(limit: bigint): Promise<boolean> {
    this.#outcome = await this.#options.caller.settle(await this.#options.asked, limit);
    return this.#outcome !== undefined;
  }

  /** Guest nanoseconds the call took, once it is over. */
  get duration(): bigint {
    return this.#outcome ? this.#outcome.end - this.#outcome.start : 0n;
  }

  /** Where the task that makes the call is right now. */
  async whereabouts(): Promise<string> {
    return this.#options.whereabouts(await this.#options.asked);
  }

  then<A = T, B = never>(
    fulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#result ??= this.#settle();
    return this.#result.then(fulfilled, rejected);
  }

  async #settle(): Promise<T> {
    const limit = this.#options.limit ?? stuckAfter;
    const { done = (): number => 0 } = this.#options;
    for (let before = -1; !this.#outcome && done() > before;) {
      before = done();
      await this.within(limit);
    }
    if (!this.#outcome) {
      this.#options.onStuck?.(this.what);
      const message = `${this.what} did not ${this.#options.done ? 'go on' : 'return'} within ${sayDuration(limit)}${await this.whereabouts()}`;
      throw this.#options.vital ? new FatalFailure(message) : new Failure(message);
    }
    const outcome = this.#outcome;
    if (outcome.signal !== 0)
      throw new Failure(`${this.what}: the task was killed by signal ${outcome.signal}`);
    if (outcome.ret < 0n && outcome.ret > -4096n) throw new SyscallError(this.what, errnoName(outcome.ret));
    return this.#options.finish(outcome);
  }
}
