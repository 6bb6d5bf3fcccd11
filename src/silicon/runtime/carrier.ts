// SPDX-License-Identifier: Apache-2.0
import { DmaError } from '../describe/behaviour.ts';
import type { Chip } from '../layout/chip.ts';
import { ConfigSpace, configBytes } from '../pci/config-space.ts';
import { configRegion, type InterruptKind, type SetIrqs } from '../wire/commands.ts';
import type { Server } from '../wire/server.ts';
import { Board, type Wires } from './board.ts';
import type { Card } from './card.ts';
import type { Clock } from './clock.ts';
import { Lines } from './lines.ts';
import { Messages } from './messages.ts';
import { SerialTarget } from './serial-target.ts';

/** Registers of the carrier; its driver is guest/carrier.c. */
const register = {
  id: 0x00,
  input: 0x04,
  output: 0x08,
  direction: 0x0c,
  events: 0x10,
  enable: 0x14,
  low: 0x18,
  rising: 0x1c,
  falling: 0x20,
  pending: 0x24,
  address: 0x40,
  start: 0x44,
  status: 0x48,
} as const;
const buffer = { at: 0x100, bytes: 256 };
const identification = 0xca221e01;
const size = 4096;

/** What a write to START begins, in its lowest byte; the next byte is how many bytes of the buffer it is about. */
const operation = {
  i2cWrite: 1,
  i2cRead: 2,
  spiTransfer: 3,
  spiSelect: 4,
  spiRelease: 5,
  i2cStop: 6,
} as const;

/**
 * A PCI card with an I2C bus, an SPI bus and lines, for a chip on one of them. The chip's interrupts pull line 0 low;
 * a chip of kind `gpio` drives the lines whose numbers its registers have.
 */
export class Carrier implements Card, Wires {
  readonly board: Board;
  server: Server | undefined;
  readonly #chip: Chip;
  readonly #target: SerialTarget;
  readonly #lines = new Lines();
  readonly #messages = new Messages();
  readonly #config = new ConfigSpace({
    vendor: 0x1de5,
    device: 0xca22,
    class: 0x0c8000,
    revision: 1,
    bar: { index: 0, size },
    vectors: 1,
  });
  readonly #buffer = Buffer.alloc(buffer.bytes);
  #address = 0;
  #status = 0;
  /** SPI: the chip is selected, and has not got its first byte. */
  #fresh = false;
  #reads = false;

  constructor(chip: Chip, clock: Clock) {
    this.#chip = chip;
    this.board = new Board(chip, clock, this);
    this.#target = new SerialTarget(chip, this.board);
    this.changed();
  }

  // --- the chip's wires

  busMaster = (): boolean => true;
  powered = (): boolean => true;
  signal = (): boolean => true; // by the line, below

  line = (asserted: boolean): void => {
    if (this.#chip.bus.kind === 'gpio') return;
    this.#lines.drive(0, !asserted);
    this.#interrupt();
  };

  changed = (): void => {
    if (this.#chip.bus.kind !== 'gpio' || !this.board) return;
    for (const { name, offset } of this.#chip.registers)
      this.#lines.drive(offset, this.board.removed || this.board.model.get(name) !== 0);
    this.#interrupt();
  };

  dmaRead = (address: bigint): Uint8Array => {
    throw new DmaError('disabled', address);
  };

  dmaWrite = (address: bigint): void => {
    throw new DmaError('disabled', address);
  };

  #interrupt(): void {
    if (this.#lines.pending !== 0 && this.#config.busMaster && this.#messages.send(0)) this.board.signals++;
  }

  // --- what QEMU asks for

  regionSize = (region: number): number => {
    if (region === configRegion) return configBytes;
    return region === 0 ? size : 0;
  };

  vectors = (kind: InterruptKind): number => (kind === 'msi' ? 1 : 0);

  read = (region: number, offset: number, length: number): Buffer => {
    if (region === configRegion) return this.#config.read(offset, length);
    const answer = Buffer.alloc(length);
    if (region !== 0 || length !== 4) return answer;
    const at = offset - buffer.at;
    if (at >= 0 && at + length <= buffer.bytes) this.#buffer.copy(answer, 0, at, at + length);
    else answer.writeUInt32LE(this.#value(offset));
    this.board.quietAt(this.board.now());
    return answer;
  };

  #value(offset: number): number {
    const lines = this.#lines;
    switch (offset) {
      case register.id:
        return identification;
      case register.input:
        return lines.input;
      case register.pending:
        return lines.pending;
      case register.status:
        return this.#status;
      default:
        return 0;
    }
  }

  write = (region: number, offset: number, data: Buffer): void => {
    if (region === configRegion) return this.#config.write(offset, data);
    if (region !== 0 || data.length !== 4) return;
    const at = offset - buffer.at;
    if (at >= 0 && at + 4 <= buffer.bytes) return void data.copy(this.#buffer, at);
    const value = data.readUInt32LE();
    const lines = this.#lines;
    if (offset === register.output) lines.output = value;
    else if (offset === register.direction) lines.direction = value;
    else if (offset === register.events) lines.events = (lines.events & ~value) >>> 0;
    else if (offset === register.enable) lines.enable = value;
    else if (offset === register.low) lines.low = value;
    else if (offset === register.rising) lines.rising = value;
    else if (offset === register.falling) lines.falling = value;
    else if (offset === register.address) this.#address = value & 0x7f;
    else if (offset === register.start) {
      // The card's driver asks for the status next, and waits for it: no time passes before the chip hears of this.
      this.board.quietAt(this.board.now());
      this.#status = this.#start(value & 0xff, (value >>> 8) & 0xff);
    }
    this.#interrupt();
  };

  /** Does what was asked; 0 when a chip answered, else 1. */
  #start(what: number, length: number): number {
    const { bus } = this.#chip;
    if (this.board.removed) {
      this.#buffer.fill(0xff);
      return 1;
    }
    const bytes = this.#buffer.subarray(0, length);
    if (what === operation.i2cWrite || what === operation.i2cRead) {
      if (bus.kind !== 'i2c' || bus.address !== this.#address) return 1;
      if (what === operation.i2cRead) for (let i = 0; i < length; i++) bytes[i] = this.#target.read();
      else if (length > 0) {
        this.#target.point(bytes[0]!);
        for (const byte of bytes.subarray(1)) this.#target.write(byte);
      }
      return 0;
    }
    if (what === operation.i2cStop) this.#target.end();
    else if (bus.kind !== 'spi') return 1;
    else if (what === operation.spiSelect) this.#fresh = true;
    else if (what === operation.spiRelease) this.#target.end();
    else if (what === operation.spiTransfer)
      for (let i = 0; i < length; i++) bytes[i] = this.#exchange(bytes[i]!);
    return 0;
  }

  /** SPI: the first byte after selection is a register number, its highest bit 1 for reading. */
  #exchange(byte: number): number {
    if (this.#fresh) {
      this.#fresh = false;
      this.#reads = (byte & 0x80) !== 0;
      this.#target.point(byte & 0x7f);
      return 0xff;
    }
    if (this.#reads) return this.#target.read();
    this.#target.write(byte);
    return 0xff;
  }

  setIrqs = (change: SetIrqs): void => this.#messages.set(change);

  map = (): void => {};
  unmap = (): void => {};

  reset = (): void => this.#config.reset();

  close = (): void => {
    this.#messages.close();
    this.board.close();
  };
}
