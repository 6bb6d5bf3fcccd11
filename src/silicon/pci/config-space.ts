// SPDX-License-Identifier: Apache-2.0
// Configuration space of a PCI device with a type 0 header: PCI Local Bus 3.0, chapter 6 (header, base addresses,
// MSI, MSI-X), and PCI Bus Power Management 1.2, chapter 3.

export interface ConfigLayout {
  vendor: number;
  device: number;
  /** Class code, subclass and interface as one 24-bit number. */
  class: number;
  revision: number;
  /** The base address register that memory is behind, 0 to 5, and the bytes there: a power of two. */
  bar: { index: number; size: number };
  /** Messages it can signal: 1 by MSI, 2 to 32 by MSI-X, whose table is in a BAR of its own; 0 for none. */
  vectors: number;
}

export const configBytes = 256;

const at = { command: 0x04, status: 0x06, revision: 0x08, bars: 0x10, subsystem: 0x2c, capabilities: 0x34 };
const commandMask = 0x0546; // memory, bus master, parity, SERR, INTx off; there is no I/O space
const statusW1c = 0xf900; // error bits
const hasCapabilities = 0x10;
const pm = { at: 0x40, id: 0x01, version: 3, control: 4, stateMask: 3, noSoftReset: 8 };
/** The BAR with the table of MSI-X, beside that of the registers: entries of 16 bytes, then pending bits. */
export const messageTable = { bytes: 4096, pending: 0x800 } as const;
const msix = { at: 0x50, id: 0x11, control: 2, enable: 0x8000, all: 0x4000 };
const msi = { at: 0x50, id: 0x05, control: 2, wide: 0x80, enable: 1, used: 0x70 };

/** Index of the BAR that the table of MSI-X is in. */
export const messageBar = ({ bar }: Pick<ConfigLayout, 'bar'>): number => (bar.index + 1) % 6;

/** The space as bytes, each with the bits that software may write and those that a written 1 clears. */
export class ConfigSpace {
  readonly #layout: ConfigLayout;
  readonly #bytes = Buffer.alloc(configBytes);
  readonly #writable = Buffer.alloc(configBytes);
  readonly #cleared = Buffer.alloc(configBytes);

  constructor(layout: ConfigLayout) {
    this.#layout = layout;
    this.#writable.writeUInt16LE(commandMask, at.command);
    this.#cleared.writeUInt16LE(statusW1c, at.status);
    const bar = at.bars + 4 * layout.bar.index;
    this.#writable.writeUInt32LE(~(layout.bar.size - 1) >>> 0, bar);
    this.#writable[0x3c] = 0xff; // interrupt line: for software alone
    this.#writable.writeUInt16LE(pm.stateMask, pm.at + pm.control);
    if (layout.vectors > 1) {
      this.#writable.writeUInt16LE(msix.enable | msix.all, msix.at + msix.control);
      this.#writable.writeUInt32LE(~(messageTable.bytes - 1) >>> 0, at.bars + 4 * messageBar(layout));
    } else if (layout.vectors === 1) {
      this.#writable.writeUInt16LE(msi.enable | msi.used, msi.at + msi.control);
      this.#writable.writeUInt32LE(0xfffffffc, msi.at + 4);
      this.#writable.writeUInt32LE(0xffffffff, msi.at + 8);
      this.#writable.writeUInt16LE(0xffff, msi.at + 12);
    }
    this.reset();
  }

  /** As after power on: nothing is enabled, no address is set. */
  reset(): void {
    const { vendor, device, class: code, revision, vectors } = this.#layout;
    const bytes = this.#bytes.fill(0);
    bytes.writeUInt16LE(vendor, 0);
    bytes.writeUInt16LE(device, 2);
    bytes.writeUInt16LE(hasCapabilities, at.status);
    bytes.writeUInt32LE(((code << 8) | revision) >>> 0, at.revision);
    bytes.writeUInt16LE(vendor, at.subsystem);
    bytes.writeUInt16LE(device, at.subsystem + 2);
    bytes[at.capabilities] = pm.at;
    bytes[pm.at] = pm.id;
    bytes[pm.at + 1] = vectors > 0 ? msi.at : 0;
    bytes.writeUInt16LE(pm.version, pm.at + 2);
    bytes.writeUInt16LE(pm.noSoftReset, pm.at + pm.control);
    if (vectors === 1) {
      bytes[msi.at] = msi.id;
      bytes.writeUInt16LE(msi.wide, msi.at + msi.control);
    } else if (vectors > 1) {
      bytes[msix.at] = msix.id;
      bytes.writeUInt16LE(vectors - 1, msix.at + msix.control);
      bytes.writeUInt32LE(messageBar(this.#layout), msix.at + 4);
      bytes.writeUInt32LE(messageTable.pending | messageBar(this.#layout), msix.at + 8);
    }
  }

  read(offset: number, length: number): Buffer {
    return Buffer.from(this.#bytes.subarray(offset, offset + length));
  }

  write(offset: number, data: Buffer): void {
    for (const [i, value] of data.entries()) {
      const place = offset + i;
      const mask = this.#writable[place]!;
      const kept = this.#bytes[place]! & ~mask & ~(value & this.#cleared[place]!);
      this.#bytes[place] = kept | (value & mask);
    }
  }

  /** Whether the driver has let it answer to memory accesses. */
  get memoryEnabled(): boolean {
    return (this.#bytes[at.command]! & 2) !== 0;
  }

  /** Whether the driver has let it access memory and signal messages. */
  get busMaster(): boolean {
    return (this.#bytes[at.command]! & 4) !== 0;
  }

  /** Takes the right to master the bus away, as a driver does that leaves the device. */
  clearBusMaster(): void {
    this.#bytes[at.command]! &= ~4;
  }

  /** D0 to D3. */
  get powerState(): number {
    return this.#bytes[pm.at + pm.control]! & pm.stateMask;
  }
}
