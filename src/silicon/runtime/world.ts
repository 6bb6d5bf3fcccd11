// SPDX-License-Identifier: Apache-2.0
// What a running chip needs of whatever it is plugged into. All times are guest time in nanoseconds, all calls are
// made from one thread.
import type { Timer } from '../describe/behaviour.ts';

export interface World {
  now: () => number;
  /** Calls back once at a time that is not before now. */
  schedule: (at: number, action: () => void) => Timer;
  /** Whether the driver lets the chip master the bus: memory and messages. */
  busMaster: () => boolean;
  /** Whether the chip is in power state D0. */
  powered: () => boolean;
  /** Sends a message; a vector that nobody listens to is lost. */
  signal: (vector: number) => void;
  /** Memory of the guest by bus address. Both throw DmaError. */
  dmaRead: (address: bigint, length: number) => Uint8Array;
  dmaWrite: (address: bigint, data: Uint8Array) => void;
  /** Told of everything that happens, in order. */
  trace: (event: TraceEvent) => void;
}

/** One thing that happened between driver and chip. */
export type TraceEvent = { at: number } & (
  | { kind: 'read' | 'write'; offset: number; bytes: number; value: number; register?: string }
  | { kind: 'dma-read' | 'dma-write'; address: bigint; bytes: number; fault?: string }
  | { kind: 'message'; interrupt: string; vector: number }
  | { kind: 'violation'; rule: string; detail: string }
  | { kind: 'reset' }
);

/** The description does what it must not: its author's mistake, never the learner's. */
export class ModelDefect extends Error {
  constructor(chip: string, why: string, cause?: unknown) {
    super(`the model of ${chip} is defective: ${why}`, { cause });
    this.name = 'ModelDefect';
  }
}
