// SPDX-License-Identifier: Apache-2.0
import dagre from '@dagrejs/dagre';
import { closure, type Needs } from '../../roadmap/graph.ts';
import { skillRef, stageRef, type SkillRef, type StageRef } from './refs.ts';
import { site } from './site.ts';

/** Skills drawn, and listed, from left to right in the order of who needs whom; lengths in CSS pixels. */
export interface Drawing {
  width: number;
  height: number;
  nodes: DrawnSkill[];
  /** `path` is the data of an SVG path. */
  edges: Edge[];
}

export interface Edge {
  from: string;
  to: string;
  /** It begins at the right side of a box, ends at the left side of one, and is level at each point. */
  points: Point[];
  /** Leads to another stage. */
  far?: boolean;
}

interface Band extends StageRef {
  y: number;
}

interface Point {
  x: number;
  y: number;
}

export interface DrawnSkill extends Pick<SkillRef, 'id' | 'title' | 'href' | 'depth' | 'stage'> {
  /** The upper left corner. */
  x: number;
  y: number;
  width: number;
  height: number;
  /** Its title in lines that fit. */
  lines: string[];
  /** The head of its stage, when it is the first of one and stages are drawn one below the other. */
  band?: Band;
}

const letters = 21;
const width = 200;
const margin = 6;
const heights = [0, 28, 42];
// Above a stage, and below it, where stages are drawn one below the other.
const bandHead = 34;
const bandGap = 26;

/** All skills, stage below stage; needs that other needs imply are left out, here and everywhere. */
export function wholeGraph(): Drawing {
  return once('', () => {
    const parts: Drawing[] = [];
    let y = 0;
    for (const { number } of site().roadmap.stages) {
      const part = moved(stageGraph(number), y + bandHead);
      const [first, ...others] = part.nodes;
      parts.push({ ...part, nodes: [{ ...first!, band: { ...stageRef(number), y } }, ...others] });
      y += bandHead + part.height + bandGap;
    }
    const nodes = parts.flatMap((part) => part.nodes);
    return {
      width: Math.max(...parts.map(({ width }) => width)),
      height: y,
      nodes,
      edges: [...parts.flatMap((part) => part.edges), ...acrossStages(nodes)],
    };
  });
}

/** The needs of skills in earlier stages. */
function acrossStages(nodes: readonly DrawnSkill[]): Edge[] {
  const places = new Map(nodes.map((node) => [node.id, node]));
  return nodes.flatMap((to) =>
    reduced()
      .get(to.id)!
      .map((need) => places.get(need)!)
      .filter((from) => from.stage !== to.stage)
      .map((from) => ({ from: from.id, to: to.id, points: [rightOf(from), leftOf(to)], far: true })),
  );
}

/** The skills of one stage, by its number. */
export function stageGraph(number: number): Drawing {
  const ids = site()
    .byStage.get(number)!
    .map(({ id }) => id);
  return once(`stage ${number}`, () => draw(ids, reduced()));
}

/** What a skill needs, two steps back unless that is too much to see, and what needs it. */
export function neighbors(id: string): Drawing {
  return once(`skill ${id}`, () => {
    const needs = reduced();
    const one = needs.get(id)!;
    const two = one.flatMap((need) => needs.get(need)!);
    const leads = [...needs.keys()].filter((other) => needs.get(other)!.includes(id));
    const near = new Set([...one, id, ...leads]);
    const far = new Set([...two, ...near]);
    const shown = far.size <= 20 ? far : near;
    // Of the edges only those on the way to this skill and away from it.
    const kept = [...shown].map((to): [string, string[]] => [
      to,
      needs.get(to)!.filter((from) => to === id || from === id || (one.includes(to) && shown.has(from))),
    ]);
    return draw([...shown], new Map(kept));
  });
}

const drawings = new Map<string, Drawing>();

function once(key: string, make: () => Drawing): Drawing {
  let drawing = drawings.get(key);
  if (!drawing) drawings.set(key, (drawing = make()));
  return drawing;
}

let least: Needs | undefined;

/** Transitive reduction: the needs of each skill without those that another need has already. */
function reduced(): Needs {
  const needs: Needs = new Map([...site().skills].map(([id, skill]) => [id, skill.needs]));
  return (least ??= new Map(
    [...needs].map(([id, direct]) => [
      id,
      direct.filter((need) => !direct.some((other) => other !== need && closure(needs, [other]).has(need))),
    ]),
  ));
}

/** Layered layout by dagre (Gansner et al., "A Technique for Drawing Directed Graphs", 1993). */
function draw(ids: readonly string[], needs: Needs): Drawing {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: 'LR', ranksep: 38, nodesep: 8, edgesep: 3, marginx: margin, marginy: margin });
  graph.setDefaultEdgeLabel(() => ({}));
  const lines = new Map(ids.map((id) => [id, wrapped(site().skills.get(id)!.title)]));
  for (const [id, { length }] of lines) graph.setNode(id, { width, height: heights[length]! });
  for (const id of ids) for (const need of needs.get(id) ?? []) if (lines.has(need)) graph.setEdge(need, id);
  dagre.layout(graph);
  const size = graph.graph() as { width?: number; height?: number };
  const nodes = ids.map((id) => {
    const node = graph.node(id) as Point & { height: number };
    const { title, href, depth, stage } = skillRef(id);
    const x = Math.round(node.x - width / 2);
    const y = Math.round(node.y - node.height / 2);
    return { id, title, href, depth, stage, x, y, width, height: node.height, lines: lines.get(id)! };
  });
  nodes.sort((a, b) => a.x - b.x || a.y - b.y);
  const places = new Map(nodes.map((node) => [node.id, node]));
  return {
    width: Math.ceil(size.width ?? 0),
    height: Math.ceil(size.height ?? 0),
    nodes,
    edges: graph.edges().map(({ v, w }: { v: string; w: string }) => {
      const { points } = graph.edge(v, w) as { points: Point[] };
      // The first and the last are where dagre would touch the boxes; we touch them at their sides.
      const between = points.length > 3 ? points.slice(1, -1) : [];
      return { from: v, to: w, points: [rightOf(places.get(v)!), ...between, leftOf(places.get(w)!)] };
    }),
  };
}

function rightOf({ x, y, width, height }: DrawnSkill): Point {
  return { x: x + width, y: y + height / 2 };
}

function leftOf({ x, y, height }: DrawnSkill): Point {
  return { x, y: y + height / 2 };
}

/** The same drawing further down. */
function moved(drawing: Drawing, down: number): Drawing {
  const lower = <T extends Point>(one: T): T => ({ ...one, y: one.y + down });
  return {
    ...drawing,
    nodes: drawing.nodes.map(lower),
    edges: drawing.edges.map((edge) => ({ ...edge, points: edge.points.map(lower) })),
  };
}

/** A title in one line or, parted where both are shortest, in two. */
function wrapped(title: string): string[] {
  if (title.length <= letters) return [title];
  const parted = [...title.matchAll(/ /g)].map(({ index }) => [
    title.slice(0, index),
    title.slice(index + 1),
  ]);
  const longest = (lines: string[]): number => Math.max(...lines.map(({ length }) => length));
  return parted.sort((one, other) => longest(one) - longest(other))[0] ?? [title];
}
