// SPDX-License-Identifier: Apache-2.0
import MiniSearch, { type SearchResult } from 'minisearch';
import type { Depth } from '../../roadmap/schema.ts';
import { briefOf } from './labs.ts';
import { plainText } from './markdown.ts';
import { site } from './site.ts';
import { excerpt, type Piece } from './excerpt.ts';

export interface Hit {
  kind: string;
  title: string;
  href: string;
  /** Of skills. */
  depth?: Depth;
  /** Where the words stand in its text. */
  excerpt: Piece[];
}

interface Entry {
  /** Its address. */
  id: string;
  kind: string;
  title: string;
  /** Short names: ids, taglines, authors. */
  names: string;
  text: string;
  depth?: Depth;
}

export const longestQuery = 100;
const most = 40;

/** Words that say nothing of what is looked for. */
const everywhere = new Set(
  'a an and are as at be by for from in is it its of on or that the this to what with'.split(' '),
);

let index: { search: MiniSearch<Entry>; entries: Map<string, Entry & { phrases: string }> } | undefined;

/**
 * What fits the words best, at most 40. All words count, or, when nothing has them all, any. Each may be
 * the start of a word, or be misspelt in one letter of five; both count less than the word itself. When
 * nothing fits even so, the beginnings of the words are looked for.
 */
export function search(query: string): Hit[] {
  const { search, entries } = (index ??= makeIndex());
  const asked = query.slice(0, longestQuery);
  const phrase = plain(asked);
  const look = (words: string, combineWith: 'AND' | 'OR'): SearchResult[] =>
    search.search(words, {
      combineWith,
      prefix: (term) => term.length > 1,
      fuzzy: (term) => (term.length < 4 ? false : 0.2),
      weights: { prefix: 0.4, fuzzy: 0.2 },
      boost: { title: 5, names: 3 },
      boostDocument: (id: string) => {
        const { kind, phrases } = entries.get(id)!;
        return (kind === 'skill' ? 2 : 1) * (phrases.includes(phrase) ? 3 : 1);
      },
    });
  const stems = wordsOf(asked).map((word) => word.slice(0, Math.max(4, Math.ceil(word.length * 0.6))));
  const found =
    [look(asked, 'AND'), look(asked, 'OR')].find(({ length }) => length > 0) ?? look(stems.join(' '), 'OR');
  return found.slice(0, most).map(({ id, terms }) => {
    const { kind, title, text, depth } = entries.get(id as string)!;
    return { kind, title, href: id as string, excerpt: excerpt(text, terms), ...(depth && { depth }) };
  });
}

/** Words in small letters, with one space between them and around. */
function plain(text: string): string {
  return ` ${wordsOf(text).join(' ')} `;
}

function wordsOf(text: string): string[] {
  return text
    .toLowerCase()
    .split(/[^\p{L}\p{N}_]+/u)
    .filter(Boolean);
}

function makeIndex(): NonNullable<typeof index> {
  const search = new MiniSearch<Entry>({
    fields: ['title', 'names', 'text'],
    processTerm: (term) => (everywhere.has(term) ? null : term),
    tokenize: (text) => wordsOf(text).flatMap(withParts),
  });
  const all = entriesOf().map((entry) => ({ ...entry, text: entry.text.replaceAll('`', '') }));
  search.addAll(all);
  const entries = all.map((entry) => ({ ...entry, phrases: plain(`${entry.title} ${entry.text}`) }));
  return { search, entries: new Map(entries.map((entry) => [entry.id, entry])) };
}

/** A name with underscores is found by its parts too. */
function withParts(word: string): string[] {
  return word.includes('_') ? [word, ...word.split('_').filter(Boolean)] : [word];
}

function entriesOf(): Entry[] {
  const { roadmap, labs } = site();
  return [
    ...roadmap.stages.map((stage) => ({
      id: `/stages/${stage.id}`,
      kind: 'stage',
      title: `${stage.number} · ${stage.title}`,
      names: `stage ${stage.number} ${stage.id} ${stage.tagline}`,
      text: `${stage.says} ${stage.outcome}`,
    })),
    ...roadmap.skills.map(({ id, title, says, depth, proofs, links }) => ({
      id: `/skills/${id}`,
      kind: 'skill',
      title,
      names: id,
      depth,
      text: [
        says,
        ...proofs.flatMap((proof) =>
          'upstream' in proof ? [proof.upstream] : 'mentor' in proof ? [proof.mentor] : [],
        ),
        ...links.map((link) => `${'doc' in link ? link.doc : (link.part ?? '')} ${link.why}`),
      ].join(' '),
    })),
    ...[...labs.values()].map((lab) => ({
      id: `/labs/${lab.id}`,
      kind: 'lab',
      title: lab.title,
      names: `${lab.id} ${lab.module}`,
      text: `${lab.requirements.map(({ says }) => says).join('. ')} ${plainText(briefOf(lab.id).slice(1))}`,
    })),
    ...roadmap.forces.map(({ id, title, says, bet, evidence }) => ({
      id: `/forces/${id}`,
      kind: 'force',
      title,
      names: id,
      text: [says, ...evidence.map((claim) => claim.says), bet].join(' '),
    })),
    ...roadmap.domains.map(({ id, title, says, builds }) => ({
      id: `/domains/${id}`,
      kind: 'domain',
      title,
      names: id,
      text: `${says} ${builds.join('. ')}`,
    })),
    ...roadmap.specializations.map(({ id, title, tagline, says, entry, steps, risks }) => ({
      id: `/specializations/${id}`,
      kind: 'specialization',
      title,
      names: `${id} ${tagline}`,
      text: [says, entry, ...steps, risks].join(' '),
    })),
    ...roadmap.library.map(({ id, title, by, says }) => ({
      id: `/library/${id}`,
      kind: 'work',
      title,
      names: `${id} ${by}`,
      text: says,
    })),
    ...roadmap.sources.map(({ id, title, publisher, supports }) => ({
      id: `/sources/${id}`,
      kind: 'source',
      title,
      names: `${id} ${publisher}`,
      text: supports,
    })),
    ...roadmap.planned.map(({ id, title }) => ({
      id: `/labs#${id}`,
      kind: 'planned lab',
      title,
      names: id,
      text: '',
    })),
  ];
}
