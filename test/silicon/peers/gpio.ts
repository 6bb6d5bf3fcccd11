// SPDX-License-Identifier: Apache-2.0
import { describe } from '#bringup/silicon';

/** A key that bounces when it is pressed, and a door. */
export default describe({
  name: 'peer',
  title: 'peer of a test',
  overview: ['A key and a door.'],
  features: ['Bounces'],
  bus: { kind: 'gpio' },
  registers: {
    KEY: { access: 'ro', width: 8, at: 0, says: 'Low while it is pressed.', reset: 1 },
    DOOR: { access: 'ro', width: 8, at: 1, says: 'Low while it is open.', reset: 1 },
  },
  revisions: { A: { code: 1, says: 'First.' } },
  history: [{ version: '1.0', date: '2026-11-24', says: 'First.' }],
});
