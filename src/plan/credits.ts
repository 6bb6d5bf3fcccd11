// SPDX-License-Identifier: Apache-2.0
import type { Roadmap } from '../roadmap/read.ts';
import { depths } from '../roadmap/schema.ts';
import type { Credit } from './input.ts';
import type { PlanLab } from './plan.ts';

/**
 * Skills that passed labs show: those whose proofs name the lab, where the lab exercises the skill to at
 * least the skill's own depth. Takes ids of labs, gives credits in the order of the roadmap.
 */
export function creditsFromLabs(
  roadmap: Roadmap,
  labs: readonly PlanLab[],
  passed: ReadonlySet<string>,
): Credit[] {
  return roadmap.skills
    .filter(({ id, depth, proofs }) =>
      labs.some(
        (lab) =>
          passed.has(lab.id) &&
          proofs.some((proof) => 'lab' in proof && proof.lab === lab.id) &&
          lab.skills.some((own) => own.id === id && depths.indexOf(own.depth) >= depths.indexOf(depth)),
      ),
    )
    .map(({ id }) => ({ skill: id, source: 'lab' }));
}
