// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, watch, type FSWatcher } from 'node:fs';
import { basename, dirname } from 'node:path';
import { and, eq } from 'drizzle-orm';
import type { BringupError } from '../shared/errors.ts';
import { dataFolder } from '../shared/paths.ts';
import { readPieces, type Piece } from './attempt-lines.ts';
import { attempt, attemptFile } from './schema.ts';
import { guarded, storeError } from './store-error.ts';
import { storableText } from './json-column.ts';
import type { Db } from './store.ts';

export interface Imported {
  /** Attempts that are new in the store. */
  added: number;
  /** Lines that are no attempt. */
  skipped: number;
}

/** The file that `bringup check` appends to; it needs no server. */
export const attemptsPath = (): string => dataFolder('attempts.jsonl');

/**
 * Stores the attempts of the file that are not in the store yet, reading on where the last import ended. It may
 * run twice at once, be killed anywhere and be repeated: an attempt is there once.
 */
export const importAttempts = guarded(
  async (db: Db, person: string, path: string = attemptsPath()): Promise<Imported> => {
    const sum = { added: 0, skipped: 0 };
    const place = and(eq(attemptFile.personId, person), eq(attemptFile.path, path));
    const [from] = await db.select().from(attemptFile).where(place);
    for await (const piece of readPieces(path, from ?? { bytes: 0, tail: '' })) {
      if (piece.bytes === from?.bytes && piece.attempts.length === 0) continue;
      sum.added += await storePiece(db, person, path, piece);
      sum.skipped += piece.skipped;
    }
    return sum;
  },
);

/** Stores attempts and how far was read in one transaction; gives how many are new. */
async function storePiece(db: Db, person: string, path: string, piece: Piece): Promise<number> {
  const { attempts, bytes, tail } = piece;
  return db.transaction(async (tx) => {
    const rows = attempts.map((one) => ({
      ...one,
      personId: person,
      lab: storableText(one.lab),
      folder: storableText(one.folder),
      kernel: storableText(one.kernel),
    }));
    let added = 0;
    if (rows.length > 0)
      added = (await tx.insert(attempt).values(rows).onConflictDoNothing().returning({ id: attempt.id }))
        .length;
    await tx
      .insert(attemptFile)
      .values({ personId: person, path, bytes, tail })
      .onConflictDoUpdate({ target: [attemptFile.personId, attemptFile.path], set: { bytes, tail } });
    return added;
  });
}

/**
 * Imports what is in the file, and then whatever is appended to it, at once. While the database is away it
 * tries again every few seconds; `onError` is told once each time that begins. The returned function ends it and
 * waits for an import under way.
 */
export function followAttempts(
  db: Db,
  person: string,
  onError: (error: BringupError) => void = () => {},
): () => Promise<void> {
  const path = attemptsPath();
  let running: Promise<void> | undefined;
  let again = false;
  let failing = false;
  const once = async (): Promise<void> => {
    do {
      again = false;
      try {
        await importAttempts(db, person, path);
        failing = false;
      } catch (error) {
        if (!failing) onError(storeError(error));
        failing = true;
      }
    } while (again);
    running = undefined;
  };
  const look = (): void => {
    again = true;
    running ??= once();
  };
  mkdirSync(dirname(path), { recursive: true });
  const watcher = watchFolder(dirname(path), (name) => {
    if (name === null || name === basename(path)) look();
  });
  // For file systems that tell nobody of changes, and after an error.
  const timer = setInterval(look, 3000);
  look();
  return async () => {
    watcher?.close();
    clearInterval(timer);
    again = false;
    await running;
  };
}

/** Watches a folder if the host lets us: the number of watches may be used up. */
function watchFolder(folder: string, on: (name: string | null) => void): FSWatcher | undefined {
  try {
    return watch(folder, (_, name) => on(name)).on('error', () => {});
  } catch {
    return undefined;
  }
}
