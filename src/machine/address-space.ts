// SPDX-License-Identifier: Apache-2.0
import type { GuestMemory } from './memory.ts';

/** Where a kernel's addresses lie in RAM (x86-64: Documentation/arch/x86/x86_64/mm.rst). */
export interface Layout {
  /** Physical address the kernel's image was moved by. */
  physBase: bigint;
  /** Start of the direct map of all memory. */
  pageOffset: bigint;
}

const imageStart = 0xffff_ffff_8000_0000n;
const imageEnd = 0xffff_ffff_a000_0000n;

/** Where modules are loaded. */
export const moduleSpace = { start: imageEnd, end: 0xffff_ffff_ff00_0000n } as const;

/** The kernel's view of a machine's memory: reads by kernel-virtual address, from outside. */
export class AddressSpace {
  readonly memory: GuestMemory;
  readonly #layout: Layout;
  readonly #symbols: Readonly<Record<string, bigint>>;

  constructor(memory: GuestMemory, layout: Layout, symbols: Readonly<Record<string, bigint>>) {
    this.memory = memory;
    this.#layout = layout;
    this.#symbols = symbols;
  }

  /** RAM offset of an address of the kernel's image or direct map; undefined for any other. */
  ram(address: bigint): number | undefined {
    const physical =
      address >= imageStart && address < imageEnd
        ? address - imageStart + this.#layout.physBase
        : address - this.#layout.pageOffset;
    return physical >= 0n && physical < BigInt(this.memory.size) ? Number(physical) : undefined;
  }

  /** Bytes at a kernel address; undefined when it is not in the image or the direct map. */
  bytes(address: bigint, length: number): Buffer | undefined {
    const at = this.ram(address);
    return at === undefined || at + length > this.memory.size ? undefined : this.memory.bytes(at, length);
  }

  word(address: bigint): bigint {
    return this.bytes(address, 8)?.readBigUInt64LE() ?? 0n;
  }

  int(address: bigint): number {
    return this.bytes(address, 4)?.readInt32LE() ?? 0;
  }

  /** Address of a symbol; undefined when this kernel has none of that name. */
  symbol(name: string): bigint | undefined {
    return this.#symbols[name];
  }
}
