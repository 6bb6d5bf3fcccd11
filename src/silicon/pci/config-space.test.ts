// SPDX-License-Identifier: Apache-2.0
// Configuration space as a kernel looks at it: it finds the size of a base address and walks the capabilities.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { configBytes, ConfigSpace, type ConfigLayout } from './config-space.ts';

const layout: ConfigLayout = {
  vendor: 0x1de5,
  device: 0xc0de,
  class: 0x058000,
  revision: 3,
  bar: { index: 2, size: 8192 },
  vectors: 4,
};

const word = (value: number): Buffer => Buffer.from(new Uint32Array([value]).buffer);
const read = (space: ConfigSpace, offset: number): number => space.read(offset, 4).readUInt32LE(0);

/** Capabilities by id, with where they are: what pci_find_capability() does. */
function capabilities(space: ConfigSpace): Map<number, number> {
  const found = new Map<number, number>();
  for (let at = space.read(0x34, 1)[0]!; at !== 0; at = space.read(at + 1, 1)[0]!)
    found.set(space.read(at, 1)[0]!, at);
  return found;
}

test('says what it is', () => {
  const space = new ConfigSpace(layout);
  expect(read(space, 0)).toBe(0xc0de1de5);
  expect(read(space, 8)).toBe(0x05800003);
  expect([...capabilities(space).keys()]).toEqual([1, 0x11]);
  expect([...capabilities(new ConfigSpace({ ...layout, vectors: 1 })).keys()]).toEqual([1, 5]);
});

test('a base address tells its size by the bits that stay zero, and the others that there is nothing', () => {
  const space = new ConfigSpace(layout);
  for (let index = 0; index < 6; index++) {
    space.write(0x10 + 4 * index, word(0xffffffff));
    expect(read(space, 0x10 + 4 * index)).toBe([0, 0, 0xffffe000, 0xfffff000, 0, 0][index]! >>> 0);
  }
});

test('is enabled, put to sleep and reset', () => {
  const space = new ConfigSpace(layout);
  expect([space.memoryEnabled, space.busMaster, space.powerState]).toEqual([false, false, 0]);
  space.write(4, Buffer.from([0x06, 0x04]));
  const power = capabilities(space).get(1)!;
  space.write(power + 4, Buffer.from([3]));
  expect([space.memoryEnabled, space.busMaster, space.powerState]).toEqual([true, true, 3]);
  space.reset();
  expect([space.memoryEnabled, space.busMaster, space.powerState]).toEqual([false, false, 0]);
});

test('signals as many messages as it has, and none without any', () => {
  const space = new ConfigSpace(layout);
  const at = capabilities(space).get(0x11)!;
  expect(space.read(at + 2, 2).readUInt16LE(0) & 0x7ff).toBe(3); // one less than there are
  expect([read(space, at + 4), read(space, at + 8)]).toEqual([3, 0x803]); // both in the BAR after that of the registers
  expect([...capabilities(new ConfigSpace({ ...layout, vectors: 0 })).keys()]).toEqual([1]);
});

test('no write changes what it is, or leads the list of capabilities astray', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat({ max: configBytes - 4 }), fc.nat())), (writes) => {
      const space = new ConfigSpace(layout);
      for (const [offset, value] of writes) space.write(offset, word(value));
      expect(read(space, 0)).toBe(0xc0de1de5);
      expect([...capabilities(space).keys()]).toEqual([1, 0x11]);
    }),
  );
});
