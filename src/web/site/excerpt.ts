// SPDX-License-Identifier: Apache-2.0

/** A piece of text; `hit` when it is one of the words that were looked for. */
export interface Piece {
  text: string;
  hit: boolean;
}

const length = 180;

/** About 180 letters of a text around the first of some words (of letters, digits, _), which are set apart. */
export function excerpt(text: string, words: readonly string[]): Piece[] {
  const flat = text.replaceAll(/\s+/g, ' ').trim();
  const found = pattern(words)?.exec(flat);
  let from = Math.max(0, (found?.index ?? 0) - length / 3);
  if (from > 0) from = flat.indexOf(' ', from) + 1;
  let to = Math.min(flat.length, from + length);
  if (to < flat.length) to = flat.lastIndexOf(' ', to);
  const shown = `${from > 0 ? '… ' : ''}${flat.slice(from, to)}${to < flat.length ? ' …' : ''}`;
  const split = pattern(words);
  return split
    ? shown
        .split(split)
        .map((piece, at) => ({ text: piece, hit: at % 2 === 1 }))
        .filter((piece) => piece.text !== '')
    : [{ text: shown, hit: false }];
}

function pattern(words: readonly string[]): RegExp | undefined {
  if (words.length === 0) return undefined;
  const longestFirst = [...words].sort((a, b) => b.length - a.length).join('|');
  return new RegExp(`(?<![\\p{L}\\p{N}])(${longestFirst})(?![\\p{L}\\p{N}])`, 'iu');
}
