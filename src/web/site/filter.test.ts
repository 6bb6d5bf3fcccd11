// SPDX-License-Identifier: Apache-2.0
// A filter shows what leads where one wants to go, and takes nothing from an address that it does not know.
import { describe, expect, it } from 'vitest';
import { closure } from '../../roadmap/graph.ts';
import { filterOf, filtering } from './filter.ts';
import { site } from './site.ts';

const shown = (query: string): string[] => {
  const shows = filtering(filterOf(new URLSearchParams(query)));
  return [...site().skills.values()].filter(shows).map(({ id }) => id);
};

describe('filters', () => {
  it('of nothing show everything', () => {
    expect(shown('')).toHaveLength(site().skills.size);
    expect(shown('depth=deep&domain=nowhere&specialization=constructor')).toHaveLength(site().skills.size);
  });

  it('of a domain show its skills and all that these need', () => {
    const needs = new Map([...site().skills.values()].map((skill) => [skill.id, skill.needs]));
    for (const { id, skills } of site().roadmap.domains)
      expect(new Set(shown(`domain=${id}`))).toEqual(closure(needs, skills));
  });

  it('narrow each other', () => {
    const both = shown('domain=storage-systems&specialization=ebpf&depth=advanced&depth=expert');
    const [one, other] = [shown('domain=storage-systems'), shown('specialization=ebpf')];
    expect(both).toEqual(
      one.filter((id) => other.includes(id) && ['advanced', 'expert'].includes(site().skills.get(id)!.depth)),
    );
    expect(both.length).toBeGreaterThan(0);
  });
});
