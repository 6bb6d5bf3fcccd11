// SPDX-License-Identifier: Apache-2.0
import type { Chip } from '../layout/chip.ts';
import { byteSize, hex } from './numbers.ts';
import type { Block, Section, Words } from './sheet.ts';

/** One message is signalled by MSI, several by MSI-X; see pci/config-space.ts. */
function messages(count: number): string {
  if (count === 0) return 'None';
  return count === 1
    ? '1 message, by MSI'
    : `${count} messages, by MSI-X, with the table in a BAR of its own`;
}

/** What the chip does as a master of the bus. */
function mastering({ dmaBits, vectors }: { dmaBits: number; vectors: number }): string {
  if (dmaBits > 0) return `Reads and writes memory, with addresses of ${dmaBits} bits`;
  return vectors > 0 ? 'For messages only; they are sent while it is allowed' : 'None';
}

/** How the chip presents itself on its bus. */
export function busSection({ bus, interrupts, revision }: Chip): Section {
  const rows: Words[][] = [];
  const row = (what: string, ...words: Words): void => void rows.push([[what], words]);
  const rev: Words = [{ code: hex(revision.code, 2) }, ` (${revision.name})`];
  if (bus.kind === 'pci') {
    row('Vendor ID', { code: hex(bus.vendor, 4) });
    row('Device ID', { code: hex(bus.device, 4) });
    row('Revision ID', ...rev);
    row('Class code', { code: hex(bus.class, 6) });
    row(`BAR ${bus.bar}`, `Memory, ${byteSize(bus.size)}, not prefetchable: all registers`);
    row('Interrupts', messages(bus.vectors));
    row('Bus mastering', mastering(bus));
  } else {
    row('Bus', { i2c: 'I2C, target', spi: 'SPI, peripheral, mode 0', gpio: 'Lines' }[bus.kind]);
    if (bus.address !== undefined) row('Address', { code: hex(bus.address, 2) }, ' (7 bits)');
    if (bus.kind === 'spi') row('Words', '8 bits, the highest bit first');
    if (Object.keys(interrupts).length > 0) row('Interrupt line', 'Open drain, active low, level');
    row('Revision', ...rev);
  }
  if (bus.kind === 'pci') row('Byte order', 'Little endian, where a register does not say otherwise');
  else if (bus.kind !== 'gpio')
    row('Byte order', 'Little endian (the low byte travels first), where a register does not say otherwise');
  const table: Block = { kind: 'table', columns: ['Property', 'Value'], rows };
  const lines = bus.kind === 'gpio' ? [{ kind: 'paragraph', words: [linesText] } as const] : [];
  const sections = bus.kind === 'i2c' || bus.kind === 'spi' ? [transfers(bus.kind)] : [];
  return { id: 'bus', title: 'Bus', blocks: [table, ...lines], sections };
}

const linesText =
  'The number of a register is the number of a line. The chip drives the line high, unless the register holds 0: then it drives it low. Nothing is sent over a bus.';

/** How a register is reached where it takes a row of bytes; see runtime/serial-target.ts. */
function transfers(kind: 'i2c' | 'spi'): Section {
  const steps = {
    i2c: [
      'To write: start condition, address with the write bit, one byte with the number of the register, the bytes of its value, stop condition. The chip acknowledges each of them. A register is written when the last of its bytes has come.',
      'To read: start condition, address with the write bit, one byte with the number of the register, repeated start condition, address with the read bit; then the chip sends the bytes of the value. The last byte is not acknowledged by the controller, and followed by a stop condition.',
      'A transfer that reads without naming a register before goes on behind the register that was accessed last.',
    ],
    spi: [
      'A transfer begins when the chip is selected, and ends when it is released.',
      'The first byte says what is accessed: bit 7 is 1 to read and 0 to write, bits 6:0 are the number of the register.',
      'To write, the bytes of the value follow. A register is written when the last of its bytes has come. To read, as many bytes of any value are sent, during which the chip sends the value. Otherwise it sends ones.',
    ],
  }[kind];
  const items = [
    ...steps,
    'A register of 8 bits has one byte, one of 16 bits has two, in the byte order of the register. The number counts registers, not bytes.',
    'Further bytes of the same transfer belong to the register with the next number.',
  ].map((text): Words => [text]);
  return {
    id: 'transfers',
    title: 'Transfers',
    blocks: [{ kind: 'list', ordered: false, items }],
    sections: [],
  };
}
