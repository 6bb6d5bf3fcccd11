// SPDX-License-Identifier: Apache-2.0
// The kernel log, read from outside. Structure: kernel/printk/printk_ringbuffer.h and
// Documentation/admin-guide/kdump/gdbmacros.txt (macro dmesg) in the kernel source.
import type { AddressSpace } from './address-space.ts';
import type { VmcoreInfo } from './vmcoreinfo.ts';

export interface LogRecord {
  seq: number;
  /** Seconds since boot. */
  time: number;
  /** 'T12': task 12; 'C0': processor 0. */
  caller: string;
  /** 0 (emergency) to 7 (debug). */
  level: number;
  text: string;
}

const committed = 1n;
const finalized = 2n;
const idMask = (1n << 62n) - 1n;

/** Reads the ring buffer of printk without the guest taking part: also after a panic or a hang. */
export class LogRing {
  readonly #space: AddressSpace;
  readonly #info: VmcoreInfo;

  constructor(space: AddressSpace, info: VmcoreInfo) {
    this.#space = space;
    this.#info = info;
  }

  /** Records from sequence number `from` on that are still there, oldest first. */
  read(from = 0): LogRecord[] {
    const { offset, size, symbol } = this.#info;
    const ring = this.#space.word(symbol('prb'));
    const descRing = ring + BigInt(offset('printk_ringbuffer.desc_ring'));
    const dataRing = ring + BigInt(offset('printk_ringbuffer.text_data_ring'));
    const counter = BigInt(offset('atomic_long_t.counter'));
    const descBits = BigInt(this.#space.int(descRing + BigInt(offset('prb_desc_ring.count_bits'))));
    const descs = this.#space.word(descRing + BigInt(offset('prb_desc_ring.descs')));
    const infos = this.#space.word(descRing + BigInt(offset('prb_desc_ring.infos')));
    const head = this.#space.word(descRing + BigInt(offset('prb_desc_ring.head_id')) + counter);
    const tail = this.#space.word(descRing + BigInt(offset('prb_desc_ring.tail_id')) + counter);
    const dataSize = 1n << BigInt(this.#space.int(dataRing + BigInt(offset('prb_data_ring.size_bits'))));
    const data = this.#space.word(dataRing + BigInt(offset('prb_data_ring.data')));
    const descMask = (1n << descBits) - 1n;

    const records: LogRecord[] = [];
    // Newest first, so that a short look at a long log is short.
    for (let id = head; ; id = (id - 1n) & idMask) {
      const index = id & descMask;
      const desc = this.#space.bytes(descs + index * BigInt(size('prb_desc')), size('prb_desc'));
      const info = this.#space.bytes(infos + index * BigInt(size('printk_info')), size('printk_info'));
      if (!desc || !info) break;
      const state = desc.readBigUInt64LE(offset('prb_desc.state_var') + Number(counter));
      const valid = state >> 62n === committed || state >> 62n === finalized;
      if (valid && (state & idMask) === id) {
        const seq = Number(info.readBigUInt64LE(offset('printk_info.seq')));
        if (seq < from) break;
        const at = offset('prb_desc.text_blk_lpos');
        const begin = desc.readBigUInt64LE(at + offset('prb_data_blk_lpos.begin'));
        const next = desc.readBigUInt64LE(at + offset('prb_data_blk_lpos.next'));
        records.push({ seq, ...this.#header(info), text: this.#text(info, data, dataSize, begin, next) });
      }
      if (id === tail || records.length > Number(descMask)) break;
    }
    return records.reverse();
  }

  #header(info: Buffer): Pick<LogRecord, 'time' | 'caller' | 'level'> {
    const { offset } = this.#info;
    const caller = info.readUInt32LE(offset('printk_info.caller_id'));
    return {
      time: Number(info.readBigUInt64LE(offset('printk_info.ts_nsec'))) / 1e9,
      caller: caller & 0x8000_0000 ? `C${caller & 0x7fff_ffff}` : `T${caller}`,
      // facility (8 bits), then flags (5 bits) and level (3 bits), follow the length
      level: info.readUInt8(offset('printk_info.text_len') + 3) >> 5,
    };
  }

  #text(info: Buffer, data: bigint, dataSize: bigint, begin: bigint, next: bigint): string {
    if (begin & 1n) return ''; // a record without text
    const length = info.readUInt16LE(this.#info.offset('printk_info.text_len'));
    // A block that would wrap starts over at the beginning of the ring.
    const wraps = begin / dataSize !== next / dataSize && next % dataSize !== 0n;
    const start = (wraps ? 0n : begin % dataSize) + 8n; // each block starts with its id
    return this.#space.bytes(data + start, length)?.toString('utf8') ?? '';
  }
}
