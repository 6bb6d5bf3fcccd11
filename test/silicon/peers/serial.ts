// SPDX-License-Identifier: Apache-2.0
import { describe } from '#bringup/silicon';

/** A chip that is on either serial bus, with every number pinned. */
export const serial = (
  bus: { kind: 'i2c'; address: number } | { kind: 'spi' },
): ReturnType<typeof describe> =>
  describe({
    name: 'peer',
    title: 'peer of a test',
    overview: ['Alerts 20 ms after {CONFIG} was written.'],
    features: ['One alert'],
    bus,
    registers: {
      ID: { access: 'ro', width: 16, at: 0, says: 'Identifies the chip.', reset: 0xbeef, order: 'big' },
      LIMIT: { access: 'rw', width: 16, at: 1, says: 'Any number.', order: 'big' },
      CONFIG: { access: 'rw', width: 8, at: 2, says: 'Any number; writing it leads to an alert.' },
      STATUS: {
        access: 'w1c',
        width: 8,
        at: 3,
        says: 'What happened.',
        fields: { ALERT: { bits: 1, bit: 0, says: 'The alert.' } },
      },
    },
    interrupts: { alert: { says: 'The alert.', status: 'STATUS.ALERT' } },
    revisions: { A: { code: 1, says: 'First.' } },
    history: [{ version: '1.0', date: '2026-11-24', says: 'First.' }],
    behaviour: {
      write: {
        CONFIG(chip) {
          chip.after(20e6, () => chip.raise('alert'));
        },
      },
    },
  });
