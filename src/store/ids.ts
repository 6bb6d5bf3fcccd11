// SPDX-License-Identifier: Apache-2.0
import type { Ledger } from '../roadmap/read.ts';

/** Ids of content that were renamed, old → new: `renamed` of roadmap/ids.yaml. */
export type Renamed = Ledger['renamed'];

/** What an id that was stored some time ago is called now. */
export function currentId(renamed: Renamed, id: string): string {
  const seen = new Set<string>();
  for (let now = id; ; now = renamed[now]!) {
    if (!Object.hasOwn(renamed, now) || seen.has(now)) return now;
    seen.add(now);
  }
}

/** All names under which something with this id may have been stored. */
export function namesOf(renamed: Renamed, id: string): string[] {
  const now = currentId(renamed, id);
  return [...new Set([now, id, ...Object.keys(renamed).filter((old) => currentId(renamed, old) === now)])];
}
