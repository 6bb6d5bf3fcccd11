// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { BringupError } from '../../shared/errors.ts';
import { tally } from '../tally.ts';
import { describe } from './describe.ts';

const texts = {
  name: 'lamp',
  title: 'lamp driver',
  overview: ['Drives a lamp.'],
  features: ['One lamp'],
  bus: { kind: 'i2c', address: 0x40 },
  revisions: { A: { code: 1, says: 'First.' } },
  history: [{ version: '1', date: '2026-01-01', says: 'First.' }],
} as const;

const registers = {
  LIGHT: {
    access: 'rw',
    width: 8,
    says: 'What the lamp does.',
    fields: {
      LEVEL: { bits: 3, says: 'How bright.' },
      MODE: { bits: 2, says: 'How.', values: { steady: 'Shines.', blink: 'Blinks.' } },
    },
  },
  HEAT: { access: 'ro', width: 8, says: 'How hot it is.' },
} as const;

test('a device that says one of everything is accepted', () => {
  expect(Object.keys(tally.registers)).toContain('DOORBELL');
});

test('a handler can name only what is described, and only what it can have', () => {
  describe({
    ...texts,
    registers,
    parameters: { limit: { says: 'The limit.', value: 3 } },
    timing: { ramp: { says: 'The ramp.', min: 1, max: 2 } },
    states: { dark: { says: 'Dark.', next: { lit: 'a write' } }, lit: { says: 'Lit.' } },
    rules: { cool: { says: 'It must stay cool.' } },
    memory: () => ({ blinks: 0 }),
    behaviour: {
      write: {
        LIGHT(chip, written) {
          const level: number = chip.get('LIGHT.LEVEL');
          const mode: 'steady' | 'blink' | undefined = chip.get('LIGHT.MODE');
          chip.memory.blinks += level + written;
          chip.set('LIGHT.MODE', mode ?? 'steady');
          chip.set('HEAT', 7);
          chip.enter('lit');
          chip.after(chip.time('ramp') * chip.parameter('limit'), () => chip.violate('cool', 'hot'));
          // @ts-expect-error no such register
          chip.get('LIGTH');
          // @ts-expect-error no such field
          chip.get('LIGHT.LEVLE');
          // @ts-expect-error a field of another register
          chip.get('HEAT.LEVEL');
          // @ts-expect-error an enumerated field takes names
          chip.set('LIGHT.MODE', 1);
          // @ts-expect-error no such value
          chip.set('LIGHT.MODE', 'flash');
          // @ts-expect-error a number takes no names
          chip.set('LIGHT.LEVEL', 'steady');
          // @ts-expect-error no such rule
          chip.violate('warm', '');
          // @ts-expect-error there is no interrupt
          chip.raise('done');
          // @ts-expect-error no such state
          chip.enter('light');
          // @ts-expect-error no such timing
          chip.time('rump');
          // @ts-expect-error no such parameter
          chip.parameter('limits');
          // @ts-expect-error nothing is kept by that name
          chip.memory.blink = 1;
        },
        // @ts-expect-error nothing in it can be written
        HEAT() {},
      },
    },
  });
});

test('formats in memory give their values their types', () => {
  describe({
    ...texts,
    registers,
    formats: {
      order: {
        says: 'An order.',
        fields: {
          WHERE: { bits: 64, says: 'Address.' },
          LENGTH: { bits: 16, says: 'Bytes.' },
          KIND: { bits: 2, says: 'Which.', values: { read: 'Reads.', write: 'Writes.' } },
        },
      },
    },
    behaviour: {
      write: {
        async LIGHT(chip) {
          const order = chip.decode('order', await chip.dma.read(0n, 16));
          const where: bigint = order.WHERE;
          const length: number = order.LENGTH;
          const kind: 'read' | 'write' | undefined = order.KIND;
          await chip.dma.write(where, chip.encode('order', { WHERE: 0n, LENGTH: length, KIND: kind }));
          // @ts-expect-error no such format
          chip.decode('command', new Uint8Array(16));
          // @ts-expect-error no such field
          void order.SIZE;
        },
      },
    },
  });
});

test('rules, interrupts, states, errata and blocks name only what is described', () => {
  const wrong = (): unknown =>
    describe({
      ...texts,
      registers,
      interrupts: {
        // @ts-expect-error no such field
        hot: { says: 'Hot.', status: 'HEAT.HOT' },
      },
      rules: {
        // @ts-expect-error no such register
        one: { says: 'One.', when: { write: 'LIGTH' } },
        // @ts-expect-error no such field
        two: { says: 'Two.', when: { write: 'LIGHT' }, require: { 'LIGHT.LEVLE': 0 } },
        // @ts-expect-error no such value
        three: { says: 'Three.', when: { write: 'LIGHT' }, require: { 'LIGHT.MODE': 'flash' } },
      },
      states: {
        // @ts-expect-error no such state
        dark: { says: 'Dark.', next: { light: 'a write' } },
      },
      errata: {
        // @ts-expect-error no such revision
        stuck: { title: 'Stuck', says: 'Sticks.', workaround: 'None.', affects: ['B'] },
      },
      // @ts-expect-error no such register
      blocks: [{ title: 'Light', registers: ['LIGTH'] }],
    });
  expect(wrong).toThrow(BringupError);
});
