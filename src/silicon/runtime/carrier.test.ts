// SPDX-License-Identifier: Apache-2.0
// What a driver on a slow bus does is judged by when it did it, and a verdict is called off when the chip was late.
import { expect, test } from 'vitest';
import { describe } from '../describe/describe.ts';
import { layOut } from '../layout/lay-out.ts';
import { Carrier } from './carrier.ts';
import type { Clock } from './clock.ts';

const device = describe({
  name: 'sensor',
  title: 'sensor',
  overview: ['Measures.'],
  features: ['Small'],
  bus: { kind: 'i2c', address: 0x4a },
  registers: {
    RESULT: { access: 'ro', width: 8, at: 3, reset: 0x5c, says: 'The result.' },
    STATUS: {
      access: 'w1c',
      width: 8,
      at: 4,
      says: 'What it found.',
      fields: { HOT: { bits: 1, says: 'It is hot.' } },
    },
  },
  interrupts: { hot: { says: 'It is hot.', status: 'STATUS.HOT' } },
  revisions: { A: { code: 1, says: 'First.' } },
  history: [],
});

const clockAt = (now: () => number): Clock => ({ now, lag: 0, tick: () => {}, close: () => {} });

test('a transfer after a long silence is no late one: the driver of the card waits for each', () => {
  let now = 0;
  const carrier = new Carrier(
    layOut(device, 1),
    clockAt(() => now),
  );
  const write = (offset: number, value: number): void => {
    const data = Buffer.alloc(4);
    data.writeUInt32LE(value);
    carrier.write(0, offset, data);
  };
  const start = (what: number): number => {
    write(0x44, what | (1 << 8));
    return carrier.read(0, 0x48, 4).readUInt32LE();
  };
  carrier.board.quietAt(now);
  now = 300e6;
  write(0x40, 0x4a);
  write(0x100, 3);
  expect(start(1)).toBe(0);
  expect(start(2)).toBe(0);
  expect(carrier.read(0, 0x100, 4)[0]).toBe(0x5c);
  expect(carrier.board.accesses).toBe(1);
  expect(carrier.board.late).toBe(0);
});

test('a chip that is pulled out lets its interrupt line go', () => {
  const carrier = new Carrier(
    layOut(device, 1),
    clockAt(() => 0),
  );
  const lineIsHigh = (): boolean => (carrier.read(0, 0x04, 4).readUInt32LE() & 1) === 1;
  expect(lineIsHigh()).toBe(true);
  carrier.board.model.set('STATUS.HOT', 1);
  expect(lineIsHigh()).toBe(false);
  carrier.board.remove();
  expect(lineIsHigh()).toBe(true);
  carrier.board.insert(false);
  expect(lineIsHigh()).toBe(true);
});
