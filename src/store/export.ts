// SPDX-License-Identifier: Apache-2.0
import { asc, eq } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import { attempt, credit, person, placementAnswer, placementSession, plan, stepDone } from './schema.ts';
import { guarded } from './store-error.ts';
import type { Db } from './store.ts';

/** All that is stored of a person, as one JSON document. Ids of content are as they were stored. */
export interface Export {
  format: 'bringup-export';
  version: 1;
  at: string;
  person: Row;
  /** Each with its `answers`. */
  placements: Row[];
  credits: Row[];
  /** All versions, oldest first. */
  plans: Row[];
  stepsDone: Row[];
  /** With their verdicts, oldest first. */
  attempts: Row[];
}

type Row = Record<string, unknown>;

/** Everything of a person as it is at one instant. */
export const exportPerson = guarded(async (db: Db, id: string): Promise<Export> =>
  db.transaction((tx) => collect(tx, id), oneInstant),
);

const oneInstant = { isolationLevel: 'repeatable read', accessMode: 'read only' } as const;

async function collect(tx: Db, id: string): Promise<Export> {
  const of = (table: { personId: PgColumn }) => eq(table.personId, id);
  const [self] = await tx.select().from(person).where(eq(person.id, id));
  const sessions = await tx
    .select()
    .from(placementSession)
    .where(of(placementSession))
    .orderBy(asc(placementSession.startedAt));
  const answers = await tx
    .select({ answer: placementAnswer })
    .from(placementAnswer)
    .innerJoin(placementSession, eq(placementSession.id, placementAnswer.sessionId))
    .where(of(placementSession))
    .orderBy(asc(placementAnswer.at));
  const credits = await tx.select().from(credit).where(of(credit)).orderBy(asc(credit.at), asc(credit.skill));
  const plans = await tx.select().from(plan).where(of(plan)).orderBy(asc(plan.version));
  const steps = await tx.select().from(stepDone).where(of(stepDone)).orderBy(asc(stepDone.at));
  const attempts = await tx
    .select()
    .from(attempt)
    .where(of(attempt))
    .orderBy(asc(attempt.at), asc(attempt.id));
  return {
    format: 'bringup-export',
    version: 1,
    at: new Date().toISOString(),
    person: self!,
    placements: sessions.map((session) => ({
      ...without('personId', session),
      answers: answers
        .map(({ answer }) => answer)
        .filter(({ sessionId }) => sessionId === session.id)
        .map((answer) => without('sessionId', answer)),
    })),
    credits: credits.map((row) => without('personId', row)),
    plans: plans.map((row) => without('personId', row)),
    stepsDone: steps.map((row) => without('personId', row)),
    attempts: attempts.map((row) => without('personId', row)),
  };
}

function without(key: string, row: object): Row {
  return Object.fromEntries(Object.entries(row).filter(([name]) => name !== key));
}
