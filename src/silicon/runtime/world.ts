// SPDX-License-Identifier: Apache-2.0
// What a running chip needs of whatever it is plugged into. All times are guest time in nanoseconds, all calls are
// made from one thread.
import type { Timer } from '../describe/behaviour.ts';
import type { Faults } from './faults.ts';
import type { TraceEvent } from '../trace/trace.ts';

export interface World {
  now: () => number;
  /** The earliest that the access which is handled can have been made; otherwise `now`. */
  earliest: () => number;
  /** How far `now` may be behind the guest's own clock. */
  readonly lag: number;
  /** Calls back once at a time that is not before now. */
  schedule: (at: number, action: () => void) => Timer;
  /** Whether the driver lets the chip master the bus: memory and messages. */
  busMaster: () => boolean;
  /** Whether the chip is in power state D0. */
  powered: () => boolean;
  /** Sends a message; false when nobody listens to the vector. */
  signal: (vector: number) => boolean;
  /** Told whether any interrupt holds, when that may have changed; for chips that interrupt by a line. */
  line?: (asserted: boolean) => void;
  /** Told when registers may have changed. */
  changed?: () => void;
  /** Memory of the guest by bus address. Both throw DmaError. */
  dmaRead: (address: bigint, length: number) => Uint8Array;
  dmaWrite: (address: bigint, data: Uint8Array) => void;
  /** Told how many nanoseconds passed while a transfer waited for the host: meanwhile the chip could do nothing. */
  waited?: (nanoseconds: number) => void;
  /** What is to go wrong. */
  readonly faults: Faults;
  /** Told of everything that happens, in order. */
  trace: (event: TraceEvent) => void;
}

/** The description does what it must not: its author's mistake, never the learner's. */
export class ModelDefect extends Error {
  constructor(chip: string, why: string, cause?: unknown) {
    super(`the model of ${chip} is defective: ${why}`, { cause });
    this.name = 'ModelDefect';
  }
}
