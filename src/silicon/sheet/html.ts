// SPDX-License-Identifier: Apache-2.0
import { element, type Markup } from './markup.ts';
import type { Block, Section, Sheet, Words } from './sheet.ts';

/**
 * A data sheet as a fragment of HTML: an article with class `sheet`, without style and script. Sections are numbered,
 * and their ids are anchors.
 */
export function toHtml(sheet: Sheet): string {
  const link = ({ id, title }: Section, number: string): Markup =>
    element('li', {}, element('a', { href: `#${id}` }, `${number} ${title}`));
  const { markup } = element(
    'article',
    { class: 'sheet' },
    element('header', {}, element('h1', {}, sheet.title), element('p', {}, sheet.subtitle)),
    element(
      'nav',
      { 'aria-label': 'Sections' },
      element('ul', {}, ...sheet.sections.map((section, at) => link(section, `${at + 1}`))),
    ),
    ...sheet.sections.map((section, at) => sectionHtml(section, `${at + 1}`, 2)),
  );
  return markup;
}

function sectionHtml({ id, title, blocks, sections }: Section, number: string, level: number): Markup {
  return element(
    'section',
    { 'aria-labelledby': id },
    element(`h${level}`, { id }, element('span', { class: 'section-number' }, number), ` ${title}`),
    ...blocks.map(blockHtml),
    ...sections.map((section, at) => sectionHtml(section, `${number}.${at + 1}`, level + 1)),
  );
}

function blockHtml(block: Block): Markup {
  switch (block.kind) {
    case 'paragraph':
      return element('p', {}, wordsHtml(block.words));
    case 'list':
      return element(
        block.ordered ? 'ol' : 'ul',
        {},
        block.items.map((item) => element('li', {}, wordsHtml(item))),
      );
    case 'table':
      // What is wider than the page is scrolled, so it must be reached by keyboard too.
      return element(
        'div',
        { class: 'wide', tabindex: 0, role: 'group', 'aria-label': `Table: ${block.columns.join(', ')}` },
        element(
          'table',
          {},
          element(
            'thead',
            {},
            element(
              'tr',
              {},
              block.columns.map((column) => element('th', { scope: 'col' }, column)),
            ),
          ),
          element(
            'tbody',
            {},
            block.rows.map((row) =>
              element(
                'tr',
                {},
                row.map((cell) =>
                  element('td', { class: isLong(cell) ? 'long' : undefined }, wordsHtml(cell)),
                ),
              ),
            ),
          ),
        ),
      );
    case 'drawing':
      return element(
        'figure',
        { class: `wide ${block.name}`, tabindex: 0, role: 'group', 'aria-label': block.title },
        block.svg,
      );
  }
}

/** Whether a cell is to be a few words wide on the narrowest screen too. */
function isLong(words: Words): boolean {
  return words.reduce((sum, word) => sum + (typeof word === 'string' ? word : word.code).length, 0) > 30;
}

function wordsHtml(words: Words): (Markup | string)[] {
  return words.map((word) => {
    if (typeof word === 'string') return word;
    const code = element('code', {}, word.code);
    return word.to === undefined ? code : element('a', { href: `#${word.to}` }, code);
  });
}
