// SPDX-License-Identifier: Apache-2.0
import { BringupError } from '../../shared/errors.ts';
import type { FormatFieldSpec, FormatSpec } from '../describe/formats.ts';
import { placeBits } from './bits.ts';
import type { ChipFormat, ChipFormatField } from './chip.ts';
import { type Numbers, shuffled } from './draw.ts';
import { drawEncodings } from './encodings.ts';

type Field = FormatFieldSpec & { readonly name: string };

/**
 * Lays out a structure in memory. Fields of up to 32 bits are packed into words, the widest first into the first word
 * with room; then words and 64-bit fields are put in an order that the seed chooses.
 */
export function layOutFormat(
  name: string,
  spec: FormatSpec,
  drawnOrder: 'little' | 'big',
  stream: (name: string) => Numbers,
): ChipFormat {
  const next = stream('order of words');
  const fields = Object.entries(spec.fields).map(([name, field]) => ({ name, ...field }));
  const wide = fields.filter(({ bits }) => bits === 64);
  const words = pack(fields.filter(({ bits }) => bits !== 64));

  const needed = 8 * wide.length + 4 * words.length;
  const size = spec.size ?? 2 ** Math.ceil(Math.log2(Math.max(4, needed)));
  if (needed > size - (wide.length > 0 ? size % 8 : 0)) {
    throw new BringupError('E-SILICON-DEVICE', `format ${name} needs ${needed} bytes and has ${size}`);
  }
  const doubles = shuffled(every(8, size), next).slice(0, wide.length);
  const singles = shuffled(
    every(4, size).filter((at) => !doubles.includes(at - (at % 8))),
    next,
  );
  const placed: ChipFormatField[] = [];
  const put = (field: Field, offset: number, low: number): void => {
    const { name, says, bits, values } = field;
    const coded = values && { values: drawEncodings(values, bits, stream(`${name} values`)) };
    placed.push({ name, says, bits, offset, low, ...coded });
  };
  wide.forEach((field, at) => put(field, doubles[at]!, 0));
  words.forEach((word, at) => {
    const lows = placeBits(word, 32, stream(`word ${word.map(({ name }) => name).join()}`))!;
    for (const field of word) put(field, singles[at]!, lows.get(field.name)!);
  });
  placed.sort((a, b) => a.offset - b.offset || a.low - b.low);
  const { order = 'drawn' } = spec;
  return { size, order: order === 'drawn' ? drawnOrder : order, fields: placed };
}

function pack(fields: readonly Field[]): Field[][] {
  const words: Field[][] = [];
  for (const field of [...fields].sort((a, b) => b.bits - a.bits)) {
    const word = words.find((word) => word.reduce((sum, { bits }) => sum + bits, field.bits) <= 32);
    if (word) word.push(field);
    else words.push([field]);
  }
  return words;
}

function every(step: number, size: number): number[] {
  return Array.from({ length: Math.floor(size / step) }, (_, at) => at * step);
}
