// SPDX-License-Identifier: Apache-2.0

interface Entry {
  href: string;
  says: string;
}

/** What stands in the head of every page. */
export const main: Entry[] = [
  { href: '/', says: 'Roadmap' },
  { href: '/skills', says: 'Skills' },
  { href: '/graph', says: 'Graph' },
  { href: '/labs', says: 'Labs' },
  { href: '/specializations', says: 'Specializations' },
  { href: '/start', says: 'Where to start' },
  { href: '/plan', says: 'My plan' },
  { href: '/work', says: 'My work' },
];

/** What stands at its end. */
export const rest: Entry[] = [
  { href: '/forces', says: 'Forces' },
  { href: '/domains', says: 'Domains' },
  { href: '/library', says: 'Library' },
  { href: '/sources', says: 'Sources' },
  { href: '/api', says: 'Data as JSON' },
];
