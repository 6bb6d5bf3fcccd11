// SPDX-License-Identifier: Apache-2.0
// What the block drawing shows, whether in lines or in characters.
import type { Chip } from '../layout/chip.ts';
import { byteSize, hex } from './numbers.ts';

export interface BlockView {
  readonly title: string;
  /** Registers with their offsets, or other short lines. */
  readonly lines: readonly string[];
  /** What it sends to the bus interface by itself. */
  readonly signal?: string;
  /** Whether it reaches memory through the bus interface. */
  readonly master: boolean;
}

/** The bus outside, the interface to it, and the parts behind that. */
export interface BlocksView {
  readonly bus: string;
  readonly interface: readonly string[];
  readonly blocks: readonly BlockView[];
}

export function blocksView(chip: Chip): BlocksView {
  const { description, registers, interrupts, bus } = chip;
  const digits = offsetDigits(chip);
  const described =
    description.blocks.length > 0
      ? description.blocks
      : [{ title: 'Registers', registers: registers.map(({ name }) => name) }];
  const blocks = described.map(({ title, registers: names }): BlockView => {
    const inside = registers.filter(({ name }) => names.includes(name));
    const raised = Object.values(interrupts).filter(({ status }) => names.includes(status.split('.')[0]!));
    const vectors = [...new Set(raised.map(({ vector }) => vector))].sort((a, b) => a - b);
    return {
      title,
      lines: inside.map(({ name, offset }) => `${hex(offset, digits)} ${name}`),
      ...(vectors.length > 0 && { signal: bus.kind === 'pci' ? `MSI ${vectors.join(', ')}` : 'INT' }),
      master: false,
    };
  });
  if (bus.kind === 'pci' && bus.dmaBits > 0) {
    const lines = [...Object.keys(description.rings ?? {}), ...Object.keys(chip.formats)];
    blocks.push({ title: `DMA, ${bus.dmaBits}-bit addresses`, lines, master: true });
  }
  if (bus.kind === 'pci') {
    return { bus: 'PCI', interface: ['PCI', 'interface', `BAR ${bus.bar}`, byteSize(bus.size)], blocks };
  }
  const address = bus.address === undefined ? [] : [hex(bus.address, 2)];
  const name = bus.kind === 'i2c' ? 'I2C' : 'SPI';
  return { bus: name, interface: [name, 'interface', ...address], blocks };
}

/** How many hexadecimal digits the offsets of a chip are written with. */
export function offsetDigits({ registers }: Chip): number {
  return Math.max(2, registers.at(-1)?.offset.toString(16).length ?? 0);
}

/** The block drawing in characters. */
export function blocksText({ bus, interface: lines, blocks }: BlocksView): string {
  const first = `${bus} <==> [ ${lines.join(' ')} ]`;
  const indent = ' '.repeat(first.indexOf('[') + 2);
  return [
    first,
    ...blocks.flatMap(({ title, lines, signal, master }) => [
      `${indent}|`,
      `${indent}+<${master ? '==' : '--'}> [ ${title} ]  ${lines.join(', ')}`,
      ...(signal === undefined ? [] : [`${indent}+<---  ${signal}`]),
    ]),
  ].join('\n');
}
