// SPDX-License-Identifier: Apache-2.0
import type { Roadmap } from '../roadmap/read.ts';
import { BringupError } from '../shared/errors.ts';
import type { Target } from './input.ts';

/** What a target asks for. */
export interface Goal {
  title: string;
  skills: string[];
  /** Labs that belong to it beside those that prove its skills. */
  labs: string[];
}

/**
 * What a target asks for: a specialization or domain its skills and labs, a stage all its skills, a job
 * the skills that were matched. Throws E-PLAN for what is not on the roadmap.
 */
export function goalOf(roadmap: Roadmap, target: Target): Goal {
  if (target.kind === 'job') {
    const skills = [...new Set(target.skills.map((id) => currentId(roadmap, id)))];
    const unknown = skills.filter((id) => !roadmap.skills.some((skill) => skill.id === id));
    if (unknown.length > 0) throw new BringupError('E-PLAN', `there is no skill ${unknown.join(', ')}`);
    return { title: target.title, skills, labs: [] };
  }
  if (target.kind === 'stage') {
    const stage = roadmap.stages.find(({ number }) => number === target.number);
    if (!stage) throw unknownTarget(roadmap, `stage ${target.number}`);
    const skills = roadmap.skills.filter((skill) => skill.stage === target.number).map(({ id }) => id);
    return { title: `Stage ${target.number}: ${stage.title}`, skills, labs: [] };
  }
  const list = target.kind === 'domain' ? roadmap.domains : roadmap.specializations;
  const found = list.find(({ id }) => id === target.id);
  if (!found) throw unknownTarget(roadmap, target.id);
  return { title: found.title, skills: found.skills, labs: found.labs };
}

/** A target as people name it: the id of a specialization or domain, `stage-3`, or `3`. Throws E-PLAN. */
export function parseTarget(roadmap: Roadmap, name: string): Target {
  const text = name.trim().toLowerCase();
  const stage = /^(?:stage[- ]?)?(\d)$/.exec(text)?.[1];
  if (stage && roadmap.stages.some(({ number }) => number === Number(stage)))
    return { kind: 'stage', number: Number(stage) };
  if (roadmap.specializations.some(({ id }) => id === text)) return { kind: 'specialization', id: text };
  if (roadmap.domains.some(({ id }) => id === text)) return { kind: 'domain', id: text };
  throw unknownTarget(roadmap, name.trim());
}

function unknownTarget({ specializations, domains, stages }: Roadmap, name: string): BringupError {
  const ids = [...specializations, ...domains].map(({ id }) => id);
  const last = stages.at(-1)?.number ?? 0;
  return new BringupError('E-PLAN', `"${name.slice(0, 60)}" is no target`, {
    next: `Targets are ${ids.join(', ')}, and stage-0 to stage-${last}.`,
  });
}

/** The id that a skill has now: content may rename skills, and what was stored keeps the old name. */
export function currentId({ ledger }: Roadmap, id: string): string {
  const seen = new Set<string>();
  let now = id;
  while (Object.hasOwn(ledger.renamed, now) && !seen.has(now)) {
    seen.add(now);
    now = ledger.renamed[now]!;
  }
  return now;
}
