// SPDX-License-Identifier: Apache-2.0
import { asBringupError } from '../../shared/errors.ts';
import { followAttempts } from '../../store/attempt-import.ts';
import { localPerson } from '../../store/people.ts';
import { openStore, type Store } from '../../store/store.ts';

/** The store as the pages use it: opened when the first of them needs it. */
export interface Mine extends Omit<Store, 'close'> {
  person: string;
  /** Aborted when these connections end. */
  ended: AbortSignal;
}

interface Opened {
  mine: Mine;
  close: () => Promise<void>;
}

let opened: Promise<Opened> | undefined;

/**
 * Does something with the store, starting the database at the first use. When its server was lost meanwhile, it is
 * started and the work is done again, so the work must bear that. Throws what opening the store and the work throw.
 */
export async function withMine<T>(work: (mine: Mine) => Promise<T>): Promise<T> {
  for (let turn = 1; ; turn++) {
    try {
      return await work((await (opened ??= open())).mine);
    } catch (thrown) {
      const { code } = asBringupError(thrown);
      if (turn === 2 || (code !== 'E-DB-LOST' && code !== 'E-DB-REACH')) throw thrown;
      await closeMine();
    }
  }
}

/** Ends the connections; the database server stays. */
export async function closeMine(): Promise<void> {
  const last = opened;
  opened = undefined;
  await (await last?.catch(() => undefined))?.close();
}

async function open(): Promise<Opened> {
  try {
    const store = await openStore();
    const { db, sql } = store;
    const person = (await localPerson(db)).id;
    const unfollow = followAttempts(db, person);
    const ended = new AbortController();
    const close = async (): Promise<void> => {
      ended.abort();
      await unfollow();
      await store.close();
    };
    return { mine: { db, sql, person, ended: ended.signal }, close };
  } catch (error) {
    opened = undefined; // the next one who needs it tries again
    throw error;
  }
}
