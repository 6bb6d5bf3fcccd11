// SPDX-License-Identifier: Apache-2.0
import type { Role } from '../../roadmap/schema.ts';
import { sourced, sourceRef, type Sourced, type SourceRef } from './claims.ts';
import {
  domainWays,
  filterOf,
  filtering,
  marks,
  specializationWays,
  waysOf,
  type Filter,
  type Mark,
  type Way,
} from './filter.ts';
import { labCount, skillRefs, type Ref, type SkillRef } from './refs.ts';
import { site } from './site.ts';
import { stageLines, type StageLine } from './stages.ts';

/** A skill in the boot log, with what a filter needs to know of it. */
export interface LogSkill extends SkillRef {
  shown: boolean;
  ways: number[];
  marks: Mark[];
}

export interface LogLine extends Omit<StageLine, 'skills'> {
  skills: LogSkill[];
}

export interface HomePage {
  counts: { skills: number; labs: number; planned: number; hours: number };
  firstLab: string;
  filter: Filter;
  /** True when the filter leaves something out. */
  filtered: boolean;
  domains: Way[];
  specializations: Way[];
  marks: readonly Mark[];
  log: LogLine[];
  forces: (Ref & { claims: number })[];
  fields: (Ref & { builds: string[] })[];
  directions: (Ref & { tagline: string; stage: number; labs: string })[];
  sources: number;
  role: RoleSection;
}

export interface RoleSection extends Pick<Role, 'title' | 'tagline' | 'says' | 'employers'> {
  duties: { title: string; says: string; skills: SkillRef[] }[];
  reasons: { title: string; says: string; claims: Sourced[] }[];
  pay: (Omit<Role['pay'][number], 'source'> & { source: SourceRef })[];
}

/** `marksOf`: how a skill stands to the person who looks, when that is known. */
export function homePage(params: URLSearchParams, marksOf?: (skill: string) => Mark[]): HomePage {
  const { roadmap, labs } = site();
  const filter = filterOf(params);
  const shows = filtering(filter, marksOf);
  const lines = stageLines();
  const last = lines.at(-1)!;
  return {
    counts: {
      skills: roadmap.skills.length,
      labs: labs.size,
      planned: roadmap.planned.length,
      hours: last.at + last.hours,
    },
    firstLab: [...labs.keys()][0]!,
    filter,
    filtered:
      filter.depths.length > 0 ||
      filter.domain !== '' ||
      filter.specialization !== '' ||
      (filter.mine !== '' && marksOf !== undefined),
    domains: domainWays(),
    specializations: specializationWays(),
    marks,
    log: lines.map((line) => ({
      ...line,
      skills: line.skills.map((skill) => ({
        ...skill,
        shown: shows(skill),
        ways: waysOf(skill.id),
        marks: marksOf?.(skill.id) ?? [],
      })),
    })),
    forces: roadmap.forces.map(({ id, title, evidence }) => ({
      title,
      href: `/forces/${id}`,
      claims: evidence.length,
    })),
    fields: roadmap.domains.map(({ id, title, builds }) => ({ title, href: `/domains/${id}`, builds })),
    directions: roadmap.specializations.map(({ id, title, tagline, pairs, labs: its }) => ({
      title,
      href: `/specializations/${id}`,
      tagline,
      stage: pairs.stage,
      labs: labCount(its),
    })),
    sources: roadmap.sources.length,
    role: roleSection(),
  };
}

function roleSection(): RoleSection {
  const { title, tagline, says, duties, employers, reasons, pay } = site().role;
  return {
    title,
    tagline,
    says,
    employers,
    duties: duties.map((duty) => ({ ...duty, skills: skillRefs(duty.skills) })),
    reasons: reasons.map((reason) => ({ ...reason, claims: reason.claims.map(sourced) })),
    pay: pay.map((band) => ({ ...band, source: sourceRef(band.source) })),
  };
}
