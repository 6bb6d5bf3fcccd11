// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { BringupError } from '../shared/errors.ts';

/** The guest is no longer running: it panicked or asked for a reset. Its memory can still be read. */
export class GuestDown extends Error {
  constructor() {
    super('the kernel went down');
    this.name = 'GuestDown';
  }
}

/** The guest computes without end and answers nothing. */
export class GuestHangs extends Error {
  constructor(message = 'the machine does not answer any more') {
    super(message);
    this.name = 'GuestHangs';
  }
}

/**
 * Seconds of processor time without an answer after which a guest counts as hanging. A call of a check
 * takes milliseconds of it.
 */
const hangSeconds = 5;
/** Seconds of processor time that a whole check may take, answering or not. One takes about a second. */
const checkSeconds = 120;
/** Seconds on the clock without an answer that a busy host may cause. */
const hostSeconds = 90;
const ticksPerSecond = 100; // USER_HZ, the unit of proc_pid_stat(5)

/**
 * Tells whether a machine that does not answer still can. Hanging is measured in processor time that
 * QEMU used, not on the clock, so that a busy host is never taken for a learner's endless loop.
 */
export class Vital {
  readonly #pid: number;
  #cpuAtProgress: number;
  #clockAtProgress = performance.now();
  lost: BringupError | undefined;
  down = false;
  /** As `hangSeconds`, for a call that is known to take long. */
  patience = hangSeconds;
  #end = Infinity;
  #allowed = Infinity;

  constructor(pid: number) {
    this.#pid = pid;
    this.#cpuAtProgress = cpuSeconds(pid) ?? 0;
  }

  /** From here on a check runs, which may take that many seconds of processor time in all. */
  begin(seconds = checkSeconds): void {
    this.progress();
    this.#allowed = seconds;
    this.#end = this.#cpuAtProgress + seconds;
  }

  /** The guest answered. */
  progress(): void {
    this.#cpuAtProgress = cpuSeconds(this.#pid) ?? 0;
    this.#clockAtProgress = performance.now();
  }

  /** Throws what is the matter, if anything. */
  check(): void {
    if (this.lost) throw this.lost;
    if (this.down) throw new GuestDown();
    const cpu = cpuSeconds(this.#pid);
    if (cpu === undefined) throw new BringupError('E-MACHINE-LOST', 'QEMU is gone');
    if (cpu - this.#cpuAtProgress > this.patience) throw new GuestHangs();
    if (cpu > this.#end)
      throw new GuestHangs(`the check took more than ${this.#allowed} s of a processor, and it is not over`);
    if (performance.now() - this.#clockAtProgress > hostSeconds * 1000) {
      const used = (cpu - this.#cpuAtProgress).toFixed(1);
      throw new BringupError(
        'E-DEADLINE',
        `the machine did not answer for ${hostSeconds} s, in which it got ${used} s of a processor`,
      );
    }
  }
}

function cpuSeconds(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z') return undefined;
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond; // utime, stime
  } catch {
    return undefined;
  }
}
