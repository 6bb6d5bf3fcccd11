// SPDX-License-Identifier: Apache-2.0

/** Who needs whom: id → ids that come before it. */
export type Needs = ReadonlyMap<string, readonly string[]>;

/** Some cycle, its first id repeated at the end, or undefined when there is none. Unknown ids are passed over. */
export function cycleIn(needs: Needs): string[] | undefined {
  const done = new Set<string>();
  const visit = (id: string, path: string[]): string[] | undefined => {
    if (done.has(id)) return undefined;
    const at = path.indexOf(id);
    if (at >= 0) return [...path.slice(at), id];
    for (const need of needs.get(id) ?? []) {
      const cycle = visit(need, [...path, id]);
      if (cycle) return cycle;
    }
    done.add(id);
    return undefined;
  };
  for (const id of needs.keys()) {
    const cycle = visit(id, []);
    if (cycle) return cycle;
  }
  return undefined;
}

/** An id and all that it needs, directly or not. */
export function closure(needs: Needs, ids: Iterable<string>): Set<string> {
  const all = new Set<string>();
  const visit = (id: string): void => {
    if (all.has(id)) return;
    all.add(id);
    for (const need of needs.get(id) ?? []) visit(need);
  };
  for (const id of ids) visit(id);
  return all;
}
