// SPDX-License-Identifier: Apache-2.0
import type { Description } from './device.ts';
import { range } from './range.ts';
import type { Drawn, FieldSpec, RegisterSpec } from './registers.ts';

type Wrong = (where: string, what: string) => never;

const registerKeys = ['access', 'says', 'width', 'at', 'reset', 'order', 'fields'];
const fieldKeys = ['bits', 'says', 'access', 'bit', 'values', 'reset'];

/** Registers and fields: names, sizes, places that are pinned, codes, reset values. */
export function checkRegisters(description: Description, wrong: Wrong): void {
  const slow = description.bus.kind !== 'pci';
  const taken = new Map<number, string>();
  for (const [name, register] of Object.entries(description.registers)) {
    const where = `register ${name}`;
    const width = register.width ?? 32;
    named(where, name, register, registerKeys, wrong);
    if (slow && width === 32) wrong(where, 'a register on a slow bus has 8 or 16 bits');
    if (register.at !== undefined) {
      const bytes = slow ? 1 : width / 8;
      if (register.at % bytes !== 0 || register.at < 0) wrong(where, `offset ${register.at} is not aligned`);
      for (let at = register.at; at < register.at + bytes; at++) {
        if (taken.has(at)) wrong(where, `offset ${at} is also that of ${taken.get(at)}`);
        taken.set(at, name);
      }
    }
    if (register.fields) {
      if (register.access === 'reserved') wrong(where, 'a reserved register has no fields');
      if (register.reset !== undefined) wrong(where, 'each field has a reset value of its own');
      checkFields(description, where, register.fields, width, wrong);
    } else {
      fits(where, register.reset ?? 0, width, wrong);
    }
  }
}

function checkFields(
  description: Description,
  where: string,
  fields: NonNullable<RegisterSpec['fields']>,
  width: number,
  wrong: Wrong,
): void {
  const bits = Object.values(fields).reduce((sum, field) => sum + field.bits, 0);
  if (bits > width) wrong(where, `fields of ${bits} bits do not fit into ${width}`);
  const taken = new Map<number, string>();
  for (const [name, field] of Object.entries(fields)) {
    const place = `${where}, field ${name}`;
    named(place, name, field, fieldKeys, wrong);
    if (!Number.isInteger(field.bits) || field.bits < 1) wrong(place, `${field.bits} is no number of bits`);
    if (field.bit !== undefined) {
      if (field.bit < 0 || field.bit + field.bits > width) wrong(place, `bit ${field.bit} is out of range`);
      for (let bit = field.bit; bit < field.bit + field.bits; bit++) {
        if (taken.has(bit)) wrong(place, `bit ${bit} is also that of ${taken.get(bit)}`);
        taken.set(bit, name);
      }
    }
    checkValues(place, field, wrong);
    checkReset(description, place, field, wrong);
  }
}

function checkValues(where: string, { bits, values }: FieldSpec, wrong: Wrong): void {
  if (!values) return;
  const all = Object.values(values);
  if (all.length === 0 || all.length > 2 ** bits) wrong(where, `${all.length} values for ${bits} bits`);
  const codes = all.flatMap((value) => (typeof value === 'string' ? [] : (value.code ?? [])));
  for (const code of codes) fits(where, code, bits, wrong);
  if (new Set(codes).size < codes.length) wrong(where, 'two values have the same code');
}

function checkReset(
  { parameters, revisions }: Description,
  where: string,
  { bits, values, reset = 0 }: FieldSpec,
  wrong: Wrong,
): void {
  if (typeof reset === 'string') {
    if (!values || !Object.hasOwn(values, reset)) wrong(where, `reset value ${reset} is none of its values`);
  } else if (typeof reset === 'object' && 'parameter' in reset) {
    const parameter = parameters?.[reset.parameter];
    if (!parameter) wrong(where, `there is no parameter ${reset.parameter}`);
    else fits(where, parameter.value, bits, wrong);
  } else if (typeof reset === 'object' && 'revision' in reset) {
    for (const { code } of Object.values(revisions)) fits(where, code, bits, wrong);
  } else {
    fits(where, reset, bits, wrong);
  }
}

function fits(where: string, drawn: Drawn, bits: number, wrong: Wrong): void {
  const { smallest, largest } = range(drawn);
  if (!(smallest >= 0 && largest < 2 ** bits)) wrong(where, `a value does not fit into ${bits} bits`);
}

function named(where: string, name: string, spec: object, keys: readonly string[], wrong: Wrong): void {
  if (!/^[A-Z][A-Z0-9_]*$/.test(name)) wrong(where, 'a name has capitals, digits and underscores');
  const unknown = Object.keys(spec).find((key) => !keys.includes(key));
  if (unknown !== undefined) wrong(where, `${unknown} is not known`);
}
