// SPDX-License-Identifier: Apache-2.0
import { closure } from '../../roadmap/graph.ts';
import type { PlacementItem, Skill } from '../../roadmap/schema.ts';
import { subsystemStage, type Bank } from '../asking.ts';
import type { Outcome } from '../model.ts';
import { stageCount } from '../model.ts';
import { around, type Draw, type Kind } from './kinds.ts';
import type { World } from './world.ts';

/** Somebody made up for the simulation. */
export interface Engineer {
  /** Ids of the skills that they have to working level. */
  skills: ReadonlySet<string>;
  /** What they say of themselves. */
  experience: { stages: number[]; subsystems: string[] } | null;
  /** The stage they should start at. */
  entry: number;
  habits: World;
}

/** How hard each depth is to have, on the scale of the abilities. */
const difficulty = { foundation: -1, working: -0.4, advanced: 0.4, expert: 1.6 } as const;

/** Makes an engineer of a kind. `skills` are the roadmap's, in an order in which needs come first. */
export function makeEngineer(skills: readonly Skill[], kind: Kind, world: World, draw: Draw): Engineer {
  const habits = { ...world, ...kind.habits };
  const abilities = kind.abilities(draw);
  const has = new Set<string>();
  for (const { id, stage, depth, needs } of skills) {
    if (stage === subsystemStage) continue;
    if (around(draw, abilities[stage]!, habits.scatter) <= difficulty[depth]) continue;
    if (needs.every((need) => has.has(need) || draw() < habits.without)) has.add(id);
  }
  // Of the subsystems, somebody at home there has one or two with what they need; others have dabbled at most.
  const fields = skills.filter(({ stage }) => stage === subsystemStage);
  const home = abilities[subsystemStage]! > 0.6;
  const worked = Array.from(
    { length: home ? 1 + Math.floor(draw() * 3) : Math.floor(draw() * 2.2) },
    () => fields[Math.floor(draw() * fields.length)]!.id,
  );
  const mastered = home ? worked.slice(0, Math.max(1, worked.length - 1)) : [];
  const needed = closure(new Map(fields.map(({ id, needs }) => [id, needs])), mastered);
  for (const { id } of fields) if (needed.has(id)) has.add(id);
  return {
    skills: has,
    experience: saying(skills, has, worked, habits, draw),
    entry: trueEntry(skills, has),
    habits,
  };
}

function saying(
  skills: readonly Skill[],
  has: ReadonlySet<string>,
  worked: readonly string[],
  { boasts, vague }: World,
  draw: Draw,
): Engineer['experience'] {
  if (boasts === null) return null;
  const more = around(draw, boasts, 0.3);
  const stages = Array.from({ length: stageCount }, (_, stage) => stage).filter(
    (stage) => around(draw, shareOf(skills, has, stage) + more, vague) > 0.6,
  );
  return { stages, subsystems: [...new Set(worked)] };
}

/**
 * The stage to start at: the first of which they do not have most skills (more than half of those below expert) to
 * working level; the stage of subsystems when they have none of it; the last one when they have all.
 */
function trueEntry(skills: readonly Skill[], has: ReadonlySet<string>): number {
  for (let stage = 0; stage < stageCount - 1; stage++) if (shareOf(skills, has, stage) <= 0.5) return stage;
  return stageCount - 1;
}

function shareOf(skills: readonly Skill[], has: ReadonlySet<string>, stage: number): number {
  const asked = skills.filter(
    (skill) => skill.stage === stage && (stage === subsystemStage || skill.depth !== 'expert'),
  );
  const count = asked.filter(({ id }) => has.has(id)).length;
  return stage === subsystemStage ? Math.min(1, count) : count / asked.length;
}

/** What comes of an item, after so many before it. */
export function attempt(
  { skills, habits }: Engineer,
  item: PlacementItem,
  before: number,
  draw: Draw,
): Outcome {
  if (skills.has(item.skill) || draw() < habits.near[item.level]) {
    if (draw() < habits.doubts) return 'unknown';
    return draw() < habits.slips[item.level] + habits.tires * Math.max(0, before - 10) ? 'wrong' : 'right';
  }
  if (draw() < habits.admits) return 'unknown';
  return draw() < luck(item, habits.rulesOut) ? 'right' : 'wrong';
}

function luck(item: PlacementItem, rulesOut: number): number {
  const among = (wrong: number): number => 1 / (1 + wrong * (1 - rulesOut));
  switch (item.kind) {
    case 'choose':
      return among(item.answers.length - 1);
    case 'line':
      // Who looks for what is suspicious has the lines that tempt, and some more.
      return among(item.near.length + 6);
    case 'order':
      return 0.02 + 0.1 * rulesOut;
    case 'short':
      return 0.01 + 0.05 * rulesOut;
  }
}

/** The roadmap's skills, each after what it needs. */
export function needsFirst({ skills }: Bank): Skill[] {
  const byId = new Map(skills.map((skill) => [skill.id, skill]));
  const sorted = new Set<Skill>();
  const visit = (skill: Skill): void => {
    if (sorted.has(skill)) return;
    for (const need of skill.needs) visit(byId.get(need)!);
    sorted.add(skill);
  };
  skills.forEach(visit);
  return [...sorted];
}
