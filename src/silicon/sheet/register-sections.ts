// SPDX-License-Identifier: Apache-2.0
// The parts of a data sheet about registers and structures in memory.
import type { Access } from '../describe/registers.ts';
import { accessMasks } from '../layout/value.ts';
import type { Chip, ChipFormat, ChipRegister, ChipValue } from '../layout/chip.ts';
import { bitField } from './bit-field.ts';
import { formatRows, registerRow, type Row } from './bit-rows.ts';
import { bitText } from './bit-text.ts';
import { offsetDigits } from './blocks.ts';
import { bitRange, hex } from './numbers.ts';
import type { Block, Drawing, Section, Table, Words } from './sheet.ts';
import { path, registerAnchor, wordsOf } from './words.ts';

const meanings: Record<Access, string> = {
  ro: 'Read only: writing changes nothing.',
  rw: 'Reads as it was written.',
  w1c: 'Write 1 to clear: writing 0 leaves the bit as it is.',
  rc: 'Cleared by reading. Writing changes nothing.',
  wo: 'Write only: takes effect when written, and reads as zero.',
  reserved: 'Reads as zero, and must be written as zero. Hatched in drawings.',
};

export function registerMap(chip: Chip): Section {
  const digits = offsetDigits(chip);
  const slow = chip.bus.kind !== 'pci';
  const where = slow ? 'Number' : 'Offset';
  const used = new Set(
    chip.registers.flatMap((register) =>
      Object.entries(accessMasks(register)).flatMap(([access, bits]) => (bits === 0 ? [] : access)),
    ),
  );
  const kinds = Object.entries(meanings).filter(([access]) => used.has(access));
  const rows = chip.registers.map(({ name, offset, width, access, reset, fields, says }): Words[] => [
    [{ code: hex(offset, digits) }],
    [path(name)],
    [`${width}`],
    [fields.length === 0 ? access : [...new Set(fields.map((field) => field.access))].join(', ')],
    [{ code: hex(reset, width / 4) }],
    wordsOf(chip, says),
  ]);
  const blocks: Block[] = [
    { kind: 'table', columns: [where, 'Register', 'Bits', 'Access', 'Reset', 'What it is'], rows },
    { kind: 'paragraph', words: ['What an access does:'] },
    {
      kind: 'table',
      columns: ['Access', 'Meaning'],
      rows: kinds.map(([access, says]) => [[{ code: access }], [says]]),
    },
  ];
  return { id: 'register-map', title: 'Register map', blocks, sections: [] };
}

export function registerSections(chip: Chip): Section {
  const sections = chip.registers.map((register) => ({
    id: registerAnchor(register.name),
    title: register.name,
    blocks: registerBlocks(chip, register),
    sections: [],
  }));
  return { id: 'registers', title: 'Registers', blocks: [], sections };
}

function registerBlocks(chip: Chip, register: ChipRegister): Block[] {
  const { name, offset, width, access, reset, order, fields, says } = register;
  const where = chip.bus.kind === 'pci' ? 'Offset' : 'Register number';
  const facts: Words = [
    `${where} `,
    { code: hex(offset, offsetDigits(chip)) },
    `, ${width} bits, after reset `,
    { code: hex(reset, width / 4) },
    '.',
  ];
  const blocks: Block[] = [
    { kind: 'paragraph', words: facts },
    { kind: 'paragraph', words: wordsOf(chip, says) },
    drawing([registerRow(register)], `Bits of ${name}`),
  ];
  if (order === 'big') {
    const first = chip.bus.kind === 'pci' ? 'at the lowest address' : 'that travels first';
    const words = `Big endian: the byte ${first} holds bits ${bitRange(width - 8, 8)}.`;
    blocks.push({ kind: 'paragraph', words: [words] });
  }
  if (access !== 'reserved' && fields.length > 0) {
    const rows = fields.map((field): Words[] => [
      [{ code: bitRange(field.low, field.bits) }],
      [{ code: field.name }],
      [field.access],
      [{ code: hex(field.reset) }],
      wordsOf(chip, field.says),
    ]);
    blocks.push({ kind: 'table', columns: ['Bits', 'Field', 'Access', 'Reset', 'Meaning'], rows });
  }
  return [...blocks, ...encodings(chip, fields)];
}

/** A table for each enumerated field. */
function encodings(
  chip: Chip,
  fields: readonly { readonly name: string; readonly bits: number; readonly values?: readonly ChipValue[] }[],
): Block[] {
  return fields.flatMap(({ name, bits, values }): Block[] => {
    if (!values) return [];
    const rows = values.map(({ name, code, says }): Words[] => [
      [{ code: `${code}` }],
      [{ code: code.toString(2).padStart(bits, '0') }],
      [{ code: name }],
      wordsOf(chip, says),
    ]);
    const rest = values.length < 2 ** bits ? ' Other values are reserved.' : '';
    return [
      { kind: 'paragraph', words: ['Values of ', { code: name }, `.${rest}`] },
      { kind: 'table', columns: ['Value', 'Binary', 'Name', 'Meaning'], rows } satisfies Table,
    ];
  });
}

export function formatSection(chip: Chip, name: string, format: ChipFormat): Section {
  const order =
    format.order === 'big'
      ? 'Big endian: the byte at the lowest address holds the highest bits of a word and of a 64-bit field.'
      : 'Little endian: the byte at the lowest address holds the lowest bits of a word and of a 64-bit field.';
  const fields = [...format.fields].sort((a, b) => a.offset - b.offset || b.low - a.low);
  const rows = fields.map((field): Words[] => [
    [{ code: `+${hex(field.offset, 2)}` }],
    [{ code: bitRange(field.low, field.bits) }],
    [{ code: field.name }],
    wordsOf(chip, field.says),
  ]);
  return {
    id: `format-${name}`,
    title: name,
    blocks: [
      { kind: 'paragraph', words: wordsOf(chip, chip.description.formats![name]!.says) },
      { kind: 'paragraph', words: [`${format.size} bytes. ${order}`] },
      drawing(formatRows(format), `Words of ${name}`),
      { kind: 'table', columns: ['Bytes', 'Bits', 'Field', 'Meaning'], rows },
      ...encodings(chip, fields),
    ],
    sections: [],
  };
}

function drawing(rows: readonly Row[], title: string): Drawing {
  return { kind: 'drawing', name: 'bits', title, svg: bitField(rows, title), text: bitText(rows) };
}
