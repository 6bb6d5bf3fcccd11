// SPDX-License-Identifier: Apache-2.0
import { DmaError, type Timer } from '../describe/behaviour.ts';
import type { Chip, ChipBus } from '../layout/chip.ts';
import { ConfigSpace, configBytes, messageBar, messageTable, type ConfigLayout } from '../pci/config-space.ts';
import type { TraceEvent } from '../trace/trace.ts';
import { configRegion, type InterruptKind, type SetIrqs } from '../wire/commands.ts';
import { closeFd, signal } from '../wire/libc.ts';
import { DmaFailed, type Server, type Target } from '../wire/server.ts';
import type { Clock } from './clock.ts';
import { Faults, wordsOf, type Fault } from './faults.ts';
import { Model } from './model.ts';
import { Timers } from './timers.ts';
import type { World } from './world.ts';

type PciBus = Extract<ChipBus, { kind: 'pci' }>;

/** How many events one run may have; a driver that polls without end must not fill the memory. */
const mostEvents = 200_000;

/** A chip on a PCI card: between the model and the bus that QEMU gives it. */
export class Board implements World, Target {
  readonly faults = new Faults();
  readonly events: TraceEvent[] = [];
  /** Accesses to registers until now. */
  accesses = 0;
  /** Messages sent until now. */
  signals = 0;
  removed = false;
  readonly #chip: Chip;
  readonly #bus: PciBus;
  readonly #clock: Clock;
  readonly #config: ConfigSpace;
  readonly #timers = new Timers();
  #floor = 0;
  #behind = 0;
  /** Eventfds of the vectors that are listened to. */
  readonly #vectors = new Map<number, number>();
  readonly model: Model;
  /** The connection that DMA goes over; set before the first access. */
  server: Server | undefined;

  constructor(chip: Chip, clock: Clock) {
    if (chip.bus.kind !== 'pci') throw new TypeError(`${chip.part} is no PCI device`);
    this.#chip = chip;
    this.#bus = chip.bus;
    this.#clock = clock;
    this.#config = new ConfigSpace(layoutOf(chip, chip.bus));
    this.model = new Model(chip, this);
  }

  // --- what the model needs: World

  now = (): number => this.#clock.now();

  earliest = (): number => Math.min(this.now(), this.#floor);

  /** The guest had not asked for anything yet at this time of the clock, but for what was handled by now. */
  quietAt(time: number): void {
    this.#floor = time;
  }

  get lag(): number {
    return this.#clock.lag;
  }

  schedule = (at: number, action: () => void): Timer => this.#timers.schedule(at, action);

  busMaster = (): boolean => this.#config.busMaster && !this.removed;

  powered = (): boolean => this.#config.powerState === 0;

  signal = (vector: number): boolean => {
    const fd = this.#vectors.get(vector);
    if (fd === undefined || this.removed) return false;
    this.signals++;
    signal(fd);
    return true;
  };

  dmaRead = (address: bigint, length: number): Uint8Array =>
    this.#transfer(address, length, (server) => server.dmaRead(address, length));

  dmaWrite = (address: bigint, data: Uint8Array): void =>
    this.#transfer(address, data.length, (server) => server.dmaWrite(address, Buffer.from(data)));

  trace = (event: TraceEvent): void => {
    if (this.events.length < mostEvents) this.events.push(event);
  };

  #transfer<T>(address: bigint, length: number, work: (server: Server) => T): T {
    if (this.removed || !this.server) throw new DmaError('disabled', address);
    if ((address + BigInt(length) - 1n) >> BigInt(this.#bus.dmaBits) !== 0n) throw new DmaError('unmapped', address);
    try {
      return work(this.server);
    } catch (thrown) {
      if (thrown instanceof DmaFailed) throw new DmaError('unmapped', address);
      throw thrown;
    }
  }

  // --- what the bus asks for: Target

  regionSize = (region: number): number => {
    if (region === configRegion) return configBytes;
    if (region === this.#bus.bar) return this.#bus.size;
    return this.#bus.vectors > 1 && region === this.#messageBar ? messageTable.bytes : 0;
  };

  vectors = (kind: InterruptKind): number => {
    if (this.#bus.vectors === 0) return 0;
    return kind === (this.#bus.vectors > 1 ? 'msix' : 'msi') ? this.#bus.vectors : 0;
  };

  read = (region: number, offset: number, length: number): Buffer => {
    const answer = Buffer.alloc(length, this.removed ? 0xff : 0);
    if (region === configRegion && !this.removed) return this.#config.read(offset, length);
    if (region !== this.#bus.bar || this.#gone()) return this.removed ? answer.fill(0xff) : answer;
    this.runDue();
    if (length <= 4) answer.writeUIntLE(this.model.read(offset, length), 0, length);
    else answer.fill(0xff);
    this.#floor = this.now(); // the guest waits for this answer
    return answer;
  };

  write = (region: number, offset: number, data: Buffer): void => {
    if (region === configRegion && !this.removed) return this.#config.write(offset, data);
    if (region !== this.#bus.bar || this.#gone()) return;
    this.runDue();
    if (data.length <= 4) this.model.write(offset, data.length, data.readUIntLE(0, data.length));
  };

  /** Counts an access; true when the chip is not there any more. */
  #gone(): boolean {
    this.#clock.tick();
    this.accesses++;
    this.#behind = Math.max(this.#behind, this.now() - this.#floor);
    if (!this.removed && this.faults.removesNow()) this.remove();
    return this.removed;
  }

  setIrqs = ({ start, count, fds, which, action }: SetIrqs): void => {
    if (action !== 'trigger' || which) return;
    for (let i = 0; i < Math.max(count, 0); i++) this.#listen(start + i, fds?.[i]);
    if (count === 0) for (const vector of [...this.#vectors.keys()]) this.#listen(vector, undefined);
  };

  #listen(vector: number, fd: number | undefined): void {
    const before = this.#vectors.get(vector);
    if (before !== undefined) closeFd(before);
    if (fd === undefined) this.#vectors.delete(vector);
    else this.#vectors.set(vector, fd);
  }

  map = (): void => {};
  unmap = (): void => {};

  reset = (): void => {
    this.#config.reset();
    this.model.reset();
  };

  // --- what the check asks for

  /** Nanoseconds until the chip does something by itself; undefined when it will not. */
  get next(): number | undefined {
    const next = this.#timers.next;
    return next === undefined ? undefined : Math.max(0, next - this.now());
  }

  /** Nanoseconds of guest time that the host, too busy, let the chip learn or do something after its time at most. */
  get late(): number {
    return Math.max(this.#timers.late, this.#behind);
  }

  runDue(): void {
    this.#timers.run(this.now());
  }

  fault(fault: Fault): void {
    this.trace({ kind: 'fault', at: this.now(), what: wordsOf(fault) });
    this.faults.add(fault);
  }

  clearFaults(): void {
    this.trace({ kind: 'fault', at: this.now(), what: 'no fault any more' });
    this.faults.clear();
  }

  /** Sends messages of an interrupt that have no cause, so many nanoseconds apart. */
  spurious(interrupt: string, times: number, every: number): void {
    for (let i = 0; i < times; i++)
      this.schedule(this.now() + i * every, () => this.model.spurious(interrupt));
    this.runDue();
  }

  /** Pulls the chip out: reads give ones, writes go nowhere, nothing comes from it. */
  remove(): void {
    this.trace({ kind: 'fault', at: this.now(), what: 'pulled out' });
    this.removed = true;
  }

  /** Puts a chip back that was pulled out, as new. */
  insert(): void {
    this.trace({ kind: 'fault', at: this.now(), what: 'put in' });
    this.removed = false;
    this.faults.clear();
    this.reset();
  }

  close(): void {
    for (const fd of this.#vectors.values()) closeFd(fd);
    this.#clock.close();
  }

  get #messageBar(): number {
    return messageBar(layoutOf(this.#chip, this.#bus));
  }
}

function layoutOf({ revision }: Chip, bus: PciBus): ConfigLayout {
  return {
    vendor: bus.vendor,
    device: bus.device,
    class: bus.class,
    revision: revision.code,
    bar: { index: bus.bar, size: bus.size },
    vectors: bus.vectors,
  };
}
