// SPDX-License-Identifier: Apache-2.0

/**
 * The part of Markdown that briefs use. There is no raw HTML: what is not known stays text. CommonMark
 * (spec.commonmark.org) and, for tables, GitHub's extension are followed as far as they are supported.
 */
export type Block =
  | { kind: 'heading'; level: number; text: Inline[] }
  | { kind: 'paragraph'; text: Inline[] }
  | { kind: 'list'; ordered: boolean; items: Inline[][] }
  | { kind: 'code'; text: string }
  | { kind: 'table'; head: Inline[][]; rows: Inline[][][] };

export type Inline =
  | { kind: 'text'; text: string }
  | { kind: 'code'; text: string }
  | { kind: 'strong'; text: Inline[] }
  | { kind: 'em'; text: Inline[] }
  | { kind: 'link'; href: string; text: Inline[] };

const bullet = /^([-*+]|\d{1,3}[.)]) +/;
const fence = /^(```|~~~)/;
const rule = /^\|?[\s|:-]*-[\s|:-]*$/;

/** Blocks of a Markdown text. Comments are left out. */
export function markdown(source: string): Block[] {
  const lines = source.replaceAll(/<!--[\s\S]*?-->/g, '').split('\n');
  const blocks: Block[] = [];
  for (let at = 0; at < lines.length;) {
    const line = lines[at]!;
    const heading = /^(#{1,6}) +(.*?)(?: +#+)?$/.exec(line);
    if (line.trim() === '') at++;
    else if (heading) {
      blocks.push({ kind: 'heading', level: heading[1]!.length, text: inline(heading[2]!) });
      at++;
    } else if (fence.test(line)) {
      const end = lines.findIndex((other, index) => index > at && other.startsWith(line.slice(0, 3)));
      const until = end < 0 ? lines.length : end;
      blocks.push({ kind: 'code', text: lines.slice(at + 1, until).join('\n') });
      at = until + 1;
    } else if (line.includes('|') && rule.test(lines[at + 1] ?? '') && lines[at + 1]!.includes('|')) {
      const end = endOf(lines, at, (other) => !other.includes('|'));
      const [head, , ...rows] = lines.slice(at, end).map((row) => cells(row).map(inline));
      blocks.push({ kind: 'table', head: head!, rows });
      at = end;
    } else if (bullet.test(line)) {
      const end = endOf(lines, at, (other) => !bullet.test(other) && !/^\s/.test(other));
      blocks.push({ kind: 'list', ordered: /^\d/.test(line), items: items(lines.slice(at, end)) });
      at = end;
    } else {
      const end = endOf(
        lines,
        at + 1,
        (other) => bullet.test(other) || fence.test(other) || /^#{1,6} /.test(other),
      );
      blocks.push({ kind: 'paragraph', text: inline(lines.slice(at, end).join('\n')) });
      at = end;
    }
  }
  return blocks;
}

/** Index of the first line from `from` on that is empty or ends the block. */
function endOf(lines: readonly string[], from: number, ends: (line: string) => boolean): number {
  const end = lines.findIndex((line, index) => index >= from && (line.trim() === '' || ends(line)));
  return end < 0 ? lines.length : end;
}

function cells(row: string): string[] {
  const inner = row
    .trim()
    .replace(/^\|/, '')
    .replace(/(?<!\\)\|$/, '');
  return inner.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'));
}

/** Items with the lines that go on them. */
function items(lines: readonly string[]): Inline[][] {
  const texts: string[] = [];
  for (const line of lines)
    if (bullet.test(line)) texts.push(line.replace(bullet, ''));
    else texts.push(`${texts.pop()}\n${line.trim()}`);
  return texts.map(inline);
}

// In the order in which they bind: code first, so that nothing inside it is anything else.
const span =
  /(`+)(.+?)\1(?!`)|\*\*(\S(?:.*?\S)?)\*\*|(?<![\w*])[*_](\S(?:.*?\S)?)[*_](?![\w*])|\[([^\]]+)\]\((https:\/\/[^\s)]+)\)/s;

function inline(text: string): Inline[] {
  const found = span.exec(text);
  if (!found) return text === '' ? [] : [{ kind: 'text', text }];
  const [whole, , code, strong, em, label, href] = found;
  const piece: Inline =
    code !== undefined
      ? { kind: 'code', text: code.trim() }
      : strong !== undefined
        ? { kind: 'strong', text: inline(strong) }
        : em !== undefined
          ? { kind: 'em', text: inline(em) }
          : { kind: 'link', href: href!, text: inline(label!) };
  return [...inline(text.slice(0, found.index)), piece, ...inline(text.slice(found.index + whole.length))];
}

/** The words of a text, without marks; for searching in it. */
export function plainText(blocks: readonly Block[]): string {
  return blocks
    .map((block) => {
      if (block.kind === 'code') return block.text;
      if (block.kind === 'list') return block.items.map(words).join(' ');
      if (block.kind === 'table') return [block.head, ...block.rows].flat().map(words).join(' ');
      return words(block.text);
    })
    .join(' ');
}

function words(inlines: readonly Inline[]): string {
  return inlines.map(({ text }) => (typeof text === 'string' ? text : words(text))).join('');
}
