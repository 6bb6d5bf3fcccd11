// SPDX-License-Identifier: Apache-2.0
// A chip that is the same for each seed, for tests and for measuring: guest/gauge.c is its driver.
import { describe } from './describe/describe.ts';

/** Adds up bytes of memory, writes the sum behind them, and signals. */
export default describe({
  name: 'gauge',
  title: 'adder of bytes in memory',
  overview: ['Adds up {LENGTH} bytes from an address on, and writes the sum behind them.'],
  features: ['One operation at a time'],
  bus: { kind: 'pci', vendor: 0x1de5, device: 0x9a09, class: 0xff0000, bar: 0, vectors: 1, dmaBits: 40 },
  registers: {
    ID: { access: 'ro', at: 0x00, says: 'Identifies the chip.', reset: 0x9a090001 },
    LOW: { access: 'rw', at: 0x04, says: 'The lower half of the address.' },
    HIGH: { access: 'rw', at: 0x08, says: 'The upper half of the address.' },
    LENGTH: { access: 'rw', at: 0x0c, says: 'How many bytes.' },
    START: { access: 'wo', at: 0x10, says: 'A write of any value begins.' },
    STATUS: {
      access: 'w1c',
      at: 0x14,
      says: 'What happened.',
      fields: { DONE: { bits: 1, bit: 0, says: 'The sum is written.' } },
    },
  },
  interrupts: { done: { says: 'The sum is written.', status: 'STATUS.DONE' } },
  revisions: { A: { code: 1, says: 'First.' } },
  history: [{ version: '1.0', date: '2026-11-24', says: 'First.' }],
  behaviour: {
    write: {
      async START(chip) {
        const address = (BigInt(chip.get('HIGH')) << 32n) | BigInt(chip.get('LOW'));
        const bytes = await chip.dma.read(address, chip.get('LENGTH'));
        const sum = Buffer.alloc(4);
        sum.writeUInt32LE(bytes.reduce((total, byte) => (total + byte) >>> 0, 0));
        await chip.dma.write(address + BigInt(bytes.length), sum);
        chip.raise('done');
      },
    },
  },
});
