// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync, readSync } from 'node:fs';

/** Where a chip's time comes from, in nanoseconds. */
export interface Clock {
  now: () => number;
  /** How far it may be behind the guest's own clock. */
  readonly lag: number;
  /** The driver did something: a little time has passed. */
  tick: () => void;
  close: () => void;
}

/** Where 64 bits of a running guest clock lie in a file: nanoseconds, little endian. */
export interface ClockPlace {
  file: string;
  position: number;
  lag: number;
}

/** What one access takes at least; about a read across PCI Express. */
const access = 1000;

/**
 * A clock that a guest's kernel keeps in its memory and brings up to date whenever a task wakes or goes to sleep, and
 * at every tick. Between those the chip knows of time only what accesses take.
 */
export function guestClock({ file, position, lag }: ClockPlace): Clock {
  const fd = openSync(file, 'r');
  const bytes = Buffer.alloc(8);
  const read = (): number => {
    readSync(fd, bytes, 0, 8, position);
    return Number(bytes.readBigUInt64LE());
  };
  const start = read();
  let kept = start;
  let passed = 0;
  let latest = 0;
  return {
    now: () => {
      const value = read();
      if (value !== kept) [kept, passed] = [value, 0];
      latest = Math.max(latest, kept + passed - start);
      return latest;
    },
    lag,
    tick: () => void (passed += access),
    close: () => closeSync(fd),
  };
}

/** The host's clock, for a guest that runs in real time. */
export function hostClock(): Clock {
  const start = performance.now();
  return {
    now: () => Math.round((performance.now() - start) * 1e6),
    lag: 0,
    tick: () => {},
    close: () => {},
  };
}
