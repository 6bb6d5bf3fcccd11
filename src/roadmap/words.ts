// SPDX-License-Identifier: Apache-2.0

/** A word of a text, and where it stands: offsets in UTF-16 units, `to` behind its last one. */
export interface Word {
  text: string;
  from: number;
  to: number;
  /** Nothing but space, one line break, or one hyphen, slash or dot lies between it and the word before. */
  joined: boolean;
}

/** The most words that a phrase of roadmap/aliases.yaml may have. */
export const longestPhrase = 6;

// No part of it can match what another part can, so matching takes time in proportion to the text.
const word = /[\p{L}\p{M}\p{N}_]+(?:\.\p{N}+)*(?:(?:\+\+|#)\p{N}*)?/gu;
const widestGap = 24;
const gaps = [/^[ \t\u00a0]+$/, /^[-/.\u2010\u2011\u2013]$/, /^[ \t]*\r?\n[ \t]*$/];

/**
 * The words of a text, for phrases to be found in: letters, digits and `_`, with the digits of `6.12` kept
 * together and the signs of `C++17` and `C#` kept. Takes time in proportion to the text, whatever it is.
 */
export function words(text: string): Word[] {
  let end = 0;
  return Array.from(text.matchAll(word), (match) => {
    const from = match.index;
    const gap = from - end <= widestGap ? text.slice(end, from) : '';
    end = from + match[0].length;
    return { text: match[0], from, to: end, joined: gaps.some((form) => form.test(gap)) };
  });
}

/** A word without what only looks different: `I²C` is `I2C`. Case stays. */
export function plain(text: string): string {
  // Longer ones are no word of any phrase, and some characters unfold to many.
  return text.length > 60 ? text : text.normalize('NFKC');
}

/** A phrase as the words by which it is looked up, without case. */
export function phraseKey(phrase: string): string[] {
  return words(phrase).map(({ text }) => plain(text).toLowerCase());
}
