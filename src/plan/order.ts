// SPDX-License-Identifier: Apache-2.0
import { cycleIn } from '../roadmap/graph.ts';
import type { Roadmap } from '../roadmap/read.ts';
import { depths, type Skill } from '../roadmap/schema.ts';
import { BringupError } from '../shared/errors.ts';
import type { PlanLab, StepId } from './plan.ts';

/** The whole roadmap as steps in the one order in which every plan takes them. */
export interface Order {
  skills: ReadonlyMap<string, Skill>;
  labs: ReadonlyMap<string, OrderedLab>;
  /** Every skill and lab, each after all that it comes after. */
  all: readonly StepId[];
  /** Skills come after their needs; labs after their labs and after the skills they take or prove. */
  after: ReadonlyMap<StepId, readonly StepId[]>;
}

/** Ids that a lab has to do with, as far as they are there. */
export interface OrderedLab {
  lab: PlanLab;
  /** Labs that come first. */
  needs: string[];
  /** Skills it exercises, of its own stage or an earlier one. What is of a later stage it teaches on the way. */
  takes: string[];
  /** Skills whose proofs name it. */
  proves: string[];
}

/**
 * One order for all plans: topological (Kahn's algorithm), and among what is possible by stage, then
 * depth, then place in the ledger. A plan is a selection of it, so no replan turns two steps around. A
 * lab stands right behind the last of its skills. Throws E-INTERNAL for needs in a circle, which the
 * roadmap's check refuses.
 */
export function orderOf(roadmap: Roadmap, labList: readonly PlanLab[]): Order {
  const skills = new Map(roadmap.skills.map((skill) => [skill.id, skill]));
  const ids = new Set(labList.map(({ id }) => id));
  const early = (id: string, stage: number): boolean => (skills.get(id)?.stage ?? Infinity) <= stage;
  const labs = new Map(
    labList.map((lab): [string, OrderedLab] => {
      const proves = roadmap.skills.filter(({ proofs }) =>
        proofs.some((p) => 'lab' in p && p.lab === lab.id),
      );
      const takes = lab.skills.map(({ id }) => id).filter((id) => early(id, lab.stage));
      const needs = lab.needs.filter((need) => ids.has(need));
      return [lab.id, { lab, needs, takes: [...new Set(takes)], proves: proves.map(({ id }) => id) }];
    }),
  );
  const after = new Map<StepId, StepId[]>();
  for (const { id, needs } of skills.values())
    after.set(
      `skill:${id}`,
      needs.filter((need) => skills.has(need)).map((need): StepId => `skill:${need}`),
    );
  for (const { lab, needs, takes, proves } of labs.values())
    after.set(`lab:${lab.id}`, [
      ...new Set(
        [...takes, ...proves.filter((id) => early(id, lab.stage))].map((id): StepId => `skill:${id}`),
      ),
      ...needs.map((need): StepId => `lab:${need}`),
    ]);
  const cycle = cycleIn(after);
  if (cycle) throw new BringupError('E-INTERNAL', `these need each other: ${cycle.join(' → ')}`);
  return { skills, labs, after, all: sorted(roadmap, skills, labs, after) };
}

function sorted(
  roadmap: Roadmap,
  skills: Order['skills'],
  labs: Order['labs'],
  after: ReadonlyMap<StepId, readonly StepId[]>,
): StepId[] {
  const place = new Map(roadmap.ledger.skills.map((id, at) => [id, at]));
  const rank = ({ id, stage, depth }: Skill): number[] => [
    stage,
    depths.indexOf(depth),
    place.get(id) ?? Infinity,
  ];
  const waiting = [...skills.values()].sort((a, b) => compare(rank(a), rank(b)) || (a.id < b.id ? -1 : 1));
  const waitingLabs = [...labs.values()]
    .map(({ lab }) => lab)
    .sort((a, b) => a.stage - b.stage || (a.id < b.id ? -1 : 1));
  const taken = new Set<StepId>();
  const ready = (id: StepId): boolean => (after.get(id) ?? []).every((need) => taken.has(need));
  /** Takes the first of the list that is possible now. */
  const take = (list: { id: string }[], kind: 'skill' | 'lab'): boolean => {
    const at = list.findIndex(({ id }) => ready(`${kind}:${id}`));
    if (at < 0) return false;
    taken.add(`${kind}:${list.splice(at, 1)[0]!.id}`);
    return true;
  };
  while (take(waitingLabs, 'lab') || take(waiting, 'skill'));
  return [...taken];
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, index) => value !== b[index]);
  return at < 0 ? 0 : a[at]! - b[at]!;
}
