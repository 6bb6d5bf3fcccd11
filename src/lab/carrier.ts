// SPDX-License-Identifier: Apache-2.0
import type { Machine } from '../machine/machine.ts';
import { BringupError } from '../shared/errors.ts';
import type { Chip } from '../silicon/layout/chip.ts';
import type { Bench } from './bench.ts';
import { Guest } from './guest.ts';
import { ownModule } from './own-module.ts';

/**
 * Loads our driver of the carrier card (guest/carrier.c), which makes the chip's device on its bus, named after the
 * description. Gives that device's folder in the guest. Throws E-MACHINE-DEVICE.
 */
export async function loadCarrier(bench: Bench, machine: Machine, chip: Chip): Promise<string> {
  const { bus, description, registers } = chip;
  if (bus.kind === 'pci') throw new TypeError(`${chip.part} needs no carrier`);
  const guest = new Guest(machine, new Map([['carrier', await ownModule(bench, 'carrier')]]));
  const lines = [...registers].sort((a, b) => a.offset - b.offset).map(({ name }) => name.toLowerCase());
  await guest.load('carrier', {
    bus: bus.kind,
    chip: description.name,
    ...(bus.address !== undefined && { address: bus.address }),
    ...(bus.kind === 'gpio' && { lines: lines.join(',') }),
  });
  const address = (bus.address ?? 0).toString(16).padStart(4, '0');
  const folder = {
    i2c: `/sys/bus/i2c/devices/0-${address}`,
    spi: '/sys/bus/spi/devices/spi0.0',
    gpio: `/sys/bus/platform/devices/${description.name}`,
  }[bus.kind];
  if (!(await guest.exists(folder)))
    throw new BringupError('E-MACHINE-DEVICE', `the carrier's driver made no ${folder} for ${chip.part}`);
  return folder;
}
