// SPDX-License-Identifier: Apache-2.0
import type { Chip, ChipField, ChipRegister } from '../layout/chip.ts';
import { extract, insert } from '../layout/value.ts';

/** What the registers of a chip hold, by name of a register or `REGISTER.FIELD`. */
export class RegisterFile {
  readonly #registers: ReadonlyMap<string, ChipRegister>;
  readonly #held = new Map<string, number>();

  constructor({ registers }: Chip) {
    this.#registers = new Map(registers.map((register) => [register.name, register]));
    this.reset();
  }

  reset(): void {
    for (const { name, reset } of this.#registers.values()) this.#held.set(name, reset);
  }

  /** The whole value of a register. */
  held(register: string): number {
    return this.#held.get(register)!;
  }

  hold(register: string, value: number): void {
    this.#held.set(register, value);
  }

  /** A register's value, or a field's: the name of its value when it has names, undefined for a code without one. */
  get(path: string): number | string | undefined {
    const { register, field } = this.#at(path);
    const whole = this.held(register.name);
    if (!field) return whole;
    const code = extract(field, whole);
    return field.values ? field.values.find((value) => value.code === code)?.name : code;
  }

  /** Throws RangeError for a value that does not fit. */
  set(path: string, value: number | string): void {
    const { register, field } = this.#at(path);
    const code = field ? codeOf(field, value) : Number(value);
    if (!Number.isInteger(code) || code < 0 || code >= 2 ** (field?.bits ?? register.width))
      throw new RangeError(`${String(value)} does not fit into ${path}`);
    this.hold(register.name, field ? insert(field, this.held(register.name), code) : code);
  }

  #at(path: string): { register: ChipRegister; field?: ChipField } {
    const [name = '', fieldName] = path.split('.');
    const register = this.#registers.get(name);
    const field = register?.fields.find((one) => one.name === fieldName);
    if (!register || (fieldName !== undefined && !field)) throw new RangeError(`there is no ${path}`);
    return { register, ...(field && { field }) };
  }
}

/** The code of a value of a field; NaN for a name it does not have. */
export function codeOf(field: ChipField, value: number | string): number {
  if (!field.values || typeof value === 'number') return Number(value);
  return field.values.find(({ name }) => name === value)?.code ?? NaN;
}
