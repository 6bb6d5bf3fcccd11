// SPDX-License-Identifier: Apache-2.0
import { and, asc, eq, inArray, sql } from 'drizzle-orm';
import { currentId, namesOf, type Renamed } from './ids.ts';
import { credit, type creditSources } from './schema.ts';
import { guarded } from './store-error.ts';
import type { Db } from './store.ts';

export type CreditSource = (typeof creditSources)[number];

/** What says that somebody has a skill; `evidence` names it: a placement's id, an attempt's, a commit. */
export interface CreditGiven {
  skill: string;
  evidence: unknown;
}

export interface CreditHeld extends CreditGiven {
  source: CreditSource;
  /** When it was first given. */
  at: Date;
}

/** All credits of a person by their skills' present ids, once for each source, oldest first. */
export const creditsOf = guarded(async (db: Db, person: string, renamed: Renamed): Promise<CreditHeld[]> => {
  const { skill, source, evidence, at } = credit;
  const rows = await db
    .select({ skill, source, evidence, at })
    .from(credit)
    .where(eq(credit.personId, person))
    .orderBy(asc(at), asc(skill));
  const held = new Map<string, CreditHeld>();
  for (const row of rows) {
    const now = { ...row, skill: currentId(renamed, row.skill) };
    const key = `${now.skill} ${now.source}`;
    if (!held.has(key)) held.set(key, now);
  }
  return [...held.values()];
});

/** Adds credits of one source; those that are there keep their date and get the new evidence. */
export const giveCredits = guarded(
  async (db: Db, person: string, source: CreditSource, credits: readonly CreditGiven[]): Promise<void> => {
    const once = new Map(credits.map((one) => [one.skill, one]));
    if (once.size === 0) return;
    await db
      .insert(credit)
      .values(
        [...once.values()].map(({ skill, evidence }) => ({ personId: person, source, skill, evidence })),
      )
      .onConflictDoUpdate({
        target: [credit.personId, credit.skill, credit.source],
        set: { evidence: sql`excluded.evidence` },
      });
  },
);

/** Makes these the only credits of a source, as when a placement is taken again. */
export const replaceCredits = guarded(
  async (db: Db, person: string, source: CreditSource, credits: readonly CreditGiven[]): Promise<void> =>
    db.transaction(async (tx) => {
      await tx.delete(credit).where(and(eq(credit.personId, person), eq(credit.source, source)));
      await giveCredits(tx, person, source, credits);
    }),
);

/** Takes credits of a source back, such as a skill skipped by hand that is to be learned after all. */
export const withdrawCredits = guarded(
  async (
    db: Db,
    person: string,
    source: CreditSource,
    skills: readonly string[],
    renamed: Renamed,
  ): Promise<void> => {
    const names = skills.flatMap((skill) => namesOf(renamed, skill));
    if (names.length === 0) return;
    await db
      .delete(credit)
      .where(and(eq(credit.personId, person), eq(credit.source, source), inArray(credit.skill, names)));
  },
);
