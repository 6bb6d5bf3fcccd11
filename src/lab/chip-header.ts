// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import type { Chip, ChipField } from '../silicon/layout/chip.ts';
import { loadChip, type Lab } from './lab.ts';
import { readSources, type Sources } from './workspace.ts';

/** Name of the file that solutions, variants, mutants and some starters find a chip's numbers in. */
export const chipHeader = 'chip.h';

/**
 * The numbers of one chip as C: what a learner takes from the data sheet. The same names for each seed, so that one
 * solution is a driver of every learner's chip:
 *
 * - `P_VENDOR`, `P_DEVICE`, `P_BAR`, `P_DMA_BITS`, `P_ADDRESS` (of the bus), `P_REVISION`;
 * - a register: `P_REG` (offset), `P_REG_RESET`, `P_REG_BIG` (1 when big endian);
 * - a field: `P_REG_FIELD` (mask, for FIELD_GET and FIELD_PREP), `P_REG_FIELD_RESET`, `P_REG_FIELD_VALUE` (a code);
 * - a structure in memory: `P_FORMAT_SIZE`, `P_FORMAT_BIG`, and of its fields `P_FORMAT_FIELD_AT` (offset of the word
 *   or double word), `P_FORMAT_FIELD` (mask in a word), `P_FORMAT_FIELD_VALUE`;
 * - a time in microseconds: `P_TIME_MIN_US`, `P_TIME_MAX_US`; a parameter: `P_PARAMETER`;
 * - an interrupt: `P_INTERRUPT_VECTOR`; an erratum that this chip has or not: `P_HAS_ERRATUM` (1 or 0).
 *
 * P is the name of the device in capitals.
 */
function headerOf(chip: Chip): string {
  const lines: string[] = [];
  const define = (name: string, value: number, hex = true): void => {
    const words = `${chip.description.name}_${name}`.replaceAll(/[^A-Za-z0-9]/g, '_').toUpperCase();
    lines.push(`#define ${words} ${hex ? `0x${value.toString(16)}` : value}`);
  };
  const field = (prefix: string, one: Omit<ChipField, 'access' | 'reset'>): void => {
    if (one.bits < 64) define(`${prefix}_${one.name}`, (2 ** one.bits - 1) * 2 ** one.low);
    for (const value of one.values ?? []) define(`${prefix}_${one.name}_${value.name}`, value.code);
  };
  const { bus } = chip;
  if (bus.kind === 'pci') {
    define('VENDOR', bus.vendor);
    define('DEVICE', bus.device);
    define('BAR', bus.bar, false);
    define('DMA_BITS', bus.dmaBits, false);
  } else if (bus.address !== undefined) define('ADDRESS', bus.address);
  define('REVISION', chip.revision.code);
  for (const register of chip.registers) {
    define(register.name, register.offset);
    define(`${register.name}_RESET`, register.reset);
    define(`${register.name}_BIG`, register.order === 'big' ? 1 : 0, false);
    for (const one of register.fields) {
      field(register.name, one);
      define(`${register.name}_${one.name}_RESET`, one.reset);
    }
  }
  for (const [name, format] of Object.entries(chip.formats)) {
    define(`${name}_SIZE`, format.size, false);
    define(`${name}_BIG`, format.order === 'big' ? 1 : 0, false);
    for (const one of format.fields) {
      define(`${name}_${one.name}_AT`, one.offset, false);
      field(name, one);
    }
  }
  for (const [name, { min, max }] of Object.entries(chip.times)) {
    if (min !== undefined) define(`${name}_MIN_US`, Math.ceil(min / 1000), false);
    if (max !== undefined) define(`${name}_MAX_US`, Math.ceil(max / 1000), false);
  }
  for (const [name, value] of Object.entries(chip.parameters)) define(name, value, false);
  for (const [name, { vector }] of Object.entries(chip.interrupts)) define(`${name}_VECTOR`, vector, false);
  for (const name of Object.keys(chip.description.errata ?? {}))
    define(`HAS_${name}`, chip.errata.includes(name) ? 1 : 0, false);
  const guard = `${chip.description.name.replaceAll('-', '_').toUpperCase()}_CHIP_H`;
  const head = `/* SPDX-License-Identifier: GPL-2.0-only */\n/* ${chip.part}, as its data sheet says. */`;
  return `${head}\n#ifndef ${guard}\n#define ${guard}\n\n${lines.join('\n')}\n\n#endif\n`;
}

/** Sources of ours with the numbers of a seed's chip beside them; unchanged in a lab without one. */
export async function withChip(lab: Lab, sources: Sources, seed: number): Promise<Sources> {
  if (!lab.silicon) return sources;
  return new Map([...sources, [chipHeader, Buffer.from(headerOf(await loadChip(lab, seed)))]]);
}

/**
 * What a learner begins with. A starter that includes the header gets it: it is a driver that works, and the lab is about
 * something else than the numbers.
 */
export async function starterOf(lab: Lab, seed: number): Promise<Sources> {
  const sources = readSources(join(lab.folder, 'starter'));
  const includes = [...sources.values()].some((content) => content.includes(`#include "${chipHeader}"`));
  return includes ? withChip(lab, sources, seed) : sources;
}
