// SPDX-License-Identifier: Apache-2.0
import type { Depth } from '../../roadmap/schema.ts';
import { site, stageOf } from './site.ts';

/** What a page shows of something that has a page of its own. */
export interface Ref {
  title: string;
  href: string;
}

export interface SkillRef extends Ref {
  id: string;
  depth: Depth;
  hours: number;
  stage: number;
}

export interface LabRef extends Ref {
  id: string;
  stage: number;
  /** For a lab that can be worked on now; a planned one has none. */
  minutes?: number;
}

export function skillRef(id: string): SkillRef {
  const { title, depth, hours, stage } = site().skills.get(id)!;
  return { id, title, depth, hours, stage, href: `/skills/${id}` };
}

/** Skills in the order of the way: by stage, then as the stage has them. */
export function skillRefs(ids: Iterable<string>): SkillRef[] {
  const wanted = new Set(ids);
  return [...site().byStage.values()]
    .flat()
    .filter(({ id }) => wanted.has(id))
    .map(({ id }) => skillRef(id));
}

/** A lab that is there or planned. */
export function labRef(id: string): LabRef {
  const lab = site().labs.get(id);
  if (lab) return { id, title: lab.title, stage: lab.stage, minutes: lab.minutes, href: `/labs/${id}` };
  const { title, stage } = site().roadmap.planned.find((planned) => planned.id === id)!;
  return { id, title, stage, href: `/labs#${id}` };
}

export interface StageRef extends Ref {
  number: number;
}

export function stageRef(number: number): StageRef {
  const { id, title } = stageOf(number);
  return { number, title, href: `/stages/${id}` };
}

/** What has a list and a page for each entry, apart from skills, labs and stages. */
export type Field = 'forces' | 'domains' | 'specializations' | 'sources' | 'library';

export function fieldRef(field: Field, id: string): Ref {
  const { title } = site().roadmap[field].find((entry) => entry.id === id)!;
  return { title, href: `/${field}/${id}` };
}

/** How many of some labs there are, and how many are planned: '1 lab, 4 planned'. */
export function labCount(ids: readonly string[]): string {
  const there = ids.filter((id) => site().labs.has(id)).length;
  const planned = ids.length - there;
  const labs = `${there || planned} ${(there || planned) === 1 ? 'lab' : 'labs'}`;
  return there === 0 ? `${labs} planned` : planned === 0 ? labs : `${labs}, ${planned} planned`;
}
