// SPDX-License-Identifier: Apache-2.0
// All that a check may use: `import { check, expect } from '#bringup/lab'`. It reads like a browser test,
// for drivers: the host drives, the guest is observed. Durations are guest time.
import type { Faults } from './faults.ts';
import type { Guest } from './guest.ts';
import type { Silicon } from './silicon.ts';

export { expect } from './expect.ts';
export { SyscallError } from './pending.ts';
export { badAddress } from './task.ts';
export type { Faults } from './faults.ts';
export type { Guest } from './guest.ts';
export type { Silicon } from './silicon.ts';
export type { OpenFile } from './open-file.ts';
export type { SyscallName, Task } from './task.ts';
export type { Uevent, Uevents } from './uevents.ts';
export type { Row, RowResult } from './storm.ts';

/** What a check is given. */
export interface CheckContext {
  /**
   * Runs one requirement of lab.yaml. When `work` throws, the requirement has failed with the message
   * as its evidence, and the check goes on with the next one, unless the machine is beyond use. Files the
   * step opened are closed and tasks it took are given back when it ends.
   */
  step: (requirement: string, work: () => Promise<void>) => Promise<void>;
  guest: Guest;
  faults: Faults;
  /** The chip, of a lab with `silicon` in its lab.yaml. */
  silicon?: Silicon;
  /** Name of the learner's module, from lab.yaml. */
  module: string;
  /** Unsigned 32-bit number of this attempt. */
  seed: number;
  /**
   * The next number of a row that no learner knows, the same for the same seed: 0 to count - 1, or any of 32 bits. What
   * must not be written into a module is drawn.
   */
  draw: (count?: number) => number;
  /** So many small letters, drawn. */
  word: (length: number) => string;
}

export type Check = (context: CheckContext) => Promise<void>;

/** Marks a function as a lab's check; the default export of check.ts. */
export function check(work: Check): Check {
  return work;
}
