// SPDX-License-Identifier: Apache-2.0
import { closure, type Needs } from '../roadmap/graph.ts';
import type { Roadmap } from '../roadmap/read.ts';
import type { PlanInput } from './input.ts';
import type { Order, OrderedLab } from './order.ts';
import type { Credited, StepId } from './plan.ts';
import { currentId, goalOf, type Goal } from './target.ts';

/** What a plan is about: what there is to do, and what is done or credited. */
export interface Scope {
  goal: Goal;
  /** Gaps that are revisited. */
  gaps: ReadonlySet<string>;
  /** All steps of the plan, done or not. */
  steps: ReadonlySet<StepId>;
  /** What was done, and the day. */
  done: ReadonlyMap<StepId, string>;
  /** Credited skills that the goal would ask for. */
  credited: Credited[];
}

/** Draws the line around a plan. Throws E-PLAN for a target that is not there. */
export function scopeOf(roadmap: Roadmap, order: Order, input: PlanInput): Scope {
  const goal = goalOf(roadmap, input.target);
  const gaps = gapsOf(roadmap, order, input);
  const vouched = creditsOf(roadmap, order, input, gaps);
  for (const id of vouched.keys()) gaps.delete(id);

  // A lab is credited with all that it takes.
  const has = ({ takes, lab }: OrderedLab): boolean =>
    takes.length > 0 ? takes.every((id) => vouched.has(id)) : lab.stage < input.entry;
  const labNeeds: Needs = new Map(
    [...order.labs].map(([id, { needs }]) => [id, needs.filter((need) => !has(order.labs.get(need)!))]),
  );
  const labs = closure(
    labNeeds,
    goal.labs.filter((id) => order.labs.has(id) && !has(order.labs.get(id)!)),
  );

  // What is credited needs nothing any more. What is done stays: marking a step takes out that step alone.
  const asked = [...goal.skills, ...gaps, ...[...labs].flatMap((id) => order.labs.get(id)!.takes)];
  const skillNeeds: Needs = new Map(
    [...order.skills].map(([id, { needs }]) => [id, needs.filter((need) => order.skills.has(need))]),
  );
  const missing: Needs = new Map(
    [...skillNeeds].map(([id, needs]) => [id, needs.filter((need) => !vouched.has(need))]),
  );
  const skills = closure(
    missing,
    asked.filter((id) => order.skills.has(id) && !vouched.has(id)),
  );

  // Labs that prove one of these skills. What they exercise beyond the foundation has to be there.
  const there = (id: string): boolean => skills.has(id) || vouched.has(id);
  const possible = ({ lab, takes, needs }: OrderedLab): boolean =>
    lab.skills.every(({ id, depth }) => depth === 'foundation' || !takes.includes(id) || there(id)) &&
    needs.every((need) => has(order.labs.get(need)!) || possible(order.labs.get(need)!));
  const proving = [...order.labs.values()].filter(
    (one) => one.proves.some((id) => skills.has(id)) && possible(one),
  );
  for (const id of closure(
    labNeeds,
    proving.map(({ lab }) => lab.id),
  ))
    labs.add(id);

  const done = doneOf(roadmap, input);
  const wouldAsk = closure(skillNeeds, asked);
  return {
    goal,
    gaps,
    steps: new Set([
      ...[...skills].map((id): StepId => `skill:${id}`),
      ...[...labs].map((id): StepId => `lab:${id}`),
    ]),
    done,
    credited: [...vouched]
      .filter(([id]) => wouldAsk.has(id) && !done.has(`skill:${id}`))
      .map(([skill, source]) => {
        const { title, stage } = order.skills.get(skill)!;
        return { skill, title, stage, source };
      }),
  };
}

function gapsOf(roadmap: Roadmap, order: Order, input: PlanInput): Set<string> {
  return new Set(input.gaps.map((id) => currentId(roadmap, id)).filter((id) => order.skills.has(id)));
}

/**
 * Skills somebody has: what is below the entry stage, and what is vouched for. A gap takes back what
 * placement gave, and nothing that a lab, a mentor or the record shows.
 */
function creditsOf(
  roadmap: Roadmap,
  order: Order,
  input: PlanInput,
  gaps: ReadonlySet<string>,
): Map<string, Credited['source']> {
  const vouched = new Map<string, Credited['source']>();
  for (const { id, stage } of order.skills.values())
    if (stage < input.entry && !gaps.has(id)) vouched.set(id, 'entry');
  for (const { skill, source } of input.credits) {
    const id = currentId(roadmap, skill);
    if (order.skills.has(id) && !(source === 'placement' && gaps.has(id))) vouched.set(id, source);
  }
  return vouched;
}

/** What was done with the first day it was done on, under the ids that skills have now. */
function doneOf(roadmap: Roadmap, input: PlanInput): Map<StepId, string> {
  const done = new Map<StepId, string>();
  for (const one of input.done) {
    const id: StepId = 'skill' in one ? `skill:${currentId(roadmap, one.skill)}` : `lab:${one.lab}`;
    const before = done.get(id);
    if (before === undefined || one.on < before) done.set(id, one.on);
  }
  return done;
}
