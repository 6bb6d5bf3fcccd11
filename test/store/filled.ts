// SPDX-License-Identifier: Apache-2.0
import { giveCredits } from '../../src/store/credits.ts';
import { localPerson } from '../../src/store/people.ts';
import { beginPlacement, savePlacement } from '../../src/store/placement.ts';
import { markStep, savePlan } from '../../src/store/plans.ts';
import { attempt } from '../../src/store/schema.ts';
import type { Store } from '../../src/store/store.ts';

/** Text that a careless format breaks on. */
export const odd = 'tab\t newline\n quote" back\\slash \u2028 \u00e4\u{1f427} \\. ["end",{}]';

/** Something in every table. */
export async function fill({ db }: Store): Promise<void> {
  const me = (await localPerson(db)).id;
  const { id } = await beginPlacement(db, me, { odd });
  const answer = { item: 'i', response: { kind: 'short', text: odd }, outcome: 'wrong' };
  await savePlacement(db, me, { id, version: 0, state: { odd, n: [1.5, -0, 1e300, null, true] }, answer });
  await giveCredits(db, me, 'lab', [{ skill: 's', evidence: { odd } }]);
  await savePlan(db, me, { input: { odd }, plan: [], reason: odd });
  await markStep(db, me, 'step', 'a string');
  const verdict = { report: `${odd} `.repeat(3000) };
  const rows = Array.from(
    { length: 60 },
    (_, n) =>
      ({
        personId: me,
        id: `${n}`,
        lab: odd,
        outcome: 'fail',
        provisional: false,
        folder: '/f',
        kernel: 'k',
        at: new Date(n),
        verdict,
      }) as const,
  );
  await db.insert(attempt).values([...rows]);
}
