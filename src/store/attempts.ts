// SPDX-License-Identifier: Apache-2.0
import { and, desc, eq, inArray, lt, or } from 'drizzle-orm';
import type { Sql } from 'postgres';
import { z } from 'zod';
import { currentId, namesOf, type Renamed } from './ids.ts';
import { attempt } from './schema.ts';
import { guarded } from './store-error.ts';
import type { Db } from './store.ts';

/** An attempt without its verdict, which may be large. */
export type AttemptSummary = Omit<typeof attempt.$inferSelect, 'personId' | 'verdict' | 'importedAt'>;

/** An attempt with the whole verdict, in the form of src/lab/verdict.ts. */
export type StoredAttempt = AttemptSummary & { verdict: unknown };

const { id, lab, outcome, provisional, folder, kernel, at } = attempt;
const summary = { id, lab, outcome, provisional, folder, kernel, at };

/** Attempts of a person, newest first: at most `limit`, of one lab, older than another. */
export const attemptsOf = guarded(
  async (
    db: Db,
    person: string,
    renamed: Renamed,
    only: { lab?: string; limit?: number; before?: Pick<AttemptSummary, 'at' | 'id'> } = {},
  ): Promise<AttemptSummary[]> => {
    const { before } = only;
    const rows = await db
      .select(summary)
      .from(attempt)
      .where(
        and(
          eq(attempt.personId, person),
          only.lab === undefined ? undefined : inArray(lab, namesOf(renamed, only.lab)),
          before && or(lt(at, before.at), and(eq(at, before.at), lt(id, before.id))),
        ),
      )
      .orderBy(desc(at), desc(id))
      .limit(only.limit ?? 100);
    return rows.map((row) => ({ ...row, lab: currentId(renamed, row.lab) }));
  },
);

/** One attempt with its verdict, or undefined when the person has none of that id. */
export const attemptOf = guarded(
  async (db: Db, person: string, which: string): Promise<StoredAttempt | undefined> => {
    const found = await db
      .select({ ...summary, verdict: attempt.verdict })
      .from(attempt)
      .where(and(eq(attempt.personId, person), eq(id, which)));
    return found[0];
  },
);

/** Present ids of the labs that a person has passed; a provisional verdict is no pass. */
export const passedLabs = guarded(async (db: Db, person: string, renamed: Renamed): Promise<Set<string>> => {
  const rows = await db
    .selectDistinct({ lab })
    .from(attempt)
    .where(and(eq(attempt.personId, person), eq(outcome, 'pass'), eq(provisional, false)));
  return new Set(rows.map((row) => currentId(renamed, row.lab)));
});

const notice = z.object({
  person: z.string(),
  id: z.string(),
  lab: z.string(),
  outcome: z.enum(['pass', 'fail']),
  provisional: z.boolean(),
});

/** That an attempt of somebody has come in; its lab's id is as it was recorded. */
export type AttemptNotice = z.infer<typeof notice>;

/**
 * Calls `on` for every attempt that anybody stores from now on. The connection is made again when it breaks;
 * `onReady` is called each time it listens, so that what was missed meanwhile can be read. Gives a function that
 * ends it.
 */
export const listenForAttempts = guarded(
  async (
    sql: Sql,
    on: (notice: AttemptNotice) => void,
    onReady?: () => void,
  ): Promise<() => Promise<void>> => {
    const told = (payload: string): void => {
      const parsed = notice.safeParse(JSON.parse(payload));
      if (parsed.success) on(parsed.data);
    };
    const listening = await sql.listen('bringup_attempt', told, onReady);
    return () => listening.unlisten();
  },
);
