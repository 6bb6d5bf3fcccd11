// SPDX-License-Identifier: Apache-2.0
import type { Domain, Force, Source, Specialization, Work } from '../../roadmap/schema.ts';
import { sourced, type Sourced } from './claims.ts';
import { fieldRef, labCount, labRef, skillRefs, stageRef } from './refs.ts';
import type { Field, LabRef, Ref, SkillRef, StageRef } from './refs.ts';
import { site } from './site.ts';

/** A list of entries that each have a page. */
export interface FieldList {
  title: string;
  says: string;
  entries: (Ref & { id: string; note: string; says: string })[];
}

const lists: Record<Field, () => Omit<FieldList, 'entries'> & { entries: FieldList['entries'] }> = {
  forces: () => ({
    title: 'Forces',
    says: 'What changes around the kernel and moves what is asked for. Each claim names its sources, and each force says what it means for somebody who chooses what to learn.',
    entries: site().roadmap.forces.map(({ id, title, says, evidence }) => ({
      ...entry('forces', id, title),
      note: `${evidence.length} claims`,
      says,
    })),
  }),
  domains: () => ({
    title: 'Domains',
    says: 'Fields of work that stand on kernel and driver code, with what is built there and the skills it takes.',
    entries: site().roadmap.domains.map(({ id, title, says, labs }) => ({
      ...entry('domains', id, title),
      note: labCount(labs),
      says,
    })),
  }),
  specializations: () => ({
    title: 'Specializations',
    says: 'Directions for the years after the core: why each pays, what it builds on, how to begin, and what may go wrong. Some grow out of a stage; others are better taken up on top of real work.',
    entries: site().roadmap.specializations.map(({ id, title, tagline, pairs }) => ({
      ...entry('specializations', id, title),
      note: `with stage ${pairs.stage}`,
      says: `${tagline}.`,
    })),
  }),
  sources: () => ({
    title: 'Sources',
    says: 'Where the figures and claims of the roadmap come from, with what each supports. Figures of pay are indicative.',
    entries: site().roadmap.sources.map(({ id, title, publisher, date, supports }) => ({
      ...entry('sources', id, title),
      note: `${publisher} ${date.slice(0, 4)}`,
      says: supports,
    })),
  }),
  library: () => ({
    title: 'Library',
    says: 'Books, courses, articles and tools that skills point into, beside the kernel’s own documentation.',
    entries: site().roadmap.library.map(({ id, title, kind, by, free }) => ({
      ...entry('library', id, title),
      note: free ? kind : `${kind}, to be bought`,
      says: by,
    })),
  }),
};

function entry(field: Field, id: string, title: string): { id: string; title: string; href: string } {
  return { id, title, href: `/${field}/${id}` };
}

/** The list of a field by its name in the address, or undefined. */
export function fieldList(name: string): FieldList | undefined {
  return Object.hasOwn(lists, name) ? lists[name as Field]() : undefined;
}

function find<T extends { id: string }>(entries: readonly T[], id: string): T | undefined {
  return entries.find((candidate) => candidate.id === id);
}

export interface ForcePage {
  force: Pick<Force, 'title' | 'says' | 'bet'>;
  evidence: Sourced[];
  skills: SkillRef[];
}

export function forcePage(id: string): ForcePage | undefined {
  const force = find(site().roadmap.forces, id);
  return force && { force, evidence: force.evidence.map(sourced), skills: skillRefs(force.skills) };
}

export interface DomainPage {
  domain: Pick<Domain, 'id' | 'title' | 'says' | 'builds'>;
  skills: SkillRef[];
  specializations: Ref[];
  labs: LabRef[];
}

export function domainPage(id: string): DomainPage | undefined {
  const domain = find(site().roadmap.domains, id);
  return (
    domain && {
      domain,
      skills: skillRefs(domain.skills),
      specializations: domain.specializations.map((one) => fieldRef('specializations', one)),
      labs: domain.labs.map(labRef),
    }
  );
}

export interface SpecializationPage {
  specialization: Pick<Specialization, 'id' | 'title' | 'tagline' | 'says' | 'entry' | 'steps' | 'risks'>;
  pays: Sourced[];
  pairs: { stage: StageRef; says: string };
  skills: SkillRef[];
  labs: LabRef[];
  domains: Ref[];
}

export function specializationPage(id: string): SpecializationPage | undefined {
  const specialization = find(site().roadmap.specializations, id);
  const domains = site().roadmap.domains.filter((domain) => domain.specializations.includes(id));
  return (
    specialization && {
      specialization,
      pays: specialization.pays.map(sourced),
      pairs: { stage: stageRef(specialization.pairs.stage), says: specialization.pairs.says },
      skills: skillRefs(specialization.skills),
      labs: specialization.labs.map(labRef),
      domains: domains.map((domain) => fieldRef('domains', domain.id)),
    }
  );
}

export interface SourcePage {
  source: Source;
  /** The claims that rest on it, and where they stand. */
  claims: { says: string; where: Ref }[];
}

export function sourcePage(id: string): SourcePage | undefined {
  const source = find(site().roadmap.sources, id);
  return source && { source, claims: claimsOn(id) };
}

function claimsOn(source: string): SourcePage['claims'] {
  const { roadmap, role } = site();
  const home = { title: 'The role', href: '/#role' };
  return [
    ...role.reasons.flatMap(({ claims }) => claims.map((claim) => ({ ...claim, where: home }))),
    ...role.pay.map((pay) => ({
      says: `${pay.level}, ${pay.country}: ${pay.band} (${pay.quality})`,
      sources: [pay.source],
      where: { title: 'Pay', href: '/#pay' },
    })),
    ...roadmap.forces.flatMap(({ id, evidence }) =>
      evidence.map((claim) => ({ ...claim, where: fieldRef('forces', id) })),
    ),
    ...roadmap.specializations.flatMap(({ id, pays }) =>
      pays.map((claim) => ({ ...claim, where: fieldRef('specializations', id) })),
    ),
  ]
    .filter(({ sources }) => sources.includes(source))
    .map(({ says, where }) => ({ says, where }));
}

export interface WorkPage {
  work: Work;
  /** The skills that point into it. */
  skills: SkillRef[];
}

export function workPage(id: string): WorkPage | undefined {
  const work = find(site().roadmap.library, id);
  const skills = site().roadmap.skills.filter(({ links }) =>
    links.some((link) => 'work' in link && link.work === id),
  );
  return work && { work, skills: skillRefs(skills.map((skill) => skill.id)) };
}
