// SPDX-License-Identifier: Apache-2.0
import { depths, type Depth, type Stage } from '../../roadmap/schema.ts';
import { labRef, skillRef, stageRef, type LabRef, type SkillRef, type StageRef } from './refs.ts';
import { stageGraph, type Drawing } from './graph.ts';
import { hoursOf, site } from './site.ts';

/** A stage as a line of the boot log. */
export interface StageLine {
  stage: Stage;
  /** Hours on the way before it, when every skill is taken. */
  at: number;
  hours: number;
  skills: SkillRef[];
  /** Number of skills of each depth, foundation first. */
  count: Record<Depth, number>;
}

export function stageLines(): StageLine[] {
  return site().roadmap.stages.map(stageLine);
}

function stageLine(stage: Stage): StageLine {
  const skills = site().byStage.get(stage.number)!;
  const count = Object.fromEntries(
    depths.map((depth) => [depth, skills.filter((skill) => skill.depth === depth).length]),
  ) as Record<Depth, number>;
  return {
    stage,
    at: site().startsAt.get(stage.number)!,
    hours: hoursOf(skills),
    skills: skills.map(({ id }) => skillRef(id)),
    count,
  };
}

export interface StagePage {
  line: StageLine;
  labs: LabRef[];
  graph: Drawing;
  previous?: StageRef;
  next?: StageRef;
}

/** The page of a stage by its id, or undefined. */
export function stagePage(id: string): StagePage | undefined {
  const { stages } = site().roadmap;
  const at = stages.findIndex((stage) => stage.id === id);
  const stage = stages[at];
  if (!stage) return undefined;
  const [previous, next] = [stages[at - 1], stages[at + 1]];
  return {
    line: stageLine(stage),
    labs: labsOf(stage.number),
    graph: stageGraph(stage.number),
    ...(previous && { previous: stageRef(previous.number) }),
    ...(next && { next: stageRef(next.number) }),
  };
}

/** Labs of a stage: those that are there, then those that are planned. */
export function labsOf(number: number): LabRef[] {
  const { labs, roadmap } = site();
  const there = [...labs.values()].filter(({ stage }) => stage === number);
  const planned = roadmap.planned.filter(({ stage }) => stage === number);
  return [...there, ...planned].map(({ id }) => labRef(id));
}
