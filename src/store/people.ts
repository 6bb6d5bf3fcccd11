// SPDX-License-Identifier: Apache-2.0
import { eq } from 'drizzle-orm';
import { storableText } from './json-column.ts';
import { person } from './schema.ts';
import { guarded } from './store-error.ts';
import type { Db } from './store.ts';

export type Person = typeof person.$inferSelect;

/** The one person of a laptop; made the first time, and one however many ask at once. */
export const localPerson = guarded(async (db: Db): Promise<Person> => {
  const find = () => db.select().from(person).where(eq(person.local, true));
  const [found] = await find();
  if (found) return found;
  await db.insert(person).values({ local: true }).onConflictDoNothing();
  return (await find())[0]!;
});

/** Sets the name that others see; an empty one removes it. */
export const namePerson = guarded(async (db: Db, id: string, name: string): Promise<void> => {
  await db
    .update(person)
    .set({ name: storableText(name.trim()) || null })
    .where(eq(person.id, id));
});
