// SPDX-License-Identifier: Apache-2.0
import type { Roadmap } from '../roadmap/read.ts';
import { phraseKey, plain, words, type Word } from '../roadmap/words.ts';
import { BringupError } from '../shared/errors.ts';
import { oneLine } from './text.ts';
import { unmatched } from './unmatched.ts';

/** The most that is read of a job description, in bytes of UTF-8. */
export const largestJob = 64 * 1024;

/** A piece of the text: offsets in UTF-16 units, `to` behind its last one. */
export interface Place {
  text: string;
  from: number;
  to: number;
}

export interface JobMatch {
  /** Phrases that ask for skills, in order of the text. */
  matches: (Place & { skills: string[] })[];
  /** Each skill once: how many phrases ask for it, and which, as the text has them. The most asked for first. */
  skills: { skill: string; count: number; phrases: string[] }[];
  /** Phrases that are known and no part of the roadmap. */
  outside: (Place & { says: string })[];
  /** What looks like a requirement and is not known: names, and whole lines without a phrase. */
  unknown: { terms: Place[]; lines: Place[] };
}

interface Node {
  next: Map<string, Node>;
  /** What a phrase that ends here means; `exact` is how it has to be written. */
  entries: { exact?: string; skills?: string[]; says?: string }[];
}

/**
 * Finds what a job description asks for, by the table in roadmap/aliases.yaml. Words are looked up in a
 * tree of the table's phrases, the longest phrase winning, so the time is in proportion to the text
 * whatever is in it. Throws E-INPUT for more than 64 KiB.
 */
export function matchJob(roadmap: Roadmap, text: string): JobMatch {
  if (Buffer.byteLength(text) > largestJob)
    throw new BringupError('E-INPUT', `the job description has more than ${largestJob / 1024} KiB`, {
      next: 'Paste only the part that says what is asked for.',
    });
  const tree = treeOf(roadmap);
  const all = words(text);
  const keys = all.map((word) => plain(word.text));
  const matches: JobMatch['matches'] = [];
  const outside: JobMatch['outside'] = [];
  const covered = new Set<number>();
  for (let at = 0; at < all.length; at++) {
    const found = longest(tree, all, keys, at);
    if (!found) continue;
    const place = placeOf(text, all[at]!, all[found.last]!);
    if (found.entry.skills) matches.push({ ...place, skills: found.entry.skills });
    else outside.push({ ...place, says: found.entry.says! });
    for (let word = at; word <= found.last; word++) covered.add(word);
    at = found.last;
  }
  return {
    matches,
    skills: bySkill(roadmap, matches),
    outside,
    unknown: unmatched(text, all, covered),
  };
}

const trees = new WeakMap<Roadmap['aliases'], Node>();

/** The tree of all phrases, made once for each table. */
function treeOf({ aliases }: Roadmap): Node {
  const known = trees.get(aliases);
  if (known) return known;
  const root: Node = { next: new Map(), entries: [] };
  const add = (phrase: string, entry: Node['entries'][number]): void => {
    let node = root;
    for (const key of phraseKey(phrase)) {
      let next = node.next.get(key);
      if (!next) node.next.set(key, (next = { next: new Map(), entries: [] }));
      node = next;
    }
    node.entries.push(entry);
  };
  for (const { phrases, exact, ...entry } of [...aliases.covered, ...aliases.outside]) {
    for (const phrase of phrases) add(phrase, entry);
    for (const phrase of exact)
      add(phrase, { ...entry, exact: written(words(phrase).map(({ text }) => text)) });
  }
  trees.set(aliases, root);
  return root;
}

function longest(
  tree: Node,
  all: readonly Word[],
  keys: readonly string[],
  start: number,
): { entry: Node['entries'][number]; last: number } | undefined {
  let node: Node | undefined = tree;
  let best: { entry: Node['entries'][number]; last: number } | undefined;
  // The tree is as deep as the longest phrase, so this loop is short.
  for (let at = start; node && at < all.length && (at === start || all[at]!.joined); at++) {
    const key: string = keys[at]!.toLowerCase();
    for (const cut of key.length > 2 && key.endsWith('s') ? [0, 1] : [0]) {
      const entry = node.next
        .get(key.slice(0, key.length - cut))
        ?.entries.find(
          ({ exact }) => exact === undefined || written(keys.slice(start, at + 1), cut) === exact,
        );
      if (entry && best?.last !== at) best = { entry, last: at };
    }
    node = node.next.get(key);
  }
  return best;
}

/** Words as they are written, without the last `cut` letters: the s of a plural. */
function written(keys: readonly string[], cut = 0): string {
  const text = keys.join(' ');
  return text.slice(0, text.length - cut);
}

function bySkill({ skills }: Roadmap, matches: JobMatch['matches']): JobMatch['skills'] {
  const found = new Map<string, { skill: string; count: number; phrases: string[] }>();
  for (const { text, skills: ids } of matches)
    for (const skill of ids) {
      const one = found.get(skill) ?? { skill, count: 0, phrases: [] };
      one.count += 1;
      if (!one.phrases.some((phrase) => phrase.toLowerCase() === text.toLowerCase())) one.phrases.push(text);
      found.set(skill, one);
    }
  // Skills in the order of the roadmap, then by count: sorting keeps the order of equals.
  return skills.flatMap(({ id }) => found.get(id) ?? []).sort((a, b) => b.count - a.count);
}

function placeOf(text: string, first: Word, last: Word): Place {
  return { text: oneLine(text.slice(first.from, last.to)), from: first.from, to: last.to };
}
