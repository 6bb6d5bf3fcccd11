// SPDX-License-Identifier: Apache-2.0

interface Entry {
  href: string;
  says: string;
}

/** What stands in the head of every page. */
export const main: Entry[] = [
  { href: '/', says: 'Roadmap' },
  { href: '/skills', says: 'Skills' },
];

/** What stands at its end. */
export const rest: Entry[] = [];
