// SPDX-License-Identifier: Apache-2.0
import { and, desc, eq, isNull, sql } from 'drizzle-orm';
import { z } from 'zod';
import { placementAnswer, placementSession } from './schema.ts';
import { guarded } from './store-error.ts';
import type { Db } from './store.ts';

/** A placement as it is stored. `state` and `result` have the forms of src/placement: parse them there. */
export type Placement = Omit<typeof placementSession.$inferSelect, 'personId'>;

/** What a step of a placement changes. */
export interface PlacementChange {
  id: string;
  /** The version that was read before; see savePlacement. */
  version: number;
  state: unknown;
  /** What was answered to which item, when this step answered one. */
  answer?: { item: string; response: unknown; outcome: string };
  result?: unknown;
  /** The placement is over, finished or given up. */
  ended?: boolean;
}

const columns = {
  id: placementSession.id,
  version: placementSession.version,
  state: placementSession.state,
  result: placementSession.result,
  startedAt: placementSession.startedAt,
  changedAt: placementSession.changedAt,
  endedAt: placementSession.endedAt,
};

/** All placements of a person, newest first. */
export const placements = guarded(async (db: Db, person: string): Promise<Placement[]> =>
  db
    .select(columns)
    .from(placementSession)
    .where(eq(placementSession.personId, person))
    .orderBy(desc(placementSession.startedAt), desc(placementSession.id)),
);

/** The placement that is open, if any. */
export const openPlacement = guarded(async (db: Db, person: string): Promise<Placement | undefined> => {
  const open = and(eq(placementSession.personId, person), isNull(placementSession.endedAt));
  return (await db.select(columns).from(placementSession).where(open))[0];
});

/** Begins a placement. When one is open it is that one, and `state` is not stored. */
export const beginPlacement = guarded(async (db: Db, person: string, state: unknown): Promise<Placement> => {
  await db.insert(placementSession).values({ personId: person, state }).onConflictDoNothing();
  return (await openPlacement(db, person))!;
});

/**
 * Stores a step of a placement, all or nothing. Gives undefined and stores nothing when it was changed since that
 * version was read (in another tab, or by the same form sent twice): read it again and show what is asked now. The same
 * for an id that nobody's placement has.
 */
export const savePlacement = guarded(
  async (db: Db, person: string, change: PlacementChange): Promise<Placement | undefined> =>
    db.transaction(async (tx) => {
      const { id, version, state, answer, result, ended } = change;
      if (!z.uuid().safeParse(id).success) return undefined;
      const [saved] = await tx
        .update(placementSession)
        .set({
          version: version + 1,
          state,
          changedAt: sql`now()`,
          ...(result !== undefined && { result }),
          ...(ended && { endedAt: sql`coalesce(${placementSession.endedAt}, now())` }),
        })
        .where(
          and(
            eq(placementSession.id, id),
            eq(placementSession.personId, person),
            eq(placementSession.version, version),
          ),
        )
        .returning(columns);
      if (saved && answer) await tx.insert(placementAnswer).values({ sessionId: id, ...answer });
      return saved;
    }),
);
