// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { AddressSpace, moduleSpace } from './address-space.ts';
import type { GuestMemory } from './memory.ts';

const ram = Buffer.alloc(0x10_0000);
for (let at = 0; at < ram.length; at += 4) ram.writeUInt32LE(at, at); // each word says where it is

/** The part of GuestMemory that an address space uses, over a Buffer. */
const memory = {
  size: ram.length,
  bytes: (address: number, length: number) => Buffer.from(ram.subarray(address, address + length)),
} as unknown as GuestMemory;

const pageOffset = 0xffff_8880_0000_0000n;
const image = 0xffff_ffff_8000_0000n;
const space = (physBase = 0n): AddressSpace =>
  new AddressSpace(memory, { physBase, pageOffset }, { prb: image + 0x40n });

test('the direct map is RAM from its start', () => {
  expect(space().ram(pageOffset)).toBe(0);
  expect(space().ram(pageOffset + 0x1234n)).toBe(0x1234);
  expect(space().int(pageOffset + 0x1234n)).toBe(0x1234);
});

test("the image is where the kernel was moved to, which the direct map's addresses are not", () => {
  const moved = space(0x8000n);
  expect(moved.ram(image + 0x10n)).toBe(0x8010);
  expect(moved.ram(pageOffset + 0x10n)).toBe(0x10);
  expect(space(-0x1000n).ram(image + 0x1010n)).toBe(0x10);
});

test.each([
  ['user space', 0x7fff_0000_0000n],
  ['zero', 0n],
  ['below the direct map', pageOffset - 1n],
  ['behind the end of RAM', pageOffset + BigInt(ram.length)],
  ['vmalloc', 0xffff_c900_0000_0000n],
  ['modules', moduleSpace.start],
  ['the last address', 0xffff_ffff_ffff_ffffn],
])('%s is not in RAM', (_, address) => {
  expect(space().ram(address)).toBeUndefined();
  expect(space().bytes(address, 8)).toBeUndefined();
});

test('bytes that reach over the end of RAM are none, those that end with it are', () => {
  const end = pageOffset + BigInt(ram.length);
  expect(space().bytes(end - 8n, 8)).toHaveLength(8);
  expect(space().bytes(end - 8n, 9)).toBeUndefined();
  expect(space().bytes(end, 0)).toBeUndefined();
});

test('an image that was moved out of RAM is not read', () => {
  expect(space(BigInt(ram.length)).bytes(image, 8)).toBeUndefined();
  expect(space(-0x1000n).bytes(image, 8)).toBeUndefined();
});

test('words and ints are little endian; signed only the int; zero where nothing is', () => {
  ram.writeBigUInt64LE(0xffff_8880_0000_0001n, 0x100);
  ram.writeInt32LE(-5, 0x108);
  expect(space().word(pageOffset + 0x100n)).toBe(0xffff_8880_0000_0001n);
  expect(space().int(pageOffset + 0x108n)).toBe(-5);
  expect(space().word(0n)).toBe(0n);
  expect(space().int(0n)).toBe(0);
});

test('symbols are those it was given', () => {
  expect(space().symbol('prb')).toBe(image + 0x40n);
  expect(space().symbol('nope')).toBeUndefined();
});
