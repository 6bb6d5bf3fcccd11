// SPDX-License-Identifier: Apache-2.0
// Structures in memory to values and back.
import type { ChipFormat } from './chip.ts';
import { extract, insert } from './value.ts';

/** A field's value: bigint for 64 bits, a name (or undefined, for a code that stands for nothing) when enumerated. */
export type FormatValue = number | bigint | string | undefined;

/** Reads a structure; `bytes` has at least `format.size` bytes. */
export function decode(format: ChipFormat, bytes: Uint8Array): Record<string, FormatValue> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = format.order === 'little';
  return Object.fromEntries(
    format.fields.map((field): [string, FormatValue] => {
      if (field.bits === 64) return [field.name, view.getBigUint64(field.offset, little)];
      const code = extract(field, view.getUint32(field.offset, little));
      if (!field.values) return [field.name, code];
      return [field.name, field.values.find((value) => value.code === code)?.name];
    }),
  );
}

/** Writes a structure of `format.size` bytes; what no field takes is zero, a value that is left out too. */
export function encode(format: ChipFormat, values: Readonly<Record<string, FormatValue>>): Uint8Array {
  const bytes = new Uint8Array(format.size);
  const view = new DataView(bytes.buffer);
  const little = format.order === 'little';
  for (const field of format.fields) {
    const value = values[field.name];
    if (value === undefined) continue;
    if (field.bits === 64) {
      view.setBigUint64(field.offset, BigInt(value), little);
      continue;
    }
    const code = field.values?.find(({ name }) => name === value)?.code ?? Number(value);
    view.setUint32(field.offset, insert(field, view.getUint32(field.offset, little), code), little);
  }
  return bytes;
}
