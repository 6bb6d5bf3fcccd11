// SPDX-License-Identifier: Apache-2.0
import { and, asc, desc, eq, inArray, sql } from 'drizzle-orm';
import { currentId, namesOf, type Renamed } from './ids.ts';
import { person as people, plan, stepDone } from './schema.ts';
import { guarded } from './store-error.ts';
import type { Db } from './store.ts';

/** A plan as it is stored. `input` (with the target) and `plan` have the forms of src/plan: parse them there. */
export type StoredPlan = Omit<typeof plan.$inferSelect, 'personId'>;

export interface StepDone {
  step: string;
  evidence: unknown;
  at: Date;
}

const columns = {
  version: plan.version,
  input: plan.input,
  plan: plan.plan,
  reason: plan.reason,
  createdAt: plan.createdAt,
};

/** The plan that holds, or the one with that version; undefined when there is none. */
export const planOf = guarded(
  async (db: Db, person: string, version?: number): Promise<StoredPlan | undefined> => {
    const which = version === undefined ? undefined : eq(plan.version, version);
    const found = await db
      .select(columns)
      .from(plan)
      .where(and(eq(plan.personId, person), which))
      .orderBy(desc(plan.version))
      .limit(1);
    return found[0];
  },
);

/** Versions of a person's plan, newest first. */
export const planVersions = guarded(
  async (db: Db, person: string): Promise<Pick<StoredPlan, 'version' | 'reason' | 'createdAt'>[]> =>
    db
      .select({ version: plan.version, reason: plan.reason, createdAt: plan.createdAt })
      .from(plan)
      .where(eq(plan.personId, person))
      .orderBy(desc(plan.version)),
);

/**
 * Stores a plan as the next version, the first being 1. `after` is the version it was made from (0: none); gives
 * undefined and stores nothing when there is a later one by now. `reason` says why it was made.
 */
export const savePlan = guarded(
  async (
    db: Db,
    person: string,
    made: { input: unknown; plan: unknown; reason: string; after?: number },
  ): Promise<StoredPlan | undefined> =>
    db.transaction(async (tx) => {
      await tx.select({ id: people.id }).from(people).where(eq(people.id, person)).for('update'); // one at a time
      const [last] = await tx
        .select({ version: sql<number>`coalesce(max(${plan.version}), 0)` })
        .from(plan)
        .where(eq(plan.personId, person));
      const { after = last!.version, ...rest } = made;
      if (after !== last!.version) return undefined;
      const values = { personId: person, version: after + 1, ...rest };
      return (await tx.insert(plan).values(values).returning(columns))[0];
    }),
);

/** Steps that are done by their present ids, in the order they were done. */
export const stepsDone = guarded(async (db: Db, person: string, renamed: Renamed): Promise<StepDone[]> => {
  const { step, evidence, at } = stepDone;
  const rows = await db
    .select({ step, evidence, at })
    .from(stepDone)
    .where(eq(stepDone.personId, person))
    .orderBy(asc(at), asc(step));
  const done = new Map<string, StepDone>();
  for (const row of rows) {
    const id = currentId(renamed, row.step);
    if (!done.has(id)) done.set(id, { ...row, step: id });
  }
  return [...done.values()];
});

/** Marks a step as done; one that is done already keeps its date and evidence. */
export const markStep = guarded(
  async (db: Db, person: string, step: string, evidence: unknown, at: Date = new Date()): Promise<void> => {
    await db.insert(stepDone).values({ personId: person, step, evidence, at }).onConflictDoNothing();
  },
);

/** Takes a mark back. */
export const unmarkStep = guarded(
  async (db: Db, person: string, step: string, renamed: Renamed): Promise<void> => {
    const names = namesOf(renamed, step);
    await db.delete(stepDone).where(and(eq(stepDone.personId, person), inArray(stepDone.step, names)));
  },
);
