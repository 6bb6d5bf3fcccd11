// SPDX-License-Identifier: Apache-2.0
// Who looks for something finds it first, also when a word is misspelt, cut short or put otherwise.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { excerpt } from './excerpt.ts';
import { search } from './search.ts';
import { site } from './site.ts';

describe('search', () => {
  it.for([
    ['rcu', '/skills/rcu'],
    ['Read-copy', '/skills/rcu'],
    ['dma mapping', '/skills/dma-mapping'],
    ['copy_from_user', '/skills/user-memory'],
    ['spinlok', '/skills/locking'],
    ['kasann', '/skills/kasan'],
    ['semd-email', '/skills/sending-patches'],
    ['char-echo', '/labs/char-echo'],
    ['Corbet', '/library/ldd3'],
    ['confidential comp', '/skills/confidential-computing'],
    ['stage 2', '/stages/core'],
  ])('%s finds %s among the first three', ([words, href]) => {
    expect(
      search(words!)
        .slice(0, 3)
        .map((hit) => hit.href),
    ).toContain(href);
  });

  it('finds every skill by its title first', () => {
    for (const { id, title } of site().skills.values())
      expect(search(title)[0]?.href, title).toBe(`/skills/${id}`);
  });

  it('looks for the beginnings of words when nothing fits', () => {
    expect(search('refcounter').map(({ title }) => title)).toContain('Atomics and reference counts');
    expect(search('zzzzzzzz')).toEqual([]);
  });

  it('answers anything, with at most 40', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300, unit: 'grapheme' }), (words) => {
        expect(search(words).length).toBeLessThanOrEqual(40);
      }),
      { numRuns: 60 },
    );
  });
});

describe('excerpt', () => {
  it('shows the words, and only what stands in the text', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'é'), minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 120 }), fc.nat(), (words, at) => {
        const sought = words[at % words.length]!;
        const pieces = excerpt(words.join(' '), [sought]);
        expect(pieces.some(({ text, hit }) => hit && text === sought)).toBe(true);
        const shown = pieces.map(({ text }) => text).join('');
        expect(words.join(' ')).toContain(shown.replace(/^… /, '').replace(/ …$/, ''));
        expect(shown.length).toBeLessThan(190);
      }),
    );
  });
});
