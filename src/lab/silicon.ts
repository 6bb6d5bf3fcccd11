// SPDX-License-Identifier: Apache-2.0
import { ms } from '../machine/calls.ts';
import { schedulerClock } from '../machine/clock.ts';
import type { Machine } from '../machine/machine.ts';
import { portName, socketFolder } from '../machine/qemu.ts';
import type { Template } from '../machine/template.ts';
import { awaitDevice } from '../machine/devices.ts';
import { BringupError } from '../shared/errors.ts';
import { Device } from '../silicon/device.ts';
import type { Chip } from '../silicon/layout/chip.ts';
import type { Fault } from '../silicon/runtime/faults.ts';
import type { TraceEvent } from '../silicon/trace/trace.ts';
import { nanoseconds, type Duration } from './duration.ts';
import { Failure, FatalFailure } from './failure.ts';
import type { Guest } from './guest.ts';

/** The scheduler's clock of the core kernel is brought up to date at each tick, a hundred times a second. */
const clockLag = 10e6;
/** Guest nanoseconds that may pass at once beside a chip: what the driver does meanwhile may make it do something. */
const mostAtOnce = ms(5);
/** Guest nanoseconds that a chip may be late, for what the host did, before that may have failed a driver. */
const mostLate = 25e6;

/** The chip in a check's machine: what it is, what it saw, and what goes wrong with it. */
export class Silicon {
  readonly #device: Device;
  readonly #machine: Machine;
  #signals = 0;
  #late = 0;
  /** This attempt's chip: offsets, places, codes and limits. */
  readonly chip: Chip;
  /** Its folder in the guest: /sys/bus/pci/devices/0000:01:00.0, /sys/bus/i2c/devices/0-0048 */
  readonly folder: string;

  private constructor(device: Device, machine: Machine, chip: Chip, folder: string) {
    this.#device = device;
    this.#machine = machine;
    this.chip = chip;
    this.folder = folder;
    device.onFailure = (error) => (machine.vital.lost ??= error);
    machine.caller.outside = () => this.#attend();
  }

  /**
   * Plugs a chip into a running machine and waits until its kernel has found it. `url`: the module that describes it;
   * `sockets`: the folder that QEMU sees; `slot`: the root port; `carry` makes
   * the device of a chip on a slower bus, and gives its folder. Throws E-SILICON-MODEL, E-MACHINE-DEVICE.
   */
  static async plug(
    machine: Machine,
    template: Template,
    chip: Chip,
    options: { url: string; sockets: string; slot: number; carry: () => Promise<string> },
  ): Promise<Silicon> {
    const { url, sockets, slot, carry } = options;
    const real = template.model.lane !== 'steady';
    const place = real ? undefined : schedulerClock(machine, template.structs);
    if (!real && !place)
      throw new BringupError(
        'E-MACHINE-DEVICE',
        'this kernel keeps no clock where a chip can find it: the lab needs the core kernel, or a tree with debug information',
      );
    const socket = `chip${slot}`;
    const clock = place && { ...place, lag: clockLag };
    const device = new Device(chip.part, url, chip.seed, `${sockets}/${socket}`, clock);
    try {
      await device.ready();
      await machine.addDevice({
        driver: 'vfio-user-pci',
        id: socket,
        bus: portName(slot),
        socket: { type: 'unix', path: `${socketFolder}/${socket}` },
      });
      const card = await awaitDevice(machine, slot, chip.part);
      const folder = chip.bus.kind === 'pci' ? card : await carry();
      return new Silicon(device, machine, chip, folder);
    } catch (error) {
      await device.stop();
      throw error;
    }
  }

  /** What a register or field holds, as the chip sees it; no access of the driver, and not in the trace. */
  get(path: string): Promise<number | string | undefined> {
    return this.#device.ask({ ask: 'get', path });
  }

  /** Changes what a register or field holds, as the world around the chip would. */
  async set(path: string, value: number | string): Promise<void> {
    await this.#device.ask({ ask: 'set', path, value });
    await this.#attend();
  }

  /** Makes something go wrong until `heal`. */
  fault(fault: Fault): Promise<void> {
    return this.#device.ask({ ask: 'fault', fault });
  }

  /** Nothing goes wrong any more. */
  heal(): Promise<void> {
    return this.#device.ask({ ask: 'clear' });
  }

  /** Sends messages of an interrupt that have no cause: one, or `times` of them, `every` so long. */
  async spurious(interrupt: string, options: { times?: number; every?: Duration } = {}): Promise<void> {
    const { times = 1, every = '1ms' } = options;
    const apart = Number(nanoseconds(every));
    await this.#device.ask({ ask: 'spurious', interrupt, times, every: apart });
    await this.#attend();
  }

  /** Pulls the chip out of its slot: what is read are ones. The kernel is not told; `folder`/remove tells it. */
  remove(): Promise<void> {
    return this.#device.ask({ ask: 'remove' });
  }

  /** Puts the chip back, as new. The kernel finds it by a rescan of the bus. */
  insert(): Promise<void> {
    return this.#device.ask({ ask: 'insert', known: false });
  }

  /**
   * Puts a chip back that was pulled out: tells the kernel that it is gone, unless it knows, puts the chip in as new, and
   * lets the kernel find it. A driver that is loaded has been asked to take it when this resolves.
   */
  async putBack(guest: Guest): Promise<void> {
    if (await guest.exists(this.folder)) await guest.writeFile(`${this.folder}/remove`, '1');
    await this.insert();
    await guest.writeFile('/sys/bus/pci/rescan', '1');
    if (!(await guest.exists(this.folder)))
      throw new BringupError('E-MACHINE-DEVICE', `the kernel did not find ${this.chip.part} again`);
  }

  /**
   * Makes `use` once and counts the accesses to registers in it. Then makes it again and again, each time with the chip
   * pulled out at another of those accesses: the first, the last, and others spread between them, `most` in all. It is
   * back each time before the next, as new, and nobody tells the kernel of either: what `use` bound, it unbinds. `use` is
   * given which access that is, and must allow for what fails then. Gives how many accesses there were.
   */
  async removals(
    use: (pulled: number | undefined) => Promise<void>,
    options: { most?: number } = {},
  ): Promise<number> {
    const { most = 12 } = options;
    const before = await this.accesses();
    await use(undefined);
    const count = (await this.accesses()) - before;
    for (const after of spread(count, most)) {
      await this.fault({ kind: 'remove', after });
      const failure = await failureOf(use(after));
      // Telling the kernel, and letting it find the chip again, would take ten times as long as all the rest.
      await this.#device.ask({ ask: 'insert', known: true });
      if (failure)
        throw new Failure(`with the chip pulled out at access ${after + 1} of ${count}: ${failure.message}`);
    }
    return count;
  }

  /**
   * What a PCI driver holds of the chip: whether one is bound, whether the device is enabled and may master the bus, and
   * the name under which its window is claimed, '' when it is not.
   */
  async held(guest: Guest): Promise<{ bound: boolean; enabled: boolean; master: boolean; claimed: string }> {
    const config = Buffer.from(await guest.readFile(`${this.folder}/config`), 'latin1');
    const address = this.folder.slice(this.folder.lastIndexOf('/') + 1);
    const memory = (await guest.readFile('/proc/iomem')).split('\n');
    const window = memory.findIndex((line) => line.endsWith(` : ${address}`));
    const inside = memory[window + 1] ?? '';
    const depth = (line: string): number => line.length - line.trimStart().length;
    return {
      bound: await guest.exists(`${this.folder}/driver`),
      enabled: (await guest.readFile(`${this.folder}/enable`)).trim() !== '0',
      master: (config.readUInt16LE(4) & 4) !== 0,
      claimed: window >= 0 && depth(inside) > depth(memory[window]!) ? inside.split(' : ')[1]! : '',
    };
  }

  /** How many accesses to registers there were. */
  accesses(): Promise<number> {
    return this.#device.ask({ ask: 'accesses' });
  }

  /** What was seen on the bus, from a number of an event on. */
  events(from = 0): Promise<TraceEvent[]> {
    return this.#device.events(from);
  }

  /** Throws what is ours: the model failed, or the host let the chip be so late that a driver may have failed of it. */
  async confirm(failed: boolean): Promise<void> {
    await this.#attend();
    if (failed && this.#late > mostLate)
      throw new BringupError(
        'E-DEADLINE',
        `the host was busy: the chip did something ${(this.#late / 1e6).toFixed(0)} ms of guest time after its time`,
      );
  }

  /** From here on guest time passes without regard to the chip. */
  leave(): void {
    this.#machine.caller.outside = undefined;
  }

  async stop(): Promise<void> {
    this.leave();
    await this.#device.stop();
  }

  /** Lets the chip do what is due, and QEMU deliver what it signalled; gives how long nothing more is due. */
  async #attend(): Promise<bigint> {
    const { next, signals, late } = await this.#device.sync();
    this.#late = late;
    if (signals !== this.#signals) {
      this.#signals = signals;
      await this.#machine.attend();
    }
    const until = next === undefined ? mostAtOnce : BigInt(Math.max(1000, Math.ceil(next)));
    return until < mostAtOnce ? until : mostAtOnce;
  }
}

/** Numbers below a count, evenly spread, with the first and the last: `most` of them, or all when there are fewer. */
function spread(count: number, most: number): number[] {
  if (count <= most) return Array.from({ length: count }, (_, at) => at);
  return Array.from({ length: most }, (_, at) => Math.round((at * (count - 1)) / Math.max(1, most - 1)));
}

/** The learner's failure that ends some work, if one does. Throws what leaves a machine of no more use, or is ours. */
async function failureOf(work: Promise<void>): Promise<Failure | undefined> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Failure && !(error instanceof FatalFailure)) return error;
    throw error;
  }
  return undefined;
}
