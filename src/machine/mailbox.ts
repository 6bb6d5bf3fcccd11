// SPDX-License-Identifier: Apache-2.0
// The host's end of guest/mailbox.h, where the layout is described.
import { pageSize, type GuestMemory } from './memory.ts';

const version = 2;
const magic = Buffer.from('bringup-mailbox!');
const regionBase = 0x1000_0000;
const arenaBase = regionBase + 2 * pageSize;
const header = {
  version: 16,
  bell: 20,
  completions: 24,
  storms: 32,
  pages: 36,
  nonce: 40,
  text: 48,
  slots: 64,
} as const;
const slotBytes = 104;
const slot = {
  asked: 0,
  started: 4,
  done: 8,
  flags: 16,
  nr: 20,
  pid: 24,
  signal: 28,
  args: 32,
  ret: 80,
  start: 88,
  end: 96,
} as const;

export const slotCount = 16;
export const pseudo = {
  spawn: 0x10000,
  peek: 0x10001,
  poke: 0x10002,
  exec: 0x10003,
  console: 0x10004,
  advance: 0x10005,
  storm: 0x10006,
} as const;

export interface Call {
  /** System call number, or one of `pseudo`. */
  nr: number;
  args: readonly bigint[];
  /** Through the 32-bit entry. */
  compat?: boolean;
}

/** What became of a call. */
export interface Outcome {
  /** As the kernel returns it: a negative errno is an error. */
  ret: bigint;
  /** Guest CLOCK_MONOTONIC in nanoseconds. */
  start: bigint;
  end: bigint;
  /** The signal that killed the task, else 0. */
  signal: number;
}

export interface SlotState {
  asked: number;
  started: number;
  done: number;
  pid: number;
}

/** The mailbox of one machine. Addresses in the arena are the guest's virtual ones, as bigint. */
export class Mailbox {
  readonly #memory: GuestMemory;
  /** Offset in RAM of each page of the region. */
  readonly #pages: number[];
  readonly #view = Buffer.alloc(header.slots + slotCount * slotBytes);
  readonly arena: { start: bigint; size: number };
  /** What never changes in the header. */
  readonly #fixed: Buffer;

  /** `pages`: guest RAM offsets of the region's pages, as `locateMailbox` found them. */
  constructor(memory: GuestMemory, pages: number[]) {
    this.#memory = memory;
    this.#pages = pages;
    this.arena = { start: BigInt(arenaBase), size: (pages.length - 2) * pageSize };
    this.refresh();
    this.#fixed = Buffer.from(this.#fixedPart());
  }

  #fixedPart(): Buffer {
    return this.#view.subarray(header.pages, header.slots);
  }

  /** Reads the state of all slots; the getters below speak of the last refresh. */
  refresh(): void {
    this.#memory.read(this.#pages[0]!, this.#view);
  }

  /** False when the region no longer begins as the agent wrote it. */
  get intact(): boolean {
    const named =
      this.#view.subarray(0, 16).equals(magic) && this.#view.readUInt32LE(header.version) === version;
    return named && this.#fixedPart().equals(this.#fixed);
  }

  get completions(): number {
    return this.#view.readUInt32LE(header.completions);
  }

  get nonce(): bigint {
    return this.#view.readBigUInt64LE(header.nonce);
  }

  /** Virtual addresses of the agent's code. */
  get text(): { start: bigint; end: bigint } {
    return {
      start: this.#view.readBigUInt64LE(header.text),
      end: this.#view.readBigUInt64LE(header.text + 8),
    };
  }

  state(index: number): SlotState {
    const at = slotAt(index);
    return {
      asked: this.#view.readUInt32LE(at + slot.asked),
      started: this.#view.readUInt32LE(at + slot.started),
      done: this.#view.readUInt32LE(at + slot.done),
      pid: this.#view.readInt32LE(at + slot.pid),
    };
  }

  outcome(index: number): Outcome {
    const at = slotAt(index);
    return {
      ret: this.#view.readBigInt64LE(at + slot.ret),
      start: this.#view.readBigUInt64LE(at + slot.start),
      end: this.#view.readBigUInt64LE(at + slot.end),
      signal: this.#view.readInt32LE(at + slot.signal),
    };
  }

  /** Rows of calls that are asked for from now on wait for each other anew. */
  resetStorms(): void {
    this.#writeWord(header.storms, 0);
  }

  /** Asks a slot for a call and gives the call's number. The slot must not have one under way. */
  ask(index: number, call: Call): number {
    const at = slotAt(index);
    const number = (this.#view.readUInt32LE(at + slot.asked) + 1) >>> 0;
    const request = Buffer.alloc(8);
    request.writeUInt32LE(call.compat ? 1 : 0, 0);
    request.writeUInt32LE(call.nr, 4);
    this.#writeHeader(at + slot.flags, request);
    const args = Buffer.alloc(48);
    call.args.forEach((value, i) => args.writeBigUInt64LE(BigInt.asUintN(64, value), i * 8));
    this.#writeHeader(at + slot.args, args);
    this.#writeWord(at + slot.asked, number);
    this.#writeWord(header.bell, (this.#view.readUInt32LE(header.bell) + 1) >>> 0);
    return number;
  }

  /** Copies bytes into the arena. */
  put(address: bigint, bytes: Buffer): void {
    this.#eachPage(address, bytes.length, (ram, from, length) =>
      this.#memory.write(ram, bytes.subarray(from, from + length)),
    );
  }

  /** Copies bytes out of the arena. */
  get(address: bigint, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    this.#eachPage(address, length, (ram, from, part) =>
      this.#memory.read(ram, bytes.subarray(from, from + part)),
    );
    return bytes;
  }

  #writeWord(at: number, value: number): void {
    const word = Buffer.alloc(4);
    word.writeUInt32LE(value);
    this.#writeHeader(at, word);
  }

  #writeHeader(at: number, bytes: Buffer): void {
    bytes.copy(this.#view, at);
    this.#memory.write(this.#pages[0]! + at, bytes);
  }

  #eachPage(
    address: bigint,
    length: number,
    visit: (ram: number, from: number, length: number) => void,
  ): void {
    let offset = Number(address) - regionBase;
    if (offset < 2 * pageSize || offset + length > this.#pages.length * pageSize) {
      throw new RangeError(`0x${address.toString(16)}+${length} is outside the arena`);
    }
    for (let from = 0; from < length;) {
      const inPage = offset % pageSize;
      const part = Math.min(length - from, pageSize - inPage);
      visit(this.#pages[Math.floor(offset / pageSize)]! + inPage, from, part);
      from += part;
      offset += part;
    }
  }
}

function slotAt(index: number): number {
  return header.slots + index * slotBytes;
}

/**
 * Searches RAM for a mailbox and gives the RAM offset of each page of its region; undefined while the
 * agent has not put one up. `base` is the guest-physical address of RAM.
 */
export function locateMailbox(memory: GuestMemory, base: number): number[] | undefined {
  const chunk = Buffer.allocUnsafe(4 << 20);
  for (let start = 0; start < memory.size; start += chunk.length) {
    const part = memory.read(start, chunk.subarray(0, Math.min(chunk.length, memory.size - start)));
    for (let at = 0; at < part.length; at += pageSize) {
      if (part.compare(magic, 0, magic.length, at, at + magic.length) !== 0) continue;
      const pages = pageList(memory, start + at, part.readUInt32LE(at + header.pages), base);
      if (pages) return pages;
    }
  }
  return undefined;
}

/** The page list is the region's second page; we find it because its first entry is the first page. */
function pageList(memory: GuestMemory, first: number, count: number, base: number): number[] | undefined {
  if (count < 3 || count > pageSize / 8) return undefined;
  const wanted = Buffer.alloc(8);
  wanted.writeBigUInt64LE(BigInt(first + base));
  const head = Buffer.alloc(16);
  for (let page = 0; page < memory.size; page += pageSize) {
    memory.read(page, head);
    if (!head.subarray(0, 8).equals(wanted)) continue;
    if (Number(head.readBigUInt64LE(8)) - base !== page) continue;
    const list = memory.bytes(page, count * 8);
    return Array.from({ length: count }, (_, i) => Number(list.readBigUInt64LE(i * 8)) - base);
  }
  return undefined;
}
