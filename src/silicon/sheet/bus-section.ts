// SPDX-License-Identifier: Apache-2.0
import type { Chip } from '../layout/chip.ts';
import { byteSize, hex } from './numbers.ts';
import type { Section, Words } from './sheet.ts';

/** One message is signalled by MSI, several by MSI-X; see pci/config-space.ts. */
function messages(count: number): string {
  if (count === 0) return 'None';
  return count === 1
    ? '1 message, by MSI'
    : `${count} messages, by MSI-X, with the table in a BAR of its own`;
}

/** How the chip presents itself on its bus. */
export function busSection({ bus, revision }: Chip): Section {
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
    row(
      'Bus mastering',
      bus.dmaBits === 0 ? 'None' : `Reads and writes memory, with addresses of ${bus.dmaBits} bits`,
    );
  } else {
    row('Bus', { i2c: 'I2C, target', spi: 'SPI, peripheral, mode 0', gpio: 'Lines' }[bus.kind]);
    if (bus.address !== undefined) row('Address', { code: hex(bus.address, 2) }, ' (7 bits)');
    row('Revision', ...rev);
  }
  row('Byte order', 'Little endian, where a register does not say otherwise');
  const blocks = [{ kind: 'table', columns: ['Property', 'Value'], rows } as const];
  return { id: 'bus', title: 'Bus', blocks, sections: [] };
}
