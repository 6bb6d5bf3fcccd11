// SPDX-License-Identifier: Apache-2.0
import type { Roadmap } from '../roadmap/read.ts';
import { placeOf, reasonsOf } from './explain.ts';
import { parsePlanInput, type PlanInput, type PlanRequest } from './input.ts';
import { orderOf, type Order } from './order.ts';
import type { DoneStep, Milestone, Plan, PlanLab, Step, StepId } from './plan.ts';
import { quarter, schedule } from './schedule.ts';
import { scopeOf, type Scope } from './scope.ts';
import { currentId } from './target.ts';

/**
 * A dated path from what somebody can do to a target. The same request gives the same plan; the clock is
 * never read. `labs` are those that are there (src/lab gives them). Throws E-PLAN for a request that
 * can not be met, with a sentence that says why.
 */
export function makePlan(roadmap: Roadmap, labs: readonly PlanLab[], request: PlanRequest): Plan {
  const input = parsePlanInput(request);
  const order = orderOf(roadmap, labs);
  const scope = scopeOf(roadmap, order, input);
  const steps = stepsOf(roadmap, order, scope, input);
  const name = (id: StepId): DoneStep => ({ id, on: scope.done.get(id)!, ...facts(order, id) });
  return {
    input,
    target: { title: scope.goal.title, skills: scope.goal.skills },
    steps,
    done: [...scope.done.keys()].map(name).sort((a, b) => (a.on < b.on ? -1 : a.on > b.on ? 1 : 0)),
    credited: scope.credited,
    milestones: milestonesOf(roadmap, order, scope, steps),
    minutes: steps.reduce((sum, { minutes }) => sum + minutes, 0),
    finish: steps.at(-1)?.to ?? null,
    labsToCome: roadmap.planned.filter(
      ({ id }) =>
        scope.goal.labs.includes(id) ||
        roadmap.skills.some(
          (skill) =>
            scope.steps.has(`skill:${skill.id}`) && skill.proofs.some((p) => 'lab' in p && p.lab === id),
        ),
    ),
  };
}

function stepsOf(roadmap: Roadmap, order: Order, scope: Scope, input: PlanInput): Step[] {
  const open = order.all.filter((id) => scope.steps.has(id) && !scope.done.has(id));
  const isOpen = new Set(open);
  const why = reasonsOf(order, scope);
  const worked = new Map(
    input.worked.map((one) => [
      'skill' in one ? `skill:${currentId(roadmap, one.skill)}` : `lab:${one.lab}`,
      one.hours * 60,
    ]),
  );
  const work = open.map((id) => workOf(order, id, worked));
  const parts = schedule(
    work.map(({ minutes }) => minutes),
    input,
  );
  return open.map((id, at): Step => {
    const after = (order.after.get(id) ?? []).filter((need) => isOpen.has(need));
    const reasons = why.get(id)!;
    const first = parts[at]![0]!;
    const [kind, ref] = split(id);
    const skill = kind === 'skill' && order.skills.get(ref);
    return {
      id,
      kind,
      ref,
      title: facts(order, id).title,
      stage: facts(order, id).stage!,
      ...(skill && { depth: skill.depth }),
      ...work[at]!,
      from: first.from,
      to: parts[at]!.at(-1)!.to,
      week: first.week,
      parts: parts[at]!,
      after,
      why: reasons,
      says: placeOf({ why: reasons, after, first: at === 0 }, (one) =>
        one.startsWith('lab:') ? `the lab ${split(one)[1]}` : `“${facts(order, one).title}”`,
      ),
    };
  });
}

/** Minutes to do and done, in whole quarters. What is not done has a quarter of an hour left at least. */
function workOf(
  order: Order,
  id: StepId,
  worked: ReadonlyMap<string, number>,
): { minutes: number; worked: number } {
  const [kind, ref] = split(id);
  const whole = kind === 'lab' ? order.labs.get(ref)!.lab.minutes : order.skills.get(ref)!.hours * 60;
  const all = Math.ceil(whole / quarter) * quarter;
  const spent = Math.floor(Math.min(worked.get(id) ?? 0, all - quarter) / quarter) * quarter;
  return { minutes: all - spent, worked: spent };
}

/** For each stage that the plan touches, when its part of it is finished. */
function milestonesOf(roadmap: Roadmap, order: Order, scope: Scope, steps: readonly Step[]): Milestone[] {
  return roadmap.stages.flatMap(({ number, title }): Milestone[] => {
    const last = steps.findLast((step) => step.stage === number);
    if (last) return [{ stage: number, title, on: last.to, reached: false }];
    const days = [...scope.steps]
      .filter((id) => facts(order, id).stage === number)
      .map((id) => scope.done.get(id)!)
      .sort();
    return days.length > 0 ? [{ stage: number, title, on: days.at(-1)!, reached: true }] : [];
  });
}

/** What is known of a step; the title of one that is not on the roadmap any more is its id. */
function facts(order: Order, id: StepId): { title: string; stage?: number } {
  const [kind, ref] = split(id);
  const entry = kind === 'skill' ? order.skills.get(ref) : order.labs.get(ref)?.lab;
  return entry ? { title: entry.title, stage: entry.stage } : { title: ref };
}

function split(id: StepId): ['skill' | 'lab', string] {
  const at = id.indexOf(':');
  return [id.slice(0, at) as 'skill' | 'lab', id.slice(at + 1)];
}
