// SPDX-License-Identifier: Apache-2.0
import { BringupError } from '../../shared/errors.ts';
import type { FieldSpec, RegisterSpec } from '../describe/registers.ts';
import { placeBits } from './bits.ts';
import type { ChipField, ChipRegister, ChipValue } from './chip.ts';
import { draw, type Numbers } from './draw.ts';
import { drawEncodings } from './encodings.ts';

/** What of the chip a register depends on. */
interface Surroundings {
  readonly offset: number;
  readonly parameters: Readonly<Record<string, number>>;
  readonly revision: number;
  /** The byte order that the seed chose for this chip. */
  readonly drawnOrder: 'little' | 'big';
  readonly stream: (...what: string[]) => Numbers;
}

export function layOutRegister(name: string, spec: RegisterSpec, around: Surroundings): ChipRegister {
  const { access, says, width = 32, fields = {}, order = 'little' } = spec;
  const { stream } = around;
  const wanted = Object.entries(fields).map(([field, { bits, bit }]) => {
    return { name: field, bits, ...(bit === undefined ? {} : { bit }) };
  });
  const lows = placeBits(wanted, width, stream('fields'));
  if (!lows) {
    throw new BringupError('E-SILICON-DEVICE', `register ${name}: fields do not fit around those pinned`);
  }
  const laidOut = Object.entries(fields).map(([field, spec]): ChipField => {
    const values = spec.values && drawEncodings(spec.values, spec.bits, stream('values', field));
    return {
      name: field,
      says: spec.says,
      low: lows.get(field)!,
      bits: spec.bits,
      access: spec.access ?? (access as ChipField['access']),
      reset: resetOf(spec, values, around, stream('reset', field)),
      ...(values && { values }),
    };
  });
  return {
    name,
    says,
    offset: around.offset,
    width,
    access,
    order: order === 'drawn' ? around.drawnOrder : order,
    reset: spec.fields
      ? laidOut.reduce((sum, field) => sum + field.reset * 2 ** field.low, 0)
      : draw(spec.reset ?? 0, stream('reset')),
    fields: laidOut.sort((a, b) => b.low - a.low),
  };
}

function resetOf(
  { reset, values }: FieldSpec,
  coded: readonly ChipValue[] | undefined,
  { parameters, revision }: Surroundings,
  next: Numbers,
): number {
  const initial = reset ?? (values ? Object.keys(values)[0]! : 0);
  if (typeof initial === 'string') return coded!.find(({ name }) => name === initial)!.code;
  if (typeof initial === 'object' && 'parameter' in initial) return parameters[initial.parameter]!;
  if (typeof initial === 'object' && 'revision' in initial) return revision;
  return draw(initial, next);
}
