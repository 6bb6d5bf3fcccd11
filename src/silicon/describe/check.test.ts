// SPDX-License-Identifier: Apache-2.0
// Mistakes of a device's author that no type can tell: each is named where it is, when the file is loaded.
import { expect, test } from 'vitest';
import { describe } from './describe.ts';
import type { FieldSpec, RegisterSpec } from './registers.ts';

const texts = {
  name: 'lamp',
  title: 'lamp driver',
  overview: [],
  features: [],
  bus: { kind: 'pci', vendor: 1, device: 1, class: 0 },
  history: [],
} as const;
const revisions = { A: { code: 1, says: 'First.' } };
const plain = { access: 'rw', says: 'Anything.' } as const;
const bit = { bits: 1, says: 'A bit.' } as const;

const withRegisters = (registers: Record<string, RegisterSpec>) => () =>
  describe({ ...texts, revisions, registers });
const withFields = (fields: Record<string, FieldSpec>, width: 8 | 16 | 32 = 8) =>
  withRegisters({ R: { ...plain, width, fields } });

test.each<[string, () => unknown, string]>([
  ['a name in lower case', withRegisters({ status: plain }), 'register status: a name has capitals'],
  [
    'a property that is not known',
    withRegisters({ R: { ...plain, offset: 4 } as RegisterSpec }),
    'register R: offset is not known',
  ],
  ['an offset that is not aligned', withRegisters({ R: { ...plain, at: 2 } }), 'offset 2 is not aligned'],
  [
    'two registers at one place',
    withRegisters({ R: { ...plain, at: 4 }, S: { ...plain, width: 8, at: 6 } }),
    'register S: offset 6 is also that of R',
  ],
  [
    'a reserved register with fields',
    withRegisters({ R: { ...plain, access: 'reserved', fields: { A: bit } } }),
    'a reserved register has no fields',
  ],
  ['a reset value that is too large', withRegisters({ R: { ...plain, width: 8, reset: 256 } }), 'fit into 8'],
  [
    'more fields than bits',
    withFields({ A: { ...bit, bits: 5 }, B: { ...bit, bits: 4 } }),
    'fields of 9 bits',
  ],
  ['a field without bits', withFields({ A: { ...bit, bits: 0 } }), 'field A: 0 is no number of bits'],
  [
    'two fields at one bit',
    withFields({ A: { ...bit, bit: 3 }, B: { ...bit, bits: 2, bit: 2 } }),
    'bit 3 is also',
  ],
  ['a bit beyond the register', withFields({ A: { ...bit, bit: 8 } }), 'bit 8 is out of range'],
  [
    'more values than codes',
    withFields({ A: { ...bit, values: { x: 'X.', y: 'Y.', z: 'Z.' } } }),
    '3 values for 1 bits',
  ],
  [
    'two values with one code',
    withFields({ A: { ...bit, values: { x: { says: 'X.', code: 1 }, y: { says: 'Y.', code: 1 } } } }),
    'two values have the same code',
  ],
  [
    'a reset value that is no value',
    withFields({ A: { ...bit, values: { x: 'X.' }, reset: 'y' } }),
    'reset value y is none of its values',
  ],
  ['an unknown parameter', withFields({ A: { ...bit, reset: { parameter: 'p' } } }), 'no parameter p'],
  [
    'a revision that does not fit',
    () =>
      describe({
        ...texts,
        revisions: { A: { code: 2, says: 'First.' } },
        registers: { R: { ...plain, fields: { A: { ...bit, reset: { revision: true } } } } },
      }),
    'register R, field A: a value does not fit into 1 bits',
  ],
  ['nothing to choose from', withFields({ A: { ...bit, reset: { oneOf: [] } } }), 'does not fit'],
  [
    'a text that refers to nothing',
    withRegisters({ R: { ...plain, says: 'See {S.B}.' } }),
    'registers R says: {S.B} refers to nothing',
  ],
  [
    'an interrupt of more than one bit',
    () =>
      describe({
        ...texts,
        revisions,
        registers: { R: { ...plain, fields: { A: { ...bit, bits: 2 } } } },
        interrupts: { done: { says: 'Done.', status: 'R.A' } },
      }),
    'interrupt done: R.A is no field of one bit',
  ],
  [
    'a vector that the chip may not have',
    () =>
      describe({
        ...texts,
        revisions,
        bus: { ...texts.bus, vectors: { oneOf: [1, 2] } },
        registers: { R: { ...plain, fields: { A: bit } } },
        interrupts: { done: { says: 'Done.', status: 'R.A', vector: 1 } },
      }),
    'interrupt done: there may be no vector 1',
  ],
  [
    'a rule with an access and no condition',
    () =>
      describe({
        ...texts,
        revisions,
        registers: { R: plain },
        rules: { quiet: { says: 'Be quiet.', when: { write: 'R' } } },
      }),
    'rule quiet: `when` needs `require`',
  ],
  [
    'a minimum above the maximum',
    () =>
      describe({
        ...texts,
        revisions,
        registers: { R: plain },
        timing: { wait: { says: 'Wait.', min: { from: 1, to: 9 }, max: 8 } },
      }),
    'timing wait: the minimum can be larger',
  ],
  [
    'a ring of a format that is not described',
    () =>
      describe({
        ...texts,
        revisions,
        registers: { R: plain },
        rings: { work: { says: 'Work.', format: 'order', entries: 'depth' } },
      }),
    'ring work: there is no format order',
  ],
  [
    'a wide register on a slow bus',
    () => describe({ ...texts, revisions, bus: { kind: 'i2c' }, registers: { R: plain } }),
    'a register on a slow bus has 8 or 16 bits',
  ],
])('%s', (_, make, message) => {
  expect(make).toThrow(expect.objectContaining({ code: 'E-SILICON-DEVICE' }));
  expect(make).toThrow(message);
});
