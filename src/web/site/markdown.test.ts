// SPDX-License-Identifier: Apache-2.0
// Briefs are shown as they are meant, and nothing in one can become markup of a page.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allLabs } from '../../lab/lab.ts';
import { markdown, plainText } from './markdown.ts';

describe('markdown', () => {
  it('reads headings, paragraphs and spans', () => {
    expect(markdown('# A `b`\n\nOne **two `three`** and\n*four*.')).toEqual([
      {
        kind: 'heading',
        level: 1,
        text: [
          { kind: 'text', text: 'A ' },
          { kind: 'code', text: 'b' },
        ],
      },
      {
        kind: 'paragraph',
        text: [
          { kind: 'text', text: 'One ' },
          {
            kind: 'strong',
            text: [
              { kind: 'text', text: 'two ' },
              { kind: 'code', text: 'three' },
            ],
          },
          { kind: 'text', text: ' and\n' },
          { kind: 'em', text: [{ kind: 'text', text: 'four' }] },
          { kind: 'text', text: '.' },
        ],
      },
    ]);
  });

  it('reads lists whose items go on in the next line', () => {
    expect(markdown('- one\n  more\n- two\n\nafter')).toEqual([
      {
        kind: 'list',
        ordered: false,
        items: [[{ kind: 'text', text: 'one\nmore' }], [{ kind: 'text', text: 'two' }]],
      },
      { kind: 'paragraph', text: [{ kind: 'text', text: 'after' }] },
    ]);
  });

  it('reads tables, with escaped bars', () => {
    const [table] = markdown('| a | b |\n|---|---|\n| 1 | x \\| y |\n');
    expect(table).toEqual({
      kind: 'table',
      head: [[{ kind: 'text', text: 'a' }], [{ kind: 'text', text: 'b' }]],
      rows: [[[{ kind: 'text', text: '1' }], [{ kind: 'text', text: 'x | y' }]]],
    });
  });

  it('keeps what stands in a fence as it is', () => {
    expect(markdown('```c\n*p = a_b_c;\n\n# no heading\n```')).toEqual([
      { kind: 'code', text: '*p = a_b_c;\n\n# no heading' },
    ]);
  });

  it('leaves names with underscores and multiplications alone', () => {
    expect(markdown('copy_from_user and a * b * c')).toEqual([
      { kind: 'paragraph', text: [{ kind: 'text', text: 'copy_from_user and a * b * c' }] },
    ]);
  });

  it('links only to https', () => {
    expect(plainText(markdown('[a](https://x.org) [b](javascript:alert(1))'))).toBe(
      'a [b](javascript:alert(1))',
    );
    expect(JSON.stringify(markdown('[b](javascript:alert(1))'))).not.toContain('"link"');
  });

  it('leaves out comments and keeps all words of every brief', () => {
    for (const lab of allLabs()) {
      const brief = readFileSync(join(lab.folder, 'brief.md'), 'utf8');
      const blocks = markdown(brief);
      expect(blocks[0]).toMatchObject({ kind: 'heading', level: 1 });
      const letters = (text: string): string => text.replaceAll(/[^a-z]/gi, '');
      const body = brief.replaceAll(/<!--[\s\S]*?-->|^```.*$/gm, ''); // a fence's language is no word
      expect(letters(plainText(blocks)), lab.id).toBe(letters(body));
    }
  });

  it('ends on any text', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom('a', ' ', '\n', '*', '`', '|', '-', '#', '[', '(', '_', '1', '.'),
        }),
        (text) => {
          expect(() => plainText(markdown(text))).not.toThrow();
        },
      ),
    );
  });
});
