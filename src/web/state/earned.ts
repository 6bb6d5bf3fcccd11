// SPDX-License-Identifier: Apache-2.0
import { creditsFromLabs } from '../../plan/credits.ts';
import { passedLabs } from '../../store/attempts.ts';
import { site } from '../site/site.ts';
import type { Mine } from './mine.ts';

/** Skills that passed labs show, in the order of the roadmap, each with the first of these labs. */
export async function earnedByLabs({ db, person }: Mine): Promise<{ skill: string; lab: string }[]> {
  const { roadmap, labs } = site();
  const passed = await passedLabs(db, person, roadmap.ledger.renamed);
  return creditsFromLabs(roadmap, [...labs.values()], passed).map(({ skill }) => {
    const { proofs } = site().skills.get(skill)!;
    const proof = proofs.find((one) => 'lab' in one && passed.has(one.lab)) as { lab: string };
    return { skill, lab: proof.lab };
  });
}
