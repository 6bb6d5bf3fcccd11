// SPDX-License-Identifier: Apache-2.0
import type { Chip } from '../layout/chip.ts';
import type { RegisterFile } from './registers.ts';
import type { World } from './world.ts';

/**
 * The interrupts of a chip. A message goes out when a cause and its enable come to hold together; as long as they do,
 * raising the cause again signals nothing, so a driver that does not acknowledge hears of nothing more.
 */
export class Interrupts {
  readonly #chip: Chip;
  readonly #registers: RegisterFile;
  readonly #world: World;
  readonly #active = new Set<string>();

  constructor(chip: Chip, registers: RegisterFile, world: World) {
    this.#chip = chip;
    this.#registers = registers;
    this.#world = world;
  }

  reset(): void {
    this.#active.clear();
  }

  /** To be called whenever a register may have changed. */
  update(): void {
    for (const [name, { status, enable, mask, vector }] of Object.entries(this.#chip.interrupts)) {
      const set = (path: string): boolean => this.#registers.get(path) !== 0;
      const active =
        set(status) && (enable === undefined || set(enable)) && !(mask !== undefined && set(mask));
      if (!active) this.#active.delete(name);
      else if (!this.#active.has(name)) {
        this.#active.add(name);
        const heard =
          this.#world.busMaster() && !this.#world.faults.loses(name) && this.#world.signal(vector);
        const event = { kind: 'message' as const, at: this.#world.now(), interrupt: name, vector };
        this.#world.trace(heard ? event : { ...event, lost: true });
      }
    }
    this.#world.line?.(this.#active.size > 0);
    this.#world.changed?.();
  }
}
