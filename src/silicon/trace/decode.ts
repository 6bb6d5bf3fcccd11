// SPDX-License-Identifier: Apache-2.0
// Values on the bus as what they mean to a chip.
import type { Chip, ChipField, ChipRegister } from '../layout/chip.ts';
import { registerNamed } from '../layout/find.ts';
import { accessMasks, extract, swapBytes } from '../layout/value.ts';
import type { TraceEvent } from './trace.ts';

export type AccessEvent = Extract<TraceEvent, { kind: 'read' | 'write' }>;

export function isAccess(event: TraceEvent): event is AccessEvent {
  return event.kind === 'read' || event.kind === 'write';
}

/** The register that an access met; undefined when it met none, or the chip is not the one it was made with. */
export function registerOf(chip: Chip | undefined, event: TraceEvent): ChipRegister | undefined {
  if (!chip || !isAccess(event) || event.register === undefined) return undefined;
  const register = registerNamed(chip, event.register);
  return register?.offset === event.offset && register.width === 8 * event.bytes ? register : undefined;
}

/** The value as the driver means it: byte order undone. */
export function meant({ order, width }: ChipRegister, bus: number): number {
  return order === 'big' ? swapBytes(bus, width) : bus;
}

/** `0x0001c001`, as many digits as the bytes have. */
export function hexValue(value: number, bytes: number): string {
  return `0x${value.toString(16).padStart(2 * bytes, '0')}`;
}

/** What an access says: the value where it is not as on the bus, and its fields. */
export function meaning(register: ChipRegister, event: AccessEvent): string {
  const fields = fieldWords(register, event);
  if (register.order === 'little') return fields;
  return `= ${hexValue(meant(register, event.value), event.bytes)}, big endian ${fields}`.trimEnd();
}

/**
 * Field by field: `ENABLE=1 TRIM=14`. Of a write only what it changes or asks for; bits of w1c fields that are written as
 * 1 acknowledge.
 */
export function fieldWords(register: ChipRegister, { kind, value: bus, bytes }: AccessEvent): string {
  const value = meant(register, bus);
  const words: string[] = [];
  const acknowledged: string[] = [];
  for (const field of register.fields) {
    const { access, name } = field;
    if (kind === 'write' && access === 'w1c') {
      if (extract(field, value) !== 0) acknowledged.push(name);
    } else if (kind === 'write' ? access === 'rw' || access === 'wo' : access !== 'wo') {
      words.push(`${name}=${fieldValue(field, value)}`);
    }
  }
  if (kind === 'write' && register.fields.some(({ access }) => access === 'w1c'))
    words.push(`acknowledges ${acknowledged.join(', ') || 'nothing'}`);
  const reserved = (value & accessMasks(register).reserved) >>> 0;
  if (reserved !== 0 && register.fields.length > 0) words.push(`reserved bits ${hexValue(reserved, bytes)}`);
  return words.join(' ');
}

/** Every field of a value by its name: the name of its value when it has names, else a number. */
export function fieldsOf(register: ChipRegister, bus: number): Record<string, string | number> {
  const value = meant(register, bus);
  return Object.fromEntries(
    register.fields.map((field) => {
      const code = extract(field, value);
      return [field.name, field.values?.find((one) => one.code === code)?.name ?? code];
    }),
  );
}

function fieldValue(field: ChipField, value: number): string {
  const code = extract(field, value);
  if (field.values) return field.values.find((one) => one.code === code)?.name ?? `${code} (not listed)`;
  return field.bits > 8 ? `0x${code.toString(16)}` : `${code}`;
}
