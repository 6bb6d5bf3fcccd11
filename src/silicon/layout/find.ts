// SPDX-License-Identifier: Apache-2.0
import type { Chip, ChipField, ChipRegister } from './chip.ts';

/** A register by its name. */
export function registerNamed({ registers }: Chip, name: string): ChipRegister | undefined {
  return registers.find((register) => register.name === name);
}

/** A field and its register by `REGISTER.FIELD`. */
export function fieldAt(
  chip: Chip,
  path: string,
): { readonly register: ChipRegister; readonly field: ChipField } | undefined {
  const [name = '', fieldName] = path.split('.');
  const register = registerNamed(chip, name);
  const field = register?.fields.find(({ name }) => name === fieldName);
  return register && field && { register, field };
}
