// SPDX-License-Identifier: Apache-2.0
// Chips that run and are traced, for tests.
import fc from 'fast-check';
import type { Timer } from '../describe/behaviour.ts';
import type { Description } from '../describe/device.ts';
import type { Chip } from '../layout/chip.ts';
import { registerNamed } from '../layout/find.ts';
import { layOut } from '../layout/lay-out.ts';
import { Faults } from '../runtime/faults.ts';
import { Model } from '../runtime/model.ts';
import { meant } from './decode.ts';
import { traceOf, type Trace, type TraceEvent } from './trace.ts';

/** A chip on a bus whose time is moved by hand; all that happens is traced. */
export class Driven {
  readonly chip: Chip;
  readonly model: Model;
  readonly events: TraceEvent[] = [];
  now = 0;
  #due: { at: number; action: () => void }[] = [];

  constructor(description: Description, seed: number) {
    this.chip = layOut(description, seed);
    this.model = new Model(this.chip, {
      lag: 0,
      faults: new Faults(),
      now: () => this.now,
      earliest: () => this.now,
      busMaster: () => true,
      powered: () => true,
      signal: () => true,
      trace: (event) => void this.events.push(event),
      dmaRead: (_, length) => new Uint8Array(length),
      dmaWrite: () => {},
      schedule: (at, action): Timer => {
        const one = { at, action };
        this.#due.push(one);
        return { cancel: () => void (this.#due = this.#due.filter((other) => other !== one)) };
      },
    });
  }

  get trace(): Trace {
    return traceOf(this.chip.part, this.chip.seed, this.events);
  }

  pass(nanoseconds: number): void {
    const end = this.now + nanoseconds;
    for (;;) {
      const next = this.#due.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#due = this.#due.filter((one) => one !== next);
      this.now = Math.max(this.now, next.at);
      next.action();
    }
    this.now = end;
  }

  /** The value of a register; a microsecond passes, as with write. */
  read(name: string): number {
    const register = registerNamed(this.chip, name)!;
    const value = this.model.read(register.offset, register.width / 8);
    this.pass(1000);
    return meant(register, value);
  }

  write(name: string, value: number): void {
    const register = registerNamed(this.chip, name)!;
    // Changing the order of bytes twice gives the first one.
    this.model.write(register.offset, register.width / 8, meant(register, value % 2 ** register.width));
    this.pass(1000);
  }
}

/** One thing a driver does that follows no data sheet. */
const act = fc.record({
  kind: fc.constantFrom('read', 'write', 'poll', 'anywhere', 'wait', 'reset', 'dma', 'fault'),
  which: fc.nat({ max: 4095 }),
  value: fc.nat({ max: 0xffffffff }),
  times: fc.integer({ min: 1, max: 60 }),
});

type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;

/** Traces of chips of a description, with the chip: any seed, and anything done to it. */
export function traces(description: Description): fc.Arbitrary<{ chip: Chip; trace: Trace }> {
  const acts = fc.array(act, { minLength: 1, maxLength: 120 });
  return fc.tuple(fc.nat({ max: 0xffffffff }), acts).map(([seed, list]) => {
    const driven = new Driven(description, seed);
    for (const one of list) drive(driven, one);
    return { chip: driven.chip, trace: driven.trace };
  });
}

function drive(driven: Driven, { kind, which, value, times }: Act): void {
  const { chip, model, events, now: at } = driven;
  const { name } = chip.registers[which % chip.registers.length]!;
  if (kind === 'read') driven.read(name);
  else if (kind === 'write') driven.write(name, value);
  else if (kind === 'poll') for (let turn = 0; turn < times; turn++) driven.read(name);
  else if (kind === 'anywhere') model.read(which, 4);
  else if (kind === 'reset') model.reset();
  else if (kind === 'wait') driven.pass(value % 100_000_000);
  else if (kind === 'fault') events.push({ kind, at, what: `fault ${which}` });
  else events.push({ kind: 'dma-read', at, address: `0x${value.toString(16)}`, bytes: which });
}
