// SPDX-License-Identifier: Apache-2.0
import { DmaError } from '../describe/behaviour.ts';
import type { CommonRule } from '../describe/rules.ts';
import type { Chip, ChipRegister } from '../layout/chip.ts';
import { accessMasks, extract, insert, swapBytes } from '../layout/value.ts';
import { Interrupts } from './interrupts.ts';
import { codeOf, RegisterFile } from './registers.ts';
import { brokenRules } from './required.ts';
import { View } from './view.ts';
import { ModelDefect, type World } from './world.ts';

/** A chip that runs: what its bus does to it goes in, what it does to the bus goes to the world. */
export class Model {
  readonly #chip: Chip;
  readonly #world: World;
  readonly #registers: RegisterFile;
  readonly #interrupts: Interrupts;
  #view: View;

  constructor(chip: Chip, world: World) {
    this.#chip = chip;
    this.#world = world;
    this.#registers = new RegisterFile(chip);
    this.#interrupts = new Interrupts(chip, this.#registers, world);
    this.#view = this.#newView();
    this.#handle(() => chip.description.behaviour.reset?.(this.#view));
  }

  /** Everything is as after power on. */
  reset(): void {
    this.#world.trace({ kind: 'reset', at: this.#world.now() });
    this.#view.end();
    this.#registers.reset();
    this.#interrupts.reset();
    this.#view = this.#newView();
    this.#handle(() => this.#chip.description.behaviour.reset?.(this.#view));
  }

  /** Calls off all that is under way, for good, until the next reset. */
  halt(): void {
    this.#view.end();
  }

  /** What the driver reads at an offset of the register window, 1, 2 or 4 bytes; all ones when nothing answers. */
  read(offset: number, bytes: number): number {
    const register = this.#at(offset, bytes);
    const value = register && this.#world.powered() ? this.#readRegister(register) : 2 ** (8 * bytes) - 1;
    this.#trace('read', offset, bytes, value, register);
    this.#blame(offset, bytes, register);
    return value;
  }

  write(offset: number, bytes: number, value: number): void {
    const register = this.#at(offset, bytes);
    this.#trace('write', offset, bytes, value, register);
    this.#blame(offset, bytes, register);
    if (register && this.#world.powered()) this.#writeRegister(register, value);
  }

  #readRegister(register: ChipRegister): number {
    const { name, width, order } = register;
    const masks = accessMasks(register);
    const readable = masks.ro + masks.rw + masks.w1c + masks.rc;
    if (readable === 0 && register.access !== 'reserved') this.#violate('write-only', `${name} was read`);
    this.#check('read', name);
    this.#handle(() => this.#chip.description.behaviour.read?.[name]?.(this.#view));
    const held = this.#registers.held(name);
    this.#registers.hold(name, (held & ~masks.rc) >>> 0);
    this.#interrupts.update();
    const value = this.#seen(register, (held & readable) >>> 0);
    return order === 'big' ? swapBytes(value, width) : value;
  }

  /** What a register reads as, with what faults make of it. */
  #seen(register: ChipRegister, value: number): number {
    for (const [path, wanted] of this.#world.faults.values) {
      const [name, fieldName] = path.split('.');
      if (name !== register.name) continue;
      const field = register.fields.find((one) => one.name === fieldName);
      value = field ? insert(field, value, codeOf(field, wanted)) : Number(wanted) >>> 0;
    }
    return value;
  }

  /** What a register or field holds, and changing it, as the world around the chip does. */
  get(path: string): number | string | undefined {
    return this.#registers.get(path);
  }

  set(path: string, value: number | string): void {
    this.#registers.set(path, value);
    const [register = ''] = path.split('.');
    this.#handle(() => this.#chip.description.behaviour.world?.[register]?.(this.#view));
    this.#interrupts.update();
  }

  /** Sends a message of an interrupt without any cause. */
  spurious(interrupt: string): void {
    const { vector } = this.#chip.interrupts[interrupt]!;
    const heard = this.#world.busMaster() && this.#world.signal(vector);
    const event = { kind: 'message' as const, at: this.#world.now(), interrupt, vector };
    this.#world.trace(heard ? event : { ...event, lost: true });
  }

  #writeRegister(register: ChipRegister, bus: number): void {
    const { name, width, order } = register;
    const written = order === 'big' ? swapBytes(bus, width) : bus;
    const masks = accessMasks(register);
    const taken = masks.rw + masks.wo;
    this.#checkBits(register, written, masks.reserved);
    if (taken + masks.w1c === 0) {
      if (register.access !== 'reserved')
        this.#violate('read-only', `0x${written.toString(16)} was written to ${name}`);
      return;
    }
    this.#check('write', name);
    const before = this.#registers.held(name);
    this.#registers.hold(name, ((before & ~taken & ~(written & masks.w1c)) | (written & taken)) >>> 0);
    this.#handle(() => this.#chip.description.behaviour.write?.[name]?.(this.#view, written, before));
    this.#registers.hold(name, (this.#registers.held(name) & ~masks.wo) >>> 0);
    this.#interrupts.update();
  }

  /** What no access kind forgives: bits that must be zero, codes that stand for nothing. */
  #checkBits({ name, fields }: ChipRegister, written: number, reserved: number): void {
    const wrong = (written & reserved) >>> 0;
    if (wrong !== 0)
      this.#violate('reserved-bits', `bits 0x${wrong.toString(16)} of ${name} were written as 1`);
    for (const field of fields) {
      if (!field.values || (field.access !== 'rw' && field.access !== 'wo')) continue;
      const code = extract(field, written);
      if (!field.values.some((value) => value.code === code))
        this.#violate('listed-values', `${name}.${field.name} was written as ${code}`);
    }
  }

  #check(access: 'read' | 'write', register: string): void {
    for (const { rule, detail } of brokenRules(
      this.#chip.description.rules,
      this.#registers,
      access,
      register,
    ))
      this.#violate(rule, detail);
  }

  #at(offset: number, bytes: number): ChipRegister | undefined {
    return this.#chip.registers.find((one) => one.offset === offset && one.width === 8 * bytes);
  }

  /** Names what is wrong with an access that no register answers to, or that comes while the chip sleeps. */
  #blame(offset: number, bytes: number, register: ChipRegister | undefined): void {
    const where = `${bytes} bytes at 0x${offset.toString(16)}`;
    if (!this.#world.powered()) this.#violate('powered', `${where} were accessed in a sleeping state`);
    else if (!register) {
      const within = this.#chip.registers.some(
        (one) => offset < one.offset + one.width / 8 && offset + bytes > one.offset,
      );
      this.#violate(within ? 'access-size' : 'unused-offset', `${where} were accessed`);
    }
  }

  #violate(rule: CommonRule | (string & {}), detail: string): void {
    this.#world.trace({ kind: 'violation', at: this.#world.now(), rule, detail });
  }

  #trace(
    kind: 'read' | 'write',
    offset: number,
    bytes: number,
    value: number,
    register: ChipRegister | undefined,
  ): void {
    const at = this.#world.now();
    this.#world.trace({ kind, at, offset, bytes, value, ...(register && { register: register.name }) });
  }

  #newView(): View {
    return new View(this.#chip, this.#world, this.#registers, {
      changed: () => this.#interrupts.update(),
      violate: (rule, detail) => this.#violate(rule, detail),
      run: (action) => this.#handle(action),
      status: (interrupt) => this.#chip.interrupts[interrupt]!.status,
    });
  }

  /** Runs a handler. What it throws is a defect, but for a transfer that the bus refused. */
  #handle(action: () => void | Promise<void>): void {
    const defect = (thrown: unknown): void => {
      if (thrown instanceof DmaError) return;
      throw new ModelDefect(
        this.#chip.part,
        thrown instanceof Error ? thrown.message : String(thrown),
        thrown,
      );
    };
    try {
      const later = action();
      if (later) later.catch(defect);
    } catch (thrown) {
      defect(thrown);
    }
  }
}
