// SPDX-License-Identifier: Apache-2.0

/** Rules that hold of every chip, and that the runtime checks by itself: id → what the data sheet says. */
export const commonRules = {
  'access-size': 'A register must be accessed in one piece: with its own width, at its own offset.',
  'unused-offset': 'Offsets that no register takes must not be accessed.',
  'read-only': 'A register in which nothing can be written must not be written.',
  'write-only': 'A register in which nothing can be read must not be read.',
  'reserved-bits': 'Reserved bits and reserved registers must be written as zero.',
  'listed-values': 'A field with a list of values must be written with one of them.',
  powered: 'Registers must be accessed only while the chip is in power state D0.',
  'bus-master':
    'The chip must be given work that reaches memory only while it may master the bus, and bus mastering must stay on until that work is done.',
  'mapped-memory':
    'Addresses given to the chip must lie in memory that it may reach, for as long as it may use them.',
} as const;

export type CommonRule = keyof typeof commonRules;
