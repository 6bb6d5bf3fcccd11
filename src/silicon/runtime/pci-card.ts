// SPDX-License-Identifier: Apache-2.0
import { DmaError } from '../describe/behaviour.ts';
import type { Chip, ChipBus } from '../layout/chip.ts';
import { ConfigSpace, configBytes, messageBar, messageTable } from '../pci/config-space.ts';
import { configRegion, type InterruptKind, type SetIrqs } from '../wire/commands.ts';
import { DmaFailed, type Server } from '../wire/server.ts';
import { Board, type Wires } from './board.ts';
import type { Card } from './card.ts';
import type { Clock } from './clock.ts';
import { Messages } from './messages.ts';

type PciBus = Extract<ChipBus, { kind: 'pci' }>;

/** A chip that is a PCI device itself. */
export class PciCard implements Card, Wires {
  readonly board: Board;
  server: Server | undefined;
  readonly #bus: PciBus;
  readonly #config: ConfigSpace;
  readonly #messages = new Messages();
  /** The BAR with the table of MSI-X; -1 without one. */
  readonly #table: number;

  constructor(chip: Chip, bus: PciBus, clock: Clock) {
    const { vendor, device, class: code, vectors } = bus;
    const bar = { index: bus.bar, size: bus.size };
    this.#bus = bus;
    this.#config = new ConfigSpace({
      vendor,
      device,
      class: code,
      revision: chip.revision.code,
      bar,
      vectors,
    });
    this.#table = vectors > 1 ? messageBar({ bar }) : -1;
    this.board = new Board(chip, clock, this);
    // A driver that left the device meanwhile wrote to a slot that was empty.
    this.board.onInsert = (known) => (known ? this.#config.clearBusMaster() : this.#config.reset());
  }

  // --- the chip's wires

  busMaster = (): boolean => this.#config.busMaster;

  powered = (): boolean => this.#config.powerState === 0;

  signal = (vector: number): boolean => this.#messages.send(vector);

  dmaRead = (address: bigint, length: number): Uint8Array =>
    this.#transfer(address, length, (server) => server.dmaRead(address, length));

  dmaWrite = (address: bigint, data: Uint8Array): void =>
    this.#transfer(address, data.length, (server) => server.dmaWrite(address, Buffer.from(data)));

  #transfer<T>(address: bigint, length: number, work: (server: Server) => T): T {
    if (this.board.removed || !this.server) throw new DmaError('disabled', address);
    const reached = (address + BigInt(length) - 1n) >> BigInt(this.#bus.dmaBits) === 0n;
    if (!reached) throw new DmaError('unmapped', address);
    try {
      return work(this.server);
    } catch (thrown) {
      if (thrown instanceof DmaFailed) throw new DmaError('unmapped', address);
      throw thrown;
    }
  }

  // --- what QEMU asks for

  regionSize = (region: number): number => {
    if (region === configRegion) return configBytes;
    if (region === this.#bus.bar) return this.#bus.size;
    return region === this.#table ? messageTable.bytes : 0;
  };

  vectors = (kind: InterruptKind): number => {
    const { vectors } = this.#bus;
    return vectors > 0 && kind === (vectors > 1 ? 'msix' : 'msi') ? vectors : 0;
  };

  read = (region: number, offset: number, length: number): Buffer => {
    const answer = Buffer.alloc(length, this.board.removed ? 0xff : 0);
    if (region === configRegion) return this.board.removed ? answer : this.#config.read(offset, length);
    if (region !== this.#bus.bar) return answer;
    if (!this.board.access() || length > 4) return answer.fill(0xff);
    answer.writeUIntLE(this.board.model.read(offset, length), 0, length);
    this.board.quietAt(this.board.now()); // the guest waits for this answer
    return answer;
  };

  write = (region: number, offset: number, data: Buffer): void => {
    if (region === configRegion && !this.board.removed) return this.#config.write(offset, data);
    if (region !== this.#bus.bar || !this.board.access()) return;
    if (data.length <= 4) this.board.model.write(offset, data.length, data.readUIntLE(0, data.length));
  };

  setIrqs = (change: SetIrqs): void => this.#messages.set(change);

  map = (): void => {};
  unmap = (): void => {};

  reset = (): void => {
    this.#config.reset();
    this.board.model.reset();
  };

  close = (): void => {
    this.#messages.close();
    this.board.close();
  };
}
