// SPDX-License-Identifier: Apache-2.0
import { BringupError } from '../../shared/errors.ts';
import { numbers } from '../../shared/random.ts';
import type { AnyInterrupt, Description } from '../describe/device.ts';
import type { Drawn } from '../describe/registers.ts';
import type { Chip, ChipBus, ChipInterrupt } from './chip.ts';
import { draw, type Numbers, shuffled } from './draw.ts';
import { layOutFormat } from './formats.ts';
import { placeRegisters } from './offsets.ts';
import { layOutRegister } from './register.ts';

/**
 * The chip that a seed (32 bits, unsigned) makes of a description: the same on every machine. Every choice has a
 * stream of its own, named after what is chosen, so that what is added to a description leaves the rest as it was
 * wherever there is room. Throws E-SILICON-DEVICE when fields do not fit around those that are pinned, or registers
 * into a BAR whose size is.
 */
export function layOut(description: Description, seed: number): Chip {
  const stream = (...name: string[]): Numbers => numbers(seed, [description.name, ...name].join('/'));
  const { bus, name } = description;
  const names = Object.keys(description.revisions);
  const revisionName = names[draw({ from: 0, to: names.length - 1 }, stream('revision'))]!;
  const revision = { name: revisionName, code: description.revisions[revisionName]!.code };
  const parameters = mapped(description.parameters ?? {}, ({ value }, key) =>
    draw(value, stream('parameter', key)),
  );
  const window = placeRegisters(description.registers, bus.kind === 'pci' ? 'byte' : 'register', (register) =>
    stream('offset', register),
  );
  const drawnOrder = draw({ oneOf: [0, 1] }, stream('byte order')) === 1 ? 'big' : 'little';
  const registers = Object.entries(description.registers).map(([register, spec]) =>
    layOutRegister(register, spec, {
      offset: window.offsets.get(register)!,
      parameters,
      revision: revision.code,
      drawnOrder,
      stream: (...what) => stream('register', register, ...what),
    }),
  );
  const laidOutBus = layOutBus(description, window.size, stream);
  return {
    description,
    seed,
    part: `${name.toUpperCase()}-${hex4(draw({ from: 0, to: 0xffff }, stream('part')))}`,
    bus: laidOutBus,
    registers: registers.sort((a, b) => a.offset - b.offset),
    formats: mapped(description.formats ?? {}, (format, key) =>
      layOutFormat(key, format, drawnOrder, (what) => stream('format', key, what)),
    ),
    parameters,
    times: mapped(description.timing ?? {}, ({ min, max }, key) => {
      const bound = (end: 'min' | 'max', drawn: Drawn | undefined): { [K in 'min' | 'max']?: number } =>
        drawn === undefined ? {} : { [end]: draw(drawn, stream('time', key, end)) };
      return { ...bound('min', min), ...bound('max', max) };
    }),
    interrupts: layOutInterrupts(
      description.interrupts,
      laidOutBus.kind === 'pci' ? laidOutBus.vectors : 1,
      stream('vectors'),
    ),
    revision,
    errata: Object.entries(description.errata ?? {})
      .filter(([, { affects }]) => affects.includes(revisionName))
      .map(([erratum]) => erratum),
  };
}

function layOutBus(
  { name, bus }: Description,
  window: number,
  stream: (...name: string[]) => Numbers,
): ChipBus {
  const drawn = (what: string, value: Drawn): number => draw(value, stream('bus', what));
  if (bus.kind !== 'pci') {
    if (window > 256) throw new BringupError('E-SILICON-DEVICE', `device ${name} has too many registers`);
    const address = bus.address === undefined ? {} : { address: drawn('address', bus.address) };
    return { kind: bus.kind, ...address };
  }
  const size = bus.size ?? Math.max(4096, window);
  if (size < window) {
    throw new BringupError('E-SILICON-DEVICE', `device ${name} needs a BAR of ${window} bytes, not ${size}`);
  }
  return {
    kind: 'pci',
    vendor: drawn('vendor', bus.vendor),
    device: drawn('device', bus.device),
    class: bus.class,
    bar: drawn('bar', bus.bar ?? 0),
    size,
    vectors: drawn('vectors', bus.vectors ?? 1),
    dmaBits: drawn('dmaBits', bus.dmaBits ?? 0),
  };
}

/** Vectors that are not pinned are dealt out in turn, in an order that the seed chooses. */
function layOutInterrupts(
  interrupts: Readonly<Record<string, AnyInterrupt>>,
  vectors: number,
  next: Numbers,
): Record<string, ChipInterrupt> {
  const loose = Object.keys(interrupts).filter((key) => interrupts[key]!.vector === undefined);
  const order = shuffled(loose, next);
  return mapped(interrupts, ({ says: _, ...rest }, key) => {
    return { ...rest, vector: rest.vector ?? order.indexOf(key) % vectors };
  });
}

function mapped<T, U>(
  record: Readonly<Record<string, T>>,
  map: (value: T, key: string) => U,
): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value, key)]));
}

function hex4(value: number): string {
  return value.toString(16).toUpperCase().padStart(4, '0');
}
