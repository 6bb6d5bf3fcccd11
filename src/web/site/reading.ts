// SPDX-License-Identifier: Apache-2.0
import type { Link } from '../../roadmap/schema.ts';
import { site } from './site.ts';

/** Something to read: where it is, and why. */
export interface Reading {
  kind: string;
  title: string;
  href: string;
  why?: string;
  part?: string;
  by?: string;
  /** The page about a work of the library. */
  about?: string;
}

export function reading(link: Link): Reading {
  if ('doc' in link) return { ...kernelDoc(link.doc), why: link.why };
  const work = site().roadmap.library.find(({ id }) => id === link.work)!;
  return {
    kind: work.kind,
    title: work.title,
    href: work.url,
    why: link.why,
    by: work.by,
    about: `/library/${work.id}`,
    ...(link.part && { part: link.part }),
  };
}

/** A page of the kernel's own documentation: where it is rendered, or its source when it is plain text. */
export function kernelDoc(path: string): Reading {
  const title = path.replace(/^Documentation\//, '');
  const href = title.endsWith('.rst')
    ? `https://docs.kernel.org/${title.replace(/\.rst$/, '.html')}`
    : `https://git.kernel.org/pub/scm/linux/kernel/git/torvalds/linux.git/tree/${path}`;
  return { kind: 'kernel documentation', title, href };
}
