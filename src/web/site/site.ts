// SPDX-License-Identifier: Apache-2.0
import { allLabs, type Lab } from '../../lab/lab.ts';
import { checkRoadmap } from '../../roadmap/check.ts';
import { readRoadmap, type Roadmap } from '../../roadmap/read.ts';
import type { Role, Skill, Stage } from '../../roadmap/schema.ts';
import { BringupError } from '../../shared/errors.ts';

/** All that pages are made of, read once. Maps go from an id to its entry. */
export interface Site {
  roadmap: Roadmap;
  role: Role;
  labs: Map<string, Lab>;
  skills: Map<string, Skill>;
  /** Stage number → its skills, from foundation to expert, shorter ones first. */
  byStage: Map<number, Skill[]>;
  /** Skill id → ids of the skills that need it. */
  neededBy: Map<string, string[]>;
  /** Stage number → hours of all skills of the stages before it. */
  startsAt: Map<number, number>;
}

let read: Site | undefined;

/** The site; read at the first call. Throws E-ROADMAP-BROKEN when the data does not hold together. */
export function site(): Site {
  return (read ??= makeSite());
}

function makeSite(): Site {
  const labs = new Map(allLabs().map((lab) => [lab.id, lab]));
  const { roadmap, problems } = readRoadmap();
  problems.push(...checkRoadmap(roadmap, [...labs.keys()]));
  const [problem] = problems;
  if (problem || !roadmap.role)
    throw new BringupError(
      'E-ROADMAP-BROKEN',
      problem ? `${problem.file}: ${problem.says}` : 'roadmap/role.yaml is not there',
    );
  const byStage = new Map(
    roadmap.stages.map(({ number }) => [
      number,
      roadmap.skills.filter(({ stage }) => stage === number).sort(byDepth),
    ]),
  );
  const startsAt = new Map<number, number>();
  let hours = 0;
  for (const { number } of roadmap.stages) {
    startsAt.set(number, hours);
    hours += hoursOf(byStage.get(number)!);
  }
  return {
    roadmap,
    role: roadmap.role,
    labs,
    skills: new Map(roadmap.skills.map((skill) => [skill.id, skill])),
    byStage,
    neededBy: reversed(roadmap.skills),
    startsAt,
  };
}

const depthOrder = { foundation: 0, working: 1, advanced: 2, expert: 3 };

function byDepth(a: Skill, b: Skill): number {
  return depthOrder[a.depth] - depthOrder[b.depth] || a.hours - b.hours || a.id.localeCompare(b.id);
}

export function hoursOf(skills: readonly Skill[]): number {
  return skills.reduce((sum, { hours }) => sum + hours, 0);
}

function reversed(skills: readonly Skill[]): Map<string, string[]> {
  const map = new Map<string, string[]>(skills.map(({ id }) => [id, []]));
  for (const { id, needs } of skills) for (const need of needs) map.get(need)?.push(id);
  return map;
}

/** The stage of a number that is known to be one. */
export function stageOf(number: number): Stage {
  return stageByNumber(number)!;
}

export function stageByNumber(number: number): Stage | undefined {
  return site().roadmap.stages.find((stage) => stage.number === number);
}
