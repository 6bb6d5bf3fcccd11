// SPDX-License-Identifier: Apache-2.0
import { site } from './site.ts';

const fields = ['forces', 'domains', 'specializations', 'sources', 'library'] as const;

/** Pages with a person's state: they need the database. */
export const statePages = ['/start', '/plan', '/work'];

/** The addresses of all pages. */
export function allPages(): string[] {
  const { roadmap, labs } = site();
  const each = (name: string, entries: Iterable<{ id: string }>): string[] =>
    [...entries].map(({ id }) => `/${name}/${id}`);
  return [
    '/',
    '/skills',
    '/graph',
    '/labs',
    '/search',
    '/api',
    ...statePages,
    ...fields.map((field) => `/${field}`),
    ...each('stages', roadmap.stages),
    ...each('skills', roadmap.skills),
    ...each('labs', labs.values()),
    ...[...labs.values()].filter(({ silicon }) => silicon).map(({ id }) => `/labs/${id}/datasheet`),
    ...fields.flatMap((field) => each(field, roadmap[field])),
  ];
}

/** One page of each kind: those alone of theirs, and the first of each that has many. */
export function pageKinds(): string[] {
  const kinds = new Map<string, string>();
  for (const path of allPages()) {
    const [, name = '', id, part = ''] = path.split('/');
    const kind = id === undefined ? path : `/${name}/${part}`;
    if (!kinds.has(kind)) kinds.set(kind, path);
  }
  return [...kinds.values(), '/search?q=lock', '/graph?stage=core', '/?depth=expert'];
}
