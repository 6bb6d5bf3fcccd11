// SPDX-License-Identifier: Apache-2.0
// A learner has nothing but the data sheet: what is not in it, or wrong in it, can not be driven.
import { assert, integer, property } from 'fast-check';
import { expect, test } from 'vitest';
import { describe } from '../describe/describe.ts';
import { layOut } from '../layout/lay-out.ts';
import { tally } from '../tally.ts';
import { toHtml } from './html.ts';
import { toMarkdown } from './markdown.ts';
import { sheetOf } from './sheet-of.ts';

const seeds = integer({ min: 0, max: 0xffffffff });

/** A device with structures in memory, and texts that would be markup if they were not escaped. */
const hostile = describe({
  name: 'hostile',
  title: '<script>alert("title")</script>',
  overview: ['<img src=x onerror=alert(1)> & "quotes"', 'A | B, `code`, *stars*, [link](x)'],
  features: ['</li></ul>'],
  bus: { kind: 'pci', vendor: 0x1f80, device: 1, class: 0x080100, vectors: 2, dmaBits: 36 },
  registers: {
    CAUSE: {
      access: 'w1c',
      width: 8,
      says: '<b>',
      fields: {
        DONE: { bits: 1, says: '"' },
        ERROR: { bits: 1, says: "'" },
      },
    },
    ALLOW: { access: 'rw', width: 8, says: 'Enables.', fields: { DONE: { bits: 1, says: 'Done.' } } },
    KEY: { access: 'wo', width: 16, says: 'A key.' },
  },
  interrupts: {
    done: { says: 'Done.', status: 'CAUSE.DONE', enable: 'ALLOW.DONE' },
    error: { says: 'Error.', status: 'CAUSE.ERROR' },
  },
  parameters: { depth: { says: 'Depth', value: 16 } },
  formats: {
    command: {
      says: 'One copy.',
      fields: {
        FROM: { bits: 64, says: 'From.' },
        LENGTH: { bits: 20, says: 'Length.' },
        OP: { bits: 4, says: 'Which.', values: { copy: 'Copies.', fill: '<i>' } },
      },
    },
  },
  rings: { commands: { says: 'Work.', format: 'command', entries: 'depth' } },
  revisions: { A0: { code: 0, says: 'First.' } },
  history: [],
});

test('every number of the chip is in the sheet, whatever the seed', () => {
  assert(
    property(seeds, (seed) => {
      const chip = layOut(tally, seed);
      const text = toMarkdown(sheetOf(chip)).replaceAll(/ +/g, ' ');
      const digits = (value: number, count: number): string =>
        `0x${value.toString(16).toUpperCase().padStart(count, '0')}`;
      if (chip.bus.kind !== 'pci') throw new Error('not on PCI');
      expect(text).toContain(`| Vendor ID | \`${digits(chip.bus.vendor, 4)}\` |`);
      expect(text).toContain(`| Device ID | \`${digits(chip.bus.device, 4)}\` |`);
      expect(text).toContain(`| BAR ${chip.bus.bar} |`);
      for (const { name, offset, width, reset, order, fields } of chip.registers) {
        expect(text).toMatch(
          new RegExp(
            `\\| \`${digits(offset, 2)}\` \\| \`${name}\` \\| ${width} .*${digits(reset, width / 4)}`,
          ),
        );
        const own = text.split(/\n### /).find((section) => section.split('\n')[0]!.endsWith(` ${name}`))!;
        expect(own.includes('Big endian')).toBe(order === 'big');
        for (const field of fields) {
          const range = field.bits === 1 ? `${field.low}` : `${field.low + field.bits - 1}:${field.low}`;
          expect(own).toContain(`| \`${range}\` | \`${field.name}\` | ${field.access} |`);
          for (const value of field.values ?? []) {
            const binary = value.code.toString(2).padStart(field.bits, '0');
            expect(own).toContain(`| \`${value.code}\` | \`${binary}\` | \`${value.name}\` |`);
          }
        }
      }
      for (const { min, max } of Object.values(chip.times)) {
        for (const time of [min, max])
          if (time !== undefined) expect(text).toContain(`| ${time / 1000} µs |`);
      }
      for (const rule of Object.keys(tally.rules)) expect(text).toContain(`| \`${rule}\` |`);
    }),
    { numRuns: 50 },
  );
});

test('texts say what the seed made of what they refer to', () => {
  const chip = layOut(tally, 4);
  const add = chip.registers
    .flatMap(({ fields }) => fields)
    .flatMap(({ values = [] }) => values)
    .find(({ name }) => name === 'add')!;
  const text = toMarkdown(sheetOf(chip));
  expect(text).toContain(`Write the operation to \`COMMAND.OP\`, such as \`add\` (${add.code}).`);
  expect(text).toContain(`Wait \`t_settle\` (at least ${chip.times['settle']!.min! / 1000} µs).`);
  expect(text).toContain(`Up to ${chip.parameters['chain']} operations`);
  expect(text).not.toMatch(/[{}]/);
});

test('an erratum says whether this part has it', () => {
  const has = new Set<boolean>();
  assert(
    property(seeds, (seed) => {
      const chip = layOut(tally, seed);
      has.add(chip.errata.includes('late-failed'));
      expect(chip.errata.includes('late-failed')).toBe(chip.revision.name !== 'B0');
      expect(toMarkdown(sheetOf(chip)).includes(') has it.')).toBe(chip.revision.name !== 'B0');
    }),
    { numRuns: 50 },
  );
  expect(has.size).toBe(2);
});

test('HTML is well formed, its texts are escaped, and its links lead somewhere', () => {
  assert(
    property(seeds, (seed) => {
      for (const device of [tally, hostile]) {
        const html = toHtml(sheetOf(layOut(device, seed)));
        expect(tags(html).filter((tag) => !allowed.has(tag))).toEqual([]);
        expect(html).not.toMatch(/ style=| on[a-z]+=(?=")/);
        const ids = [...html.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id!);
        expect(new Set(ids).size).toBe(ids.length);
        for (const [, target] of html.matchAll(/ href="#([^"]*)"/g)) expect(ids).toContain(target);
      }
    }),
    { numRuns: 20 },
  );
  expect(toHtml(sheetOf(layOut(hostile, 1)))).toContain(
    '&lt;script&gt;alert(&quot;title&quot;)&lt;/script&gt;',
  );
});

test('Markdown shows texts as they are, and one row of a table for each line', () => {
  const text = toMarkdown(sheetOf(layOut(hostile, 1)));
  expect(text).toContain('A | B, \\`code\\`, \\*stars\\*, \\[link\\](x)');
  expect(text).toContain('# HOSTILE-');
  expect(text).toContain('\\<script\\>');
  for (const table of text.matchAll(/(^\|.*\n)+/gm)) {
    const rows = table[0].trimEnd().split('\n');
    const columns = rows.map((row) => row.replaceAll('\\|', '').split('|').length);
    expect(new Set(columns).size).toBe(1);
  }
});

test('structures in memory have their words, places and byte order', () => {
  assert(
    property(seeds, (seed) => {
      const chip = layOut(hostile, seed);
      const format = chip.formats['command']!;
      const text = toMarkdown(sheetOf(chip)).replaceAll(/ +/g, ' ');
      expect(text).toContain(`${format.size} bytes. ${format.order === 'big' ? 'Big' : 'Little'} endian`);
      const first = format.order === 'big' ? 'FROM[63:32]' : 'FROM[31:0]';
      const at = format.fields.find(({ name }) => name === 'FROM')!.offset;
      const place = `+0x${at.toString(16).toUpperCase().padStart(2, '0')}`;
      expect(text).toContain(`${place} | ${first} |`);
    }),
    { numRuns: 50 },
  );
});

const allowed = new Set(
  'article header h1 h2 h3 h4 p nav ul ol li a section span code div table thead tbody tr th td figure svg g rect path line text'.split(
    ' ',
  ),
);

/** Names of all elements; throws when they do not close in order. */
function tags(html: string): string[] {
  const open: string[] = [];
  const names: string[] = [];
  for (const [, close, name, self] of html.matchAll(/<(\/?)([a-z0-9]+)(?: [a-z-]+="[^"<>]*")*(\/?)>/gi)) {
    if (close) {
      if (open.pop() !== name) throw new Error(`</${name}> closes something else`);
    } else {
      names.push(name!);
      if (!self) open.push(name!);
    }
  }
  if (open.length > 0) throw new Error(`${open.join()} stay open`);
  if (html.replaceAll(/<[^<>]*>/g, '').match(/[<>]/)) throw new Error('a bracket that is no tag');
  return names;
}
