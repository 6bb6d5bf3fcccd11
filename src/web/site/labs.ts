// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Depth } from '../../roadmap/schema.ts';
import { markdown, type Block } from './markdown.ts';
import { kernelDoc, type Reading } from './reading.ts';
import { fieldRef, labRef, skillRef, stageRef } from './refs.ts';
import type { LabRef, Ref, SkillRef, StageRef } from './refs.ts';
import { site } from './site.ts';
import { labsOf } from './stages.ts';

export interface LabPage {
  lab: { id: string; title: string; minutes: number; flavor: string; module: string; hints: number };
  /** Address of the data sheet, when the lab is about a chip of ours. */
  sheet?: string;
  stage: StageRef;
  requirements: { id: string; says: string }[];
  skills: { skill: SkillRef; depth: Depth }[];
  needs: LabRef[];
  /** The brief without its title. */
  brief: Block[];
  readings: Reading[];
  named: Ref[];
}

/** The page of a lab that is there, or undefined. */
export function labPage(id: string): LabPage | undefined {
  const lab = site().labs.get(id);
  if (!lab) return undefined;
  const { title, minutes, flavor, module } = lab;
  return {
    lab: { id, title, minutes, flavor, module, hints: lab.hints.length },
    ...(lab.silicon !== undefined && { sheet: `/labs/${id}/datasheet` }),
    stage: stageRef(lab.stage),
    requirements: lab.requirements,
    skills: lab.skills
      .filter((skill) => site().skills.has(skill.id))
      .map((skill) => ({ skill: skillRef(skill.id), depth: skill.depth })),
    needs: lab.needs.map(labRef),
    brief: briefOf(id).filter((block) => block.kind !== 'heading' || block.level > 1),
    readings: lab.read.map(kernelDoc),
    named: (['domains', 'specializations'] as const).flatMap((field) =>
      site()
        .roadmap[field].filter(({ labs }) => labs.includes(id))
        .map((entry) => fieldRef(field, entry.id)),
    ),
  };
}

export function briefOf(id: string): Block[] {
  return markdown(readFileSync(join(site().labs.get(id)!.folder, 'brief.md'), 'utf8'));
}

/** All labs by stage. */
export function labLists(): { stage: StageRef; labs: LabRef[] }[] {
  return site().roadmap.stages.map(({ number }) => ({ stage: stageRef(number), labs: labsOf(number) }));
}

/** True for a lab that is announced and not there yet. */
export function isPlanned(id: string): boolean {
  return site().roadmap.planned.some((planned) => planned.id === id);
}
