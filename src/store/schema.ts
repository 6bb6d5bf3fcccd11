// SPDX-License-Identifier: Apache-2.0
import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  index,
  integer,
  pgSchema,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import { json } from './json-column.ts';

/**
 * The tables. After a change: npx drizzle-kit generate --name <what> (drizzle.config.ts).
 *
 * Every row of somebody belongs to a person and goes when the person goes. Ids of content (skills, items, labs,
 * steps) are text without a foreign key: content lives in files, and renames are resolved when rows are read.
 */
export const bringup = pgSchema('bringup');

const moment = () => timestamp({ withTimezone: true });
const now = () => moment().notNull().defaultNow();
const owner = () =>
  uuid()
    .notNull()
    .references(() => person.id, { onDelete: 'cascade' });

/** Who uses bringup. On a laptop there is one, the local one. */
export const person = bringup.table(
  'person',
  {
    id: uuid().primaryKey().defaultRandom(),
    name: text(),
    local: boolean().notNull().default(false),
    createdAt: now(),
  },
  (t) => [
    uniqueIndex('person_one_local')
      .on(t.local)
      .where(sql`${t.local}`),
  ],
);

/** One placement. `state` is the engine's and says all; `version` counts its changes, so that two tabs do not mix. */
export const placementSession = bringup.table(
  'placement_session',
  {
    id: uuid().primaryKey().defaultRandom(),
    personId: owner(),
    version: integer().notNull().default(0),
    state: json().notNull(),
    result: json(),
    startedAt: now(),
    changedAt: now(),
    /** Absent while it is open; a person has at most one that is. */
    endedAt: moment(),
  },
  (t) => [
    index('placement_session_person').on(t.personId, t.startedAt),
    uniqueIndex('placement_session_one_open')
      .on(t.personId)
      .where(sql`${t.endedAt} is null`),
  ],
);

/** What was answered to an item, as a fact that outlives changes of the engine. */
export const placementAnswer = bringup.table(
  'placement_answer',
  {
    sessionId: uuid()
      .notNull()
      .references(() => placementSession.id, { onDelete: 'cascade' }),
    item: text().notNull(),
    response: json().notNull(),
    outcome: text().notNull(),
    at: now(),
  },
  (t) => [primaryKey({ columns: [t.sessionId, t.item] }), index('placement_answer_item').on(t.item)],
);

/** Where a credit comes from. */
export const creditSources = ['placement', 'lab', 'mentor', 'record', 'hand'] as const;

/** A skill somebody is held to have, once for each source that says so. */
export const credit = bringup.table(
  'credit',
  {
    personId: owner(),
    skill: text().notNull(),
    source: text({ enum: creditSources }).notNull(),
    evidence: json(),
    at: now(),
  },
  (t) => [
    primaryKey({ columns: [t.personId, t.skill, t.source] }),
    check('credit_source', sql`${t.source} in ('placement', 'lab', 'mentor', 'record', 'hand')`),
  ],
);

/** Plans, all versions; the highest is the one that holds. `input` has the target. */
export const plan = bringup.table(
  'plan',
  {
    personId: owner(),
    version: integer().notNull(),
    input: json().notNull(),
    plan: json().notNull(),
    /** Why it was made: new, progress, slippage, target … */
    reason: text().notNull(),
    createdAt: now(),
  },
  (t) => [primaryKey({ columns: [t.personId, t.version] })],
);

/** Steps that are done, whatever plan they were in. */
export const stepDone = bringup.table(
  'step_done',
  {
    personId: owner(),
    step: text().notNull(),
    evidence: json(),
    at: now(),
  },
  (t) => [primaryKey({ columns: [t.personId, t.step] })],
);

/** A judged attempt at a lab. `id` is a digest of what was recorded, so that it is there once however often it comes in. */
export const attempt = bringup.table(
  'attempt',
  {
    personId: owner(),
    id: text().notNull(),
    lab: text().notNull(),
    outcome: text({ enum: ['pass', 'fail'] }).notNull(),
    provisional: boolean().notNull(),
    folder: text().notNull(),
    kernel: text().notNull(),
    verdict: json().notNull(),
    at: moment().notNull(),
    importedAt: now(),
  },
  (t) => [
    primaryKey({ columns: [t.personId, t.id] }),
    index('attempt_person_at').on(t.personId, t.at),
    index('attempt_person_lab').on(t.personId, t.lab),
    check('attempt_outcome', sql`${t.outcome} in ('pass', 'fail')`),
  ],
);

/** How far a file of attempts was read: bytes, and the digest of the last ones before that, to know the file again. */
export const attemptFile = bringup.table(
  'attempt_file',
  {
    personId: owner(),
    path: text().notNull(),
    bytes: bigint({ mode: 'number' }).notNull().default(0),
    tail: text().notNull().default(''),
  },
  (t) => [primaryKey({ columns: [t.personId, t.path] })],
);
