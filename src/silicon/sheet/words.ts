// SPDX-License-Identifier: Apache-2.0
import { pieces } from '../describe/references.ts';
import type { Chip } from '../layout/chip.ts';
import { fieldAt } from '../layout/find.ts';
import { duration } from './numbers.ts';
import type { Word, Words } from './sheet.ts';

/** A text of the description with what stands in braces replaced by this chip's names and numbers. */
export function wordsOf(chip: Chip, text: string): Words {
  return pieces(chip.description, text).flatMap((piece): Word[] => {
    if ('text' in piece) return [piece.text];
    if ('parameter' in piece) return [parameterText(chip, piece.parameter)];
    if ('time' in piece)
      return [{ code: timeSymbol(piece.time), to: 'timing' }, ` (${bounds(chip, piece.time)})`];
    const { register, field, value } = piece;
    if (value === undefined) return [path(field === undefined ? register : `${register}.${field}`)];
    const values = fieldAt(chip, `${register}.${field}`)!.field.values!;
    return [{ code: value }, ` (${values.find(({ name }) => name === value)!.code})`];
  });
}

/** Name of a register or `REGISTER.FIELD`, linked to the register's section. */
export function path(name: string): Word {
  return { code: name, to: registerAnchor(name.split('.')[0]!) };
}

/** The id of a register's section in its data sheet. */
export function registerAnchor(register: string): string {
  return `register-${register.toLowerCase()}`;
}

/** The symbol of a time. */
export function timeSymbol(name: string): string {
  return `t_${name}`;
}

/** A parameter's value with its unit. */
export function parameterText(chip: Chip, name: string): string {
  const unit = chip.description.parameters?.[name]?.unit;
  return `${chip.parameters[name]}${unit === undefined ? '' : ` ${unit}`}`;
}

function bounds(chip: Chip, name: string): string {
  const { min, max } = chip.times[name]!;
  if (min === undefined) return `at most ${duration(max!)}`;
  if (max === undefined) return `at least ${duration(min)}`;
  return min === max ? duration(min) : `${duration(min)} to ${duration(max)}`;
}
