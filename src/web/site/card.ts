// SPDX-License-Identifier: Apache-2.0
import type { Depth } from '../../roadmap/schema.ts';
import { fieldList } from './fields.ts';
import { site, stageOf } from './site.ts';

/** What the share image of a page says. */
export interface Card {
  /** What kind of page it is: 'skill · stage 2 · advanced'. */
  kind: string;
  title: string;
  says: string;
  depth?: Depth;
}

const others = new Map<string, Card>(
  Object.entries({
    skills: { kind: 'roadmap', title: 'Skills', says: 'All of them, by stage and depth' },
    graph: { kind: 'roadmap', title: 'How the skills hang together', says: 'Which skill needs which' },
    labs: { kind: 'roadmap', title: 'Labs', says: 'Drivers to write, judged on a real kernel' },
    start: {
      kind: 'placement',
      title: 'Where do I start?',
      says: 'At most 20 items of real work, without a clock',
    },
    work: { kind: 'work', title: 'My work', says: 'Verdicts, evidence, and progress by stage' },
    plan: { kind: 'plan', title: 'My plan', says: 'A dated path to where you want to be' },
    search: { kind: 'roadmap', title: 'Search', says: 'Skills, labs, forces, domains, sources' },
    api: { kind: 'roadmap', title: 'Data as JSON', says: 'All of the roadmap, for programs' },
  }),
);

/** The card of a page by its address, '/' for home; undefined when there is no such page. */
export function cardOf(path: string): Card | undefined {
  const [, name = '', id, part] = path.split('/');
  if (name === '') return homeCard();
  if (id === undefined) return others.get(name) ?? listCard(name);
  if (name === 'skills') return skillCard(id);
  if (name === 'stages') return stageCard(id);
  if (name === 'labs') return part === 'datasheet' ? sheetCard(id) : labCard(id);
  return entryCard(name, id);
}

function homeCard(): Card {
  return {
    kind: 'the way to a Linux kernel and driver career',
    title: 'From your first module to the MAINTAINERS file.',
    says: `Seven stages, ${site().roadmap.skills.length} skills, labs on a real kernel`,
  };
}

function listCard(name: string): Card | undefined {
  const list = fieldList(name);
  return list && { kind: 'roadmap', title: list.title, says: list.says };
}

function skillCard(id: string): Card | undefined {
  const skill = site().skills.get(id);
  if (!skill) return undefined;
  const { title, depth, hours, stage } = skill;
  const { title: stageTitle } = stageOf(stage);
  return { kind: `skill · ${depth} · ${hours} h`, title, says: `Stage ${stage}: ${stageTitle}`, depth };
}

function stageCard(id: string): Card | undefined {
  const stage = site().roadmap.stages.find((candidate) => candidate.id === id);
  return stage && { kind: `stage ${stage.number}`, title: stage.title, says: stage.tagline };
}

function labCard(id: string): Card | undefined {
  const lab = site().labs.get(id);
  return lab && { kind: `lab · ${lab.minutes} min`, title: lab.title, says: `bringup get ${id}` };
}

function sheetCard(id: string): Card | undefined {
  const lab = site().labs.get(id);
  if (!lab?.silicon) return undefined;
  return { kind: 'data sheet', title: lab.title, says: 'Each folder of this lab has a chip of its own' };
}

function entryCard(name: string, id: string): Card | undefined {
  const list = fieldList(name);
  const entry = list?.entries.find((candidate) => candidate.id === id);
  return entry && { kind: list!.title.toLowerCase(), title: entry.title, says: entry.note };
}
