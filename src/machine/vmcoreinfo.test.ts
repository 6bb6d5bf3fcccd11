// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { parseVmcoreInfo } from './vmcoreinfo.ts';

// From a 6.12 kernel; the numbers of KASLR are its own.
const info = parseVmcoreInfo(`OSRELEASE=6.12.117
BUILD-ID=9b1c1ad4f3a0b6f4
PAGESIZE=4096
SYMBOL(init_uts_ns)=ffffffff83a0c9a0
SYMBOL(prb)=ffffffff83851370
SIZE(prb_desc)=24
OFFSET(prb_desc.text_blk_lpos)=8
NUMBER(phys_base)=-16777216
NUMBER(KERNEL_IMAGE_SIZE)=1073741824
KERNELOFFSET=2000000
CRASHTIME=
`);

test('a symbol is a hexadecimal address with all its bits', () => {
  expect(info.symbol('prb')).toBe(0xffff_ffff_8385_1370n);
});

test('offsets, sizes and numbers are decimal; a number may be negative', () => {
  expect(info.offset('prb_desc.text_blk_lpos')).toBe(8);
  expect(info.size('prb_desc')).toBe(24);
  expect(info.number('KERNEL_IMAGE_SIZE')).toBe(1n << 30n);
  expect(info.number('phys_base')).toBe(-16777216n);
});

test('a name that is not there is an error with that name, not a zero', () => {
  expect(() => info.symbol('nope')).toThrow(/SYMBOL\(nope\)/);
  expect(() => info.offset('prb_desc.nope')).toThrow(RangeError);
  expect(() => info.size('nope')).toThrow(RangeError);
  expect(() => info.number('nope')).toThrow(RangeError);
});

test('one kind of entry is not taken for another', () => {
  expect(() => info.size('prb')).toThrow(RangeError);
  expect(() => info.symbol('prb_desc')).toThrow(RangeError);
});
