// SPDX-License-Identifier: Apache-2.0
// A PDF is printed and taken along: it must have all of the data sheet, in an order that a reader can follow.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { layOut } from '../layout/lay-out.ts';
import { tally } from '../tally.ts';
import { toPdf } from './pdf.ts';
import { sheetOf } from './sheet-of.ts';
import type { Block, Section, Sheet, Words } from './sheet.ts';

const temp = mkdtempSync(join(tmpdir(), 'bringup-pdf-'));
const before = process.env['BRINGUP_CACHE'];
beforeAll(() => (process.env['BRINGUP_CACHE'] = temp));
afterAll(() => {
  if (before === undefined) delete process.env['BRINGUP_CACHE'];
  else process.env['BRINGUP_CACHE'] = before;
  rmSync(temp, { recursive: true });
});

const seeds = [0, 1, 2, 7, 1234567, 0xffff_ffff];

test.each(seeds)('it has every word of the sheet, with seed %i', async (seed) => {
  const sheet = sheetOf(layOut(tally, seed));
  await expectWhole(sheet);
});

vi.setConfig({ testTimeout: 60_000 }); // pages are laid out several times, and the host may be busy

test('it has what is longer than a page', async () => {
  const words = (count: number, at = 0): Words => [
    Array.from({ length: count }, (_, n) => `word${at}x${n}`).join(' '),
  ];
  const blocks: Block[] = [
    { kind: 'paragraph', words: words(1500) },
    {
      kind: 'table',
      columns: ['One', 'Two'],
      rows: [
        [['a'], words(1200)],
        [['b'], ['c']],
      ],
    },
    { kind: 'table', columns: ['Many'], rows: Array.from({ length: 120 }, (_, at) => [words(12, at)]) },
    { kind: 'list', ordered: true, items: Array.from({ length: 90 }, (_, at) => words(9, at)) },
  ];
  await expectWhole({ title: 'T', subtitle: 'S', sections: [{ id: 'a', title: 'A', blocks, sections: [] }] });
});

test('no heading ends a page, and each page says which one it is of which sheet', async () => {
  for (const seed of seeds) {
    const sheet = sheetOf(layOut(tally, seed));
    const pages = pagesOf(await toPdf(sheet, { compress: false }));
    pages.forEach((page, at) => {
      expect(page.filter(inFooter).map(textOf).join('')).toBe(
        `${sheet.subtitle}${at + 1} of ${pages.length}`,
      );
      expect(page.filter(inHeader).map(textOf).join('')).toBe(at === 0 ? '' : sheet.title);
      // Headings are what is set larger than text.
      const last = page.filter(inContent).at(-1)!;
      expect(last.y === undefined || last.size < 10).toBe(true);
    });
  }
});

test('it is compressed, names the part, and has bookmarks and links to registers', async () => {
  const sheet = sheetOf(layOut(tally, 1));
  const pdf = (await toPdf(sheet)).toString('latin1');
  const parts = [/^%PDF-1\.\d/, /%%EOF\n$/, /\/FlateDecode/, /\/Outlines \d+ 0 R/, /\(register-doorbell\)/];
  expect(parts.filter((part) => !part.test(pdf))).toEqual([]);
  expect(pdf.includes(`(${sheet.title})`)).toBe(true);
  expect(pdf.length).toBeLessThan(200_000);
});

async function expectWhole(sheet: Sheet): Promise<void> {
  const pages = pagesOf(await toPdf(sheet, { compress: false }));
  const text = solid(pages.flat().filter(inContent).map(textOf).join(''));
  expect(allText(sheet.sections).filter((piece) => !text.includes(solid(piece)))).toEqual([]);
}

const solid = (text: string): string => text.replaceAll(/\s/g, '');

function allText(sections: readonly Section[]): string[] {
  const plain = (words: Words): string =>
    words.map((word) => (typeof word === 'string' ? word : word.code)).join('');
  return sections.flatMap(({ title, blocks, sections }) => [
    title,
    ...blocks.flatMap((block): string[] => {
      if (block.kind === 'paragraph') return [plain(block.words)];
      // The number of an item is written after its first line.
      if (block.kind === 'list') return block.items.flatMap((item) => plain(item).split(' '));
      if (block.kind === 'table') return [...block.columns, ...block.rows.flatMap((row) => row.map(plain))];
      return [...block.svg.markup.matchAll(/<text[^>]*>([^<&]*)</g)].map(([, text]) => text!);
    }),
    ...allText(sections),
  ]);
}

/** A word, or what a drawing has in its place. */
interface Piece {
  readonly text: string;
  readonly size: number;
  /** Points above the lower edge of the page; undefined inside of drawings. */
  readonly y: number | undefined;
}

const textOf = ({ text }: Piece): string => text;
const inFooter = ({ y = 400 }: Piece): boolean => y < 60;
const inHeader = ({ y = 400 }: Piece): boolean => y > 790;
const inContent = (piece: Piece): boolean => !inFooter(piece) && !inHeader(piece);

/**
 * What is written on each page of an uncompressed PDF (ISO 32000, 9.4 and 9.10.3), as pdfkit makes it: glyphs in
 * hexadecimal, with a table to Unicode for each font. Throws on a character that the font does not have.
 */
function pagesOf(pdf: Buffer): Piece[][] {
  const all = pdf.toString('latin1').matchAll(/^(\d+) 0 obj\n([^]*?)\nendobj/gm);
  const objects = new Map([...all].map(([, id, body]) => [id!, body!]));
  const objectOf = (body: string, key: string): string =>
    objects.get(new RegExp(`/${key} (\\d+) 0 R`).exec(body)![1]!)!;
  const pages = [...objects.values()].filter((body) => /\/Type \/Page\b/.test(body));
  return pages.map((page) => {
    const named = objectOf(page, 'Resources').matchAll(/\/(F\d+) (\d+) 0 R/g);
    const fonts = new Map(
      [...named].map(([, name, id]) => [name!, unicodes(objectOf(objects.get(id!)!, 'ToUnicode'))]),
    );
    return [...objectOf(page, 'Contents').matchAll(/^BT\n([^]*?)^ET/gm)].map(([, code]): Piece => {
      const [, upright, y] = /1 0 0 (-?1) [-\d.]+ ([-\d.]+) Tm/.exec(code!)!;
      const [, font, size] = /\/(F\d+) ([\d.]+) Tf/.exec(code!)!;
      const glyphs = [...code!.matchAll(/<([0-9a-f]+)>/g)].flatMap(([, hex]) => hex!.match(/.{4}/g)!);
      if (glyphs.includes('0000')) throw new Error('a character that the font does not have');
      const text = glyphs.map((glyph) => fonts.get(font!)![Number.parseInt(glyph, 16)]!).join('');
      return { text, size: Number(size), y: upright === '1' ? Number(y) : undefined };
    });
  });
}

function unicodes(map: string): string[] {
  const lists = [...map.matchAll(/^<[0-9a-f]{4}> <[0-9a-f]{4}> \[(.*)\]/gm)].map(([, list]) => list!);
  return [...lists.join(' ').matchAll(/<([0-9a-f ]+)>/g)].map(([, hex]) =>
    Buffer.from(hex!.replaceAll(' ', ''), 'hex').swap16().toString('utf16le'),
  );
}
