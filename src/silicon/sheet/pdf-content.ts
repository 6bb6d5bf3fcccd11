// SPDX-License-Identifier: Apache-2.0
// A data sheet in the form that pdfmake takes. All lengths are points.
import type {
  Content,
  ContentAnchor,
  ContentText,
  ContentTocItem,
  CustomTableLayout,
  Node,
  NodeQueries,
  StyleDictionary,
} from 'pdfmake/interfaces.js';
import type { Block, Drawing, Section, Sheet, Table, Words } from './sheet.ts';

const ink = '#1b1d1a';
const pale = '#5c6057';
const line = '#c9c6bb';

/** Width of the text on a page. */
const textWidth = 483;
/** Height of a drawing that leaves room on its page for what leads to it. */
const tallest = 600;
/** A pixel of a drawing. */
const pixel = 0.75;
/** A row of a table with one line, about. */
const rowHeight = 19;

export const styles: StyleDictionary = {
  title: { fontSize: 19, bold: true, lineHeight: 1.1 },
  margin: { fontSize: 8, color: pale },
  heading2: { fontSize: 14, bold: true, margin: [0, 20, 0, 6] },
  heading3: { fontSize: 11, bold: true, margin: [0, 14, 0, 4] },
  heading4: { fontSize: 10, bold: true, margin: [0, 10, 0, 3] },
  table: { fontSize: 8.5, margin: [0, 3, 0, 10] },
  head: { bold: true },
};

/** The pages of a sheet: its title, its contents, its sections. */
export function pdfContent(sheet: Sheet): Content[] {
  const { title, subtitle, sections } = sheet;
  return [
    { text: printable(title), style: 'title' },
    { text: printable(subtitle), color: pale, margin: [0, 4, 0, 8] },
    { canvas: [{ type: 'line', x1: 0, y1: 0, x2: textWidth, y2: 0, lineWidth: 1.2, lineColor: ink }] },
    { toc: {}, margin: [0, 10, 0, 0] },
    ...sections.flatMap((section, at) => sectionContent(section, `${at + 1}`)),
  ];
}

/** Whether a page ends before a piece of content: what leads to something stays with it. */
export function breaksBefore(node: Node, { getFollowingNodesOnPage }: NodeQueries): boolean {
  if (node.headlineLevel === undefined) return false;
  // The footer of the page counts among what follows.
  const following = getFollowingNodesOnPage().filter(({ style }) => style !== 'margin');
  const next = following.find(
    ({ svg, text, table, headlineLevel }) =>
      headlineLevel === undefined && (svg ?? text ?? table) !== undefined,
  );
  if (next?.table === undefined) return next === undefined;
  // A table is noted where it would begin, even when the rows that stay together then go to the next page.
  const { verticalRatio, pageInnerHeight } = next.startPosition;
  const needed = (1 + (next.table.keepWithHeaderRows ?? 0)) * rowHeight;
  return (1 - verticalRatio) * pageInnerHeight < needed;
}

function sectionContent(
  { id, title, blocks, sections }: Section,
  number: string,
  parent?: string,
): Content[] {
  // One kind of text for the types, three for pdfmake: linked to, in the bookmarks, in the contents.
  const heading: ContentText & Pick<ContentAnchor, 'id'> & Pick<ContentTocItem, 'tocItem'> = {
    text: [{ text: number, color: pale, bold: false }, `  ${printable(title)}`],
    id,
    style: `heading${number.split('.').length + 1}`,
    headlineLevel: 1,
    outline: true,
    outlineText: `${number} ${printable(title)}`,
    outlineParentId: parent,
    tocItem: parent === undefined,
  };
  const last = blocks.findLastIndex(({ kind }) => kind !== 'paragraph');
  return [
    heading,
    ...blocks.map((block, at) => blockContent(block, at < last)),
    ...sections.flatMap((section, at) => sectionContent(section, `${number}.${at + 1}`, id)),
  ];
}

/** `leads`: a paragraph before a table, list or drawing, without which it would stand alone. */
function blockContent(block: Block, leads: boolean): Content {
  switch (block.kind) {
    case 'paragraph':
      return { text: wordsContent(block.words, 9), margin: [0, 0, 0, 6], ...(leads && { headlineLevel: 2 }) };
    case 'list': {
      const items = block.items.map((item) => ({
        text: wordsContent(item, 9),
        margin: [0, 0, 0, 3] as Margins,
      }));
      return { ...(block.ordered ? { ol: items } : { ul: items }), margin: [0, 0, 0, 6] };
    }
    case 'table':
      return tableContent(block);
    case 'drawing':
      return drawingContent(block);
  }
}

type Margins = [number, number, number, number];

function tableContent({ columns, rows }: Table): Content {
  // What stays together has to fit on a page: pdfmake drops the rest of what does not.
  const lines = rows.map((row) => Math.max(...row.map((cell) => Math.ceil(lengthOf(cell) / 40))));
  const fits = (count: number): boolean => count <= 24;
  const whole = fits(lines.reduce((sum, count) => sum + count, 0));
  return {
    style: 'table',
    layout: rules,
    table: {
      headerRows: 1,
      keepWithHeaderRows: whole ? rows.length : fits(lines[0]!) ? 1 : 0,
      dontBreakRows: lines.every(fits),
      widths: columns.map((_, at) => (rows.some((row) => lengthOf(row[at]!) > 26) ? '*' : 'auto')),
      body: [
        columns.map((column) => ({ text: printable(column), style: 'head' })),
        ...rows.map((row) => row.map((cell) => ({ text: wordsContent(cell, 8), noWrap: isName(cell) }))),
      ],
    },
  };
}

/** A line under the head, paler ones under rows. */
const rules: CustomTableLayout = {
  hLineWidth: (at) => (at === 0 ? 0 : at === 1 ? 0.8 : 0.5),
  hLineColor: (at) => (at === 1 ? ink : line),
  vLineWidth: () => 0,
  paddingLeft: () => 0,
  paddingRight: (at, { table }) => (at === table.body[0]!.length - 1 ? 0 : 12),
  paddingTop: () => 3,
  paddingBottom: () => 2,
};

/** There are neither classes nor colors around it that a drawing could take its own from. */
function drawingContent({ svg }: Drawing): Content {
  const markup = svg.markup
    .replaceAll(/class="(?:number|access)"/g, `fill="${pale}"`)
    .replaceAll('currentColor', ink);
  const [width, height] = ['width', 'height'].map((side) =>
    Number(new RegExp(` ${side}="([\\d.]+)"`).exec(markup)![1]),
  ) as [number, number];
  const scale = Math.min(pixel, textWidth / width, tallest / height);
  return { svg: markup, width: width * scale, margin: [0, 4, 0, 10] };
}

function wordsContent(words: Words, codeSize: number): Content[] {
  return words.map((word) => {
    if (typeof word === 'string') return printable(word);
    const code = { text: printable(word.code), font: 'monospace', fontSize: codeSize };
    return word.to === undefined ? code : { ...code, linkToDestination: word.to };
  });
}

/** Whether it is one name or number, which may have a hyphen in it. */
function isName([word, ...rest]: Words): boolean {
  return typeof word === 'object' && rest.length === 0;
}

function lengthOf(words: Words): number {
  return words.reduce((sum, word) => sum + (typeof word === 'string' ? word : word.code).length, 0);
}

/** Characters that our fonts do not have, by others. */
const others: Record<string, string> = { '→': '->', '←': '<-', '≤': '<=', '≥': '>=', μ: 'µ' };

function printable(text: string): string {
  return text.replaceAll(/[→←≤≥μ]/g, (character) => others[character]!);
}
