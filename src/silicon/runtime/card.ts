// SPDX-License-Identifier: Apache-2.0
import type { Chip } from '../layout/chip.ts';
import type { Server, Target } from '../wire/server.ts';
import type { Board } from './board.ts';
import { Carrier } from './carrier.ts';
import type { Clock } from './clock.ts';
import { PciCard } from './pci-card.ts';

/** What is plugged into a slot: a PCI device, and the board with the chip on it. */
export interface Card extends Target {
  readonly board: Board;
  /** The connection that DMA goes over; set before the first access. */
  server: Server | undefined;
  close: () => void;
}

/** A card for a chip: the chip itself is the PCI device, or a carrier has it on one of its slower buses. */
export function cardFor(chip: Chip, clock: Clock): Card {
  return chip.bus.kind === 'pci' ? new PciCard(chip, chip.bus, clock) : new Carrier(chip, clock);
}
