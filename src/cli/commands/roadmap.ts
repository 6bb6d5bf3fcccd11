// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument, type YAMLSeq } from 'yaml';
import { checkRoadmap } from '../../roadmap/check.ts';
import { labIds, readRoadmap, roadmapFolder, type Roadmap } from '../../roadmap/read.ts';
import { exit } from '../../shared/errors.ts';
import { wrap } from '../view/style.ts';

/** bringup roadmap check: whether the career's data is whole; --write adds new ids to the ledger first. */
export function roadmapCheck(options: { write?: boolean; json?: boolean }): number {
  if (options.write) publish(readRoadmap().roadmap);
  const { roadmap, problems } = readRoadmap();
  problems.push(...checkRoadmap(roadmap, labIds()));
  const counts = {
    stages: roadmap.stages.length,
    skills: roadmap.skills.length,
    items: roadmap.items.length,
    forces: roadmap.forces.length,
    domains: roadmap.domains.length,
    specializations: roadmap.specializations.length,
    sources: roadmap.sources.length,
  };
  if (options.json) process.stdout.write(`${JSON.stringify({ counts, problems }, null, 2)}\n`);
  else {
    for (const { file, says } of problems) process.stdout.write(`${file}\n${wrap(says, 6).join('\n')}\n`);
    const total = Object.entries(counts).map(([name, count]) => `${count} ${name}`);
    process.stdout.write(`${total.join(' · ')} · ${problems.length} problems\n`);
  }
  return problems.length === 0 ? exit.ok : exit.fail;
}

function publish({ skills, items }: Roadmap): void {
  const file = join(roadmapFolder, 'ids.yaml');
  const ids = parseDocument(readFileSync(file, 'utf8'));
  for (const [kind, present] of [
    ['skills', skills],
    ['items', items],
  ] as const) {
    if (!ids.has(kind)) ids.set(kind, ids.createNode([]));
    const list = ids.get(kind) as YAMLSeq;
    const known = list.toJSON() as string[];
    for (const { id } of present) if (!known.includes(id)) list.add(id);
  }
  writeFileSync(file, ids.toString());
}
