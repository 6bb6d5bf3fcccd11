// SPDX-License-Identifier: Apache-2.0
import type { Claim, Source } from '../../roadmap/schema.ts';
import { site } from './site.ts';

/** A sentence with the sources it rests on. */
export interface Sourced {
  says: string;
  sources: SourceRef[];
}

export interface SourceRef {
  href: string;
  /** Who said it, and when: 'CNCF 2023'. */
  says: string;
  title: string;
}

export function sourced({ says, sources }: Claim): Sourced {
  return { says, sources: sources.map(sourceRef) };
}

export function sourceRef(id: string): SourceRef {
  const source = site().roadmap.sources.find((entry) => entry.id === id)!;
  return { href: `/sources/${id}`, says: byline(source), title: source.title };
}

function byline({ publisher, date }: Source): string {
  return `${publisher} ${date.slice(0, 4)}`;
}
