// SPDX-License-Identifier: Apache-2.0
// A drawing shows each skill once, none over another, with every need an arrow or implied by arrows.
import { describe, expect, it } from 'vitest';
import { closure } from '../../roadmap/graph.ts';
import { neighbors, stageGraph, wholeGraph, type DrawnSkill, type Drawing } from './graph.ts';
import { site } from './site.ts';

function overlap(a: DrawnSkill, b: DrawnSkill): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

function expectTidy({ nodes, edges, width, height }: Drawing): void {
  nodes.forEach((node, at) => {
    expect(nodes.slice(at + 1).filter((other) => overlap(node, other))).toEqual([]);
    expect(node.x).toBeGreaterThanOrEqual(0);
    expect(node.y).toBeGreaterThanOrEqual(0);
    expect(node.x + node.width).toBeLessThanOrEqual(width);
    expect(node.y + node.height).toBeLessThanOrEqual(height);
    expect(node.lines.join(' ')).toBe(node.title);
  });
  const place = new Map(nodes.map((node) => [node.id, node]));
  for (const { from, to, far } of edges)
    if (!far) expect(place.get(from)!.x, `${from} → ${to}`).toBeLessThan(place.get(to)!.x);
}

describe('drawings of skills', () => {
  it('of all: arrows say just what the needs say', () => {
    const drawing = wholeGraph();
    expectTidy(drawing);
    expect(drawing.nodes.map(({ id }) => id).sort()).toEqual([...site().skills.keys()].sort());
    const drawn = new Map(drawing.nodes.map(({ id }) => [id, [] as string[]]));
    for (const { from, to } of drawing.edges) drawn.get(to)!.push(from);
    const needs = new Map([...site().skills.values()].map((skill) => [skill.id, skill.needs]));
    for (const id of needs.keys()) expect(closure(drawn, [id]), id).toEqual(closure(needs, [id]));
  });

  it('of a stage: its skills only', () => {
    for (const { number } of site().roadmap.stages) {
      const drawing = stageGraph(number);
      expectTidy(drawing);
      expect(drawing.nodes.map(({ id }) => id).sort()).toEqual(
        site()
          .byStage.get(number)!
          .map(({ id }) => id)
          .sort(),
      );
    }
  });

  it('around a skill: few enough to see, and all on the way to it or from it', () => {
    for (const id of site().skills.keys()) {
      const drawing = neighbors(id);
      expectTidy(drawing);
      expect(drawing.nodes.map((node) => node.id)).toContain(id);
      expect(drawing.nodes.length, id).toBeLessThanOrEqual(26);
      const touched = new Set(drawing.edges.flatMap(({ from, to }) => [from, to]));
      if (drawing.nodes.length > 1)
        for (const node of drawing.nodes) expect(touched.has(node.id), `${node.id} near ${id}`).toBe(true);
    }
  });
});
