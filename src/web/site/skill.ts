// SPDX-License-Identifier: Apache-2.0
import type { Skill } from '../../roadmap/schema.ts';
import { neighbors, type Drawing } from './graph.ts';
import { reading, type Reading } from './reading.ts';
import { fieldRef, labRef, skillRef, skillRefs, stageRef } from './refs.ts';
import type { LabRef, Ref, SkillRef, StageRef } from './refs.ts';
import { site } from './site.ts';

export interface SkillPage {
  skill: Pick<Skill, 'id' | 'title' | 'depth' | 'hours' | 'says'>;
  stage: StageRef;
  needs: SkillRef[];
  /** What needs it. */
  leads: SkillRef[];
  around: Drawing;
  labs: LabRef[];
  upstream: string[];
  mentor: string[];
  readings: Reading[];
  /** Where else the roadmap names it. */
  named: { what: string; refs: Ref[] }[];
  previous?: SkillRef;
  next?: SkillRef;
}

/** The page of a skill, or undefined when there is none of that id. */
export function skillPage(id: string): SkillPage | undefined {
  const skill = site().skills.get(id);
  if (!skill) return undefined;
  const order = [...site().byStage.values()].flat();
  const at = order.indexOf(skill);
  const [previous, next] = [order[at - 1], order[at + 1]];
  const { depth, hours, says, title, proofs } = skill;
  return {
    skill: { id, title, depth, hours, says },
    stage: stageRef(skill.stage),
    needs: skillRefs(skill.needs),
    leads: skillRefs(site().neededBy.get(id)!),
    around: neighbors(id),
    labs: proofs.flatMap((proof) => ('lab' in proof ? [labRef(proof.lab)] : [])),
    upstream: proofs.flatMap((proof) => ('upstream' in proof ? [proof.upstream] : [])),
    mentor: proofs.flatMap((proof) => ('mentor' in proof ? [proof.mentor] : [])),
    readings: skill.links.map(reading),
    named: named(id),
    ...(previous && { previous: skillRef(previous.id) }),
    ...(next && { next: skillRef(next.id) }),
  };
}

function named(id: string): SkillPage['named'] {
  const { roadmap, role } = site();
  const having = (field: 'forces' | 'domains' | 'specializations'): Ref[] =>
    roadmap[field].filter(({ skills }) => skills.includes(id)).map((entry) => fieldRef(field, entry.id));
  const duties = role.duties.filter(({ skills }) => skills.includes(id));
  return [
    { what: 'In the work itself', refs: duties.map(({ title }) => ({ title, href: '/#role' })) },
    { what: 'Forces', refs: having('forces') },
    { what: 'Domains', refs: having('domains') },
    { what: 'Specializations', refs: having('specializations') },
  ].filter(({ refs }) => refs.length > 0);
}

/** What became of an id that was published once: its new id, or that it was given up. */
export function pastSkill(id: string): { renamed: string } | { retired: true } | undefined {
  const { renamed, retired } = site().roadmap.ledger;
  let now = id;
  for (let next = renamed[id]; next; next = renamed[next]) now = next;
  if (now !== id) return { renamed: now };
  return retired.includes(id) ? { retired: true } : undefined;
}
