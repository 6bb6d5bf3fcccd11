// SPDX-License-Identifier: Apache-2.0
import { closure } from '../../roadmap/graph.ts';
import { depths, type Depth } from '../../roadmap/schema.ts';
import { site } from './site.ts';

/** Which skills the boot log shows. Nothing chosen of a kind means all of it. */
export interface Filter {
  depths: Depth[];
  /** Id of a domain or specialization; '' for any. */
  domain: string;
  specialization: string;
  mine: Mark | '';
}

/** How a skill stands to the person who looks: shown, not shown yet, ahead in their plan. */
export const marks = ['have', 'missing', 'planned'] as const;
export type Mark = (typeof marks)[number];

/** A domain or specialization that skills lead to. Its number is its place among all ways. */
export interface Way {
  number: number;
  id: string;
  title: string;
}

/** Reads a filter from the parameters of a page; what is not known counts as not chosen. */
export function filterOf(params: URLSearchParams): Filter {
  const one = (field: 'domain' | 'specialization'): string => {
    const id = params.get(field) ?? '';
    return site().roadmap[`${field}s`].some((entry) => entry.id === id) ? id : '';
  };
  const asked = params.getAll('depth');
  return {
    depths: depths.filter((depth) => asked.includes(depth)),
    domain: one('domain'),
    specialization: one('specialization'),
    mine: marks.find((mark) => mark === params.get('mine')) ?? '',
  };
}

export function domainWays(): Way[] {
  return site().roadmap.domains.map(({ id, title }, number) => ({ number, id, title }));
}

export function specializationWays(): Way[] {
  const before = site().roadmap.domains.length;
  return site().roadmap.specializations.map(({ id, title }, at) => ({ number: before + at, id, title }));
}

let kept: Map<string, number[]> | undefined;

/** Skill id → numbers of the ways it lies on: those that name it, or that name a skill which needs it. */
export function waysOf(skill: string): number[] {
  if (!kept) {
    const needs = new Map(site().roadmap.skills.map(({ id, needs }) => [id, needs]));
    const targets = [...site().roadmap.domains, ...site().roadmap.specializations];
    const sets = targets.map(({ skills }) => closure(needs, skills));
    kept = new Map(
      [...site().skills.keys()].map((id) => [id, sets.flatMap((set, at) => (set.has(id) ? [at] : []))]),
    );
  }
  return kept.get(skill)!;
}

/** Says of a skill whether a filter shows it. `marksOf` is not there when nothing is known of the person. */
export function filtering(
  { depths, domain, specialization, mine }: Filter,
  marksOf?: (skill: string) => Mark[],
): (skill: Shown) => boolean {
  const wanted = [
    domainWays().find(({ id }) => id === domain),
    specializationWays().find(({ id }) => id === specialization),
  ].flatMap((way) => (way ? [way.number] : []));
  return ({ id, depth }) =>
    (depths.length === 0 || depths.includes(depth)) &&
    (mine === '' || !marksOf || marksOf(id).includes(mine)) &&
    wanted.every((way) => waysOf(id).includes(way));
}

interface Shown {
  id: string;
  depth: Depth;
}
