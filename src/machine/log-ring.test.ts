// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import type { AddressSpace } from './address-space.ts';
import { LogRing } from './log-ring.ts';
import { parseVmcoreInfo } from './vmcoreinfo.ts';

// Offsets as a 6.12 kernel for x86-64 says them.
const info = parseVmcoreInfo(`SYMBOL(prb)=1000
OFFSET(printk_ringbuffer.desc_ring)=0
OFFSET(printk_ringbuffer.text_data_ring)=48
OFFSET(prb_desc_ring.count_bits)=0
OFFSET(prb_desc_ring.descs)=8
OFFSET(prb_desc_ring.infos)=16
OFFSET(prb_desc_ring.head_id)=24
OFFSET(prb_desc_ring.tail_id)=32
SIZE(prb_desc)=24
OFFSET(prb_desc.state_var)=0
OFFSET(prb_desc.text_blk_lpos)=8
OFFSET(prb_data_blk_lpos.begin)=0
OFFSET(prb_data_blk_lpos.next)=8
SIZE(printk_info)=88
OFFSET(printk_info.seq)=0
OFFSET(printk_info.ts_nsec)=8
OFFSET(printk_info.text_len)=16
OFFSET(printk_info.caller_id)=20
OFFSET(prb_data_ring.size_bits)=0
OFFSET(prb_data_ring.data)=8
OFFSET(atomic_long_t.counter)=0
`);

const idMask = (1n << 62n) - 1n;
const at = { pointer: 0x1000, ring: 0x1100, descs: 0x2000, infos: 0x3000, data: 0x6000 };
const states = { reserved: 0n, committed: 1n, finalized: 2n, reusable: 3n };

interface Options {
  level?: number;
  flags?: number;
  caller?: number;
  time?: bigint;
  state?: keyof typeof states;
}

/** Writes records into memory as kernel/printk/printk_ringbuffer.c does (data_alloc, get_next_lpos). */
class Ring {
  readonly memory = Buffer.alloc(0x8000);
  readonly #count: bigint;
  readonly #size: bigint;
  #seq = 0n;
  #lpos: bigint;
  #headId: bigint;
  reads = 0;

  constructor({ descBits = 3n, sizeBits = 8n, firstId = 0n, firstLpos = 0n } = {}) {
    this.#count = 1n << descBits;
    this.#size = 1n << sizeBits;
    this.#lpos = firstLpos;
    this.#headId = (firstId - 1n) & idMask;
    this.#word(at.pointer, BigInt(at.ring));
    this.memory.writeInt32LE(Number(descBits), at.ring);
    this.#word(at.ring + 8, BigInt(at.descs));
    this.#word(at.ring + 16, BigInt(at.infos));
    this.memory.writeInt32LE(Number(sizeBits), at.ring + 48);
    this.#word(at.ring + 48 + 8, BigInt(at.data));
    // As at boot: all descriptors are free for use.
    for (let i = 0; i < Number(this.#count); i++) this.#word(at.descs + i * 24, states.reusable << 62n);
  }

  #word(address: number, value: bigint): void {
    this.memory.writeBigUInt64LE(BigInt.asUintN(64, value), address);
  }

  add(
    text: string,
    { level = 6, flags = 0, caller = 1, time = 0n, state = 'finalized' }: Options = {},
  ): this {
    const id = (this.#headId + 1n) & idMask;
    this.#headId = id;
    const index = Number(id % this.#count);
    const bytes = Buffer.from(text);
    let [begin, next] = [1n, 1n]; // FAILED_LPOS and NO_LPOS are odd
    if (bytes.length > 0) {
      const need = BigInt((8 + bytes.length + 7) & ~7);
      begin = this.#lpos;
      next = begin + need;
      const wraps = begin / this.#size !== (next - 1n) / this.#size;
      if (wraps) next = (next / this.#size) * this.#size + need;
      const start = at.data + Number(wraps ? 0n : begin % this.#size);
      this.#word(start, id);
      bytes.copy(this.memory, start + 8);
      this.#lpos = next;
    }
    this.#word(at.descs + index * 24, (states[state] << 62n) | id);
    this.#word(at.descs + index * 24 + 8, begin);
    this.#word(at.descs + index * 24 + 16, next);
    const record = at.infos + index * 88;
    this.#word(record, this.#seq++);
    this.#word(record + 8, time);
    this.memory.writeUInt16LE(bytes.length, record + 16);
    this.memory.writeUInt8(0, record + 18); // facility
    this.memory.writeUInt8((level << 5) | flags, record + 19);
    this.memory.writeUInt32LE(caller >>> 0, record + 20);
    this.#word(at.ring + 24, id);
    const oldest =
      this.#seq > this.#count ? (id - this.#count + 1n) & idMask : (id - this.#seq + 1n) & idMask;
    this.#word(at.ring + 32, oldest);
    return this;
  }

  read(from?: number): ReturnType<LogRing['read']> {
    const bytes = (address: bigint, length: number): Buffer | undefined => {
      this.reads++;
      const start = Number(address);
      return start + length <= this.memory.length ? this.memory.subarray(start, start + length) : undefined;
    };
    const space = {
      bytes,
      word: (address: bigint) => bytes(address, 8)?.readBigUInt64LE() ?? 0n,
      int: (address: bigint) => bytes(address, 4)?.readInt32LE() ?? 0,
    };
    return new LogRing(space as unknown as AddressSpace, info).read(from);
  }

  texts(from?: number): string[] {
    return this.read(from).map(({ text }) => text);
  }
}

test('records come oldest first, with their numbers', () => {
  const ring = new Ring().add('one').add('two').add('three');
  expect(ring.read().map(({ seq, text }) => [seq, text])).toEqual([
    [0, 'one'],
    [1, 'two'],
    [2, 'three'],
  ]);
});

test('time, caller and level are read from where the kernel puts them', () => {
  const ring = new Ring()
    .add('oops', { level: 1, caller: 412, time: 12_345_678_000n })
    .add('irq', { level: 4, caller: 0x8000_0001, flags: 0x1f })
    .add('debug', { level: 7 });
  const [oops, irq, debug] = ring.read();
  expect(oops).toMatchObject({ level: 1, caller: 'T412', time: 12.345678 });
  expect(irq).toMatchObject({ level: 4, caller: 'C1' });
  expect(debug!.level).toBe(7);
});

test('reading goes on from a number', () => {
  const ring = new Ring().add('a').add('b').add('c');
  expect(ring.texts(1)).toEqual(['b', 'c']);
  expect(ring.texts(3)).toEqual([]);
  ring.add('d');
  expect(ring.texts(3)).toEqual(['d']);
});

test('a short look at a long log is short', () => {
  const ring = new Ring({ descBits: 5n, sizeBits: 10n });
  for (let i = 0; i < 32; i++) ring.add(`line ${i}`);
  ring.read();
  const whole = ring.reads;
  ring.reads = 0;
  expect(ring.texts(31)).toEqual(['line 31']);
  expect(ring.reads).toBeLessThan(whole / 2);
});

test('of more records than there are descriptors the last ones are there', () => {
  const ring = new Ring({ descBits: 2n });
  for (let i = 0; i < 11; i++) ring.add(`r${i}`);
  expect(ring.read().map(({ seq, text }) => [seq, text])).toEqual([
    [7, 'r7'],
    [8, 'r8'],
    [9, 'r9'],
    [10, 'r10'],
  ]);
});

test('a text that would wrap begins at the start of the ring again', () => {
  const ring = new Ring({ sizeBits: 7n }).add('x'.repeat(80)).add('y'.repeat(60));
  expect(ring.texts().at(-1)).toBe('y'.repeat(60));
});

test('a text that ends exactly with the ring does not wrap, nor does the one after it', () => {
  const ring = new Ring({ sizeBits: 7n }).add('x'.repeat(56)).add('y'.repeat(56)).add('z'.repeat(40));
  expect(ring.texts().slice(1)).toEqual(['y'.repeat(56), 'z'.repeat(40)]);
});

test('positions that count over 64 bits, as at boot, are read', () => {
  // BLK0_LPOS: the kernel begins just before the counter runs over.
  const ring = new Ring({ firstId: -8n & idMask, firstLpos: (1n << 64n) - 256n }).add('first').add('second');
  expect(ring.texts()).toEqual(['first', 'second']);
});

test('a record without text is there and empty', () => {
  expect(new Ring().add('a').add('').add('b').texts()).toEqual(['a', '', 'b']);
});

test('what is being written right now is left out, what is written whole is not', () => {
  const ring = new Ring()
    .add('done')
    .add('half', { state: 'reserved' })
    .add('not closed', { state: 'committed' });
  expect(ring.texts()).toEqual(['done', 'not closed']);
});

test('text that is not ASCII is read as UTF-8, and its length counts bytes', () => {
  expect(new Ring().add('größe: 5 µs').texts()).toEqual(['größe: 5 µs']);
});

test('a ring that lies where nothing can be read gives nothing, and ends', () => {
  const ring = new Ring().add('a');
  ring.memory.writeBigUInt64LE(0xffff_c900_0000_0000n, at.ring + 8);
  expect(ring.read()).toEqual([]);
});

test('a tail that is never reached (a module wrote over it) does not go round for ever', () => {
  const ring = new Ring();
  for (let i = 0; i < 8; i++) ring.add(`r${i}`);
  ring.memory.writeBigUInt64LE(0x1234_5678n, at.ring + 32);
  expect(ring.read()).toHaveLength(8);
});
