// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { Row } from './storm.ts';

/** Where call `i` of a description begins: guest/mailbox.h, struct storm. */
const at = (i: number): number => 16 + i * 72;

test('a row is written down as the agent reads it', () => {
  const row = new Row();
  const file = row.open('/dev/dock', 'rw', { nonblock: true });
  row.write(file, 'abc');
  row.close(file);
  expect(row.parts.bytes).toBe(at(3));
  expect(row.parts.buffers.map((bytes) => bytes.toString())).toEqual(['/dev/dock\0', 'abc']);

  const image = row.encode(7, 2, [0x1000n, 0x2000n]);
  expect(
    [0, 4, 8].map((offset) => image.readUInt32LE(offset)),
    'calls, turns, rows together',
  ).toEqual([3, 7, 2]);
  expect(image.readBigUInt64LE(at(0) + 8), 'the path').toBe(0x1000n);
  expect(image.readBigUInt64LE(at(0) + 16), 'O_RDWR | O_NONBLOCK').toBe(0o4002n);
  expect(image.readUInt32LE(at(1) + 4), 'write() uses the result of the first call').toBe(1);
  expect(image.readBigUInt64LE(at(1) + 16), 'its buffer').toBe(0x2000n);
  expect(image.readBigUInt64LE(at(1) + 24), 'its length').toBe(3n);
  expect(image.readUInt32LE(at(2) + 4), 'close() too').toBe(1);
});

test('what the agent counted is read back, with the name of the last errno', () => {
  const row = new Row();
  row.close(row.open('/dev/dock'));
  const image = row.encode(5, 1, [0x1000n]);
  image.writeUInt32LE(3, at(0) + 64);
  image.writeUInt32LE(2, at(0) + 68);
  image.writeUInt32LE(3, at(1) + 64);
  expect(row.decode(image)).toEqual([
    { good: 3, error: 'ENOENT' },
    { good: 3, error: '' },
  ]);
});
