// SPDX-License-Identifier: Apache-2.0
import type { Block, Section, Sheet, Table, Words } from './sheet.ts';

/** A data sheet as Markdown; drawings are made of characters. Links within it are left out. */
export function toMarkdown(sheet: Sheet): string {
  const head = [`# ${plain(sheet.title)}`, plain(sheet.subtitle)];
  const sections = sheet.sections.flatMap((section, at) => sectionText(section, `${at + 1}`, 2));
  return `${[...head, ...sections].join('\n\n')}\n`;
}

function sectionText({ title, blocks, sections }: Section, number: string, level: number): string[] {
  return [
    `${'#'.repeat(level)} ${number} ${plain(title)}`,
    ...blocks.map(blockText),
    ...sections.flatMap((section, at) => sectionText(section, `${number}.${at + 1}`, level + 1)),
  ];
}

function blockText(block: Block): string {
  switch (block.kind) {
    case 'paragraph':
      return wordsText(block.words);
    case 'list':
      return block.items
        .map((item, at) => `${block.ordered ? `${at + 1}.` : '-'} ${wordsText(item)}`)
        .join('\n');
    case 'table':
      return tableText(block);
    case 'drawing':
      return `\`\`\`text\n${block.text}\n\`\`\``;
  }
}

/** Columns are padded, so that it can be read as it is. */
function tableText({ columns, rows }: Table): string {
  const cells = rows.map((row) => row.map((words) => wordsText(words).replaceAll('|', '\\|')));
  const widths = columns.map((column, at) =>
    Math.max(3, column.length, ...cells.map((row) => row[at]!.length)),
  );
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, at) => cell.padEnd(widths[at]!)).join(' | ')} |`;
  return [line(columns), line(widths.map((width) => '-'.repeat(width))), ...cells.map(line)].join('\n');
}

function wordsText(words: Words): string {
  return words.map((word) => (typeof word === 'string' ? plain(word) : `\`${word.code}\``)).join('');
}

/** Text in which Markdown sees no mark of its own; an underscore inside a word is none. */
function plain(text: string): string {
  return text.replaceAll(/[\\`*[\]<>]|(?<!\w)_|_(?!\w)/g, (mark) => `\\${mark}`);
}
