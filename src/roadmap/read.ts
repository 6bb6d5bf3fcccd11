// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { repository } from '../shared/paths.ts';
import * as schema from './schema.ts';

/** The whole roadmap as it is written down, each file checked by itself. */
export interface Roadmap {
  role?: schema.Role;
  stages: schema.Stage[];
  skills: schema.Skill[];
  forces: schema.Force[];
  domains: schema.Domain[];
  specializations: schema.Specialization[];
  sources: schema.Source[];
  library: schema.Work[];
  planned: schema.PlannedLab[];
  items: schema.PlacementItem[];
  aliases: schema.Aliases;
  ledger: Ledger;
}

/** Ids that were published once; see roadmap/ids.yaml. */
export type Ledger = z.infer<typeof ledger>;

/** Something wrong with a file: where, and what. */
export interface Problem {
  file: string;
  says: string;
}

const ledger = z.strictObject({
  skills: z.array(schema.id),
  items: z.array(schema.id).default([]),
  renamed: z.record(schema.id, schema.id).default({}),
  retired: z.array(schema.id).default([]),
});

export const roadmapFolder = join(repository, 'roadmap');

/**
 * Reads roadmap/. What a file does not say rightly becomes a problem, and the rest is read all the same,
 * so that one mistake hides no other.
 */
export function readRoadmap(folder = roadmapFolder): { roadmap: Roadmap; problems: Problem[] } {
  const problems: Problem[] = [];
  const read = <T>(file: string, form: z.ZodType<T>): T | undefined => {
    const name = relative(repository, file);
    try {
      const parsed = form.safeParse(parse(readFileSync(file, 'utf8')));
      if (parsed.success) return parsed.data;
      problems.push({ file: name, says: z.prettifyError(parsed.error) });
    } catch (error) {
      problems.push({ file: name, says: error instanceof Error ? error.message : String(error) });
    }
    return undefined;
  };
  /** A file an entry, named like its id. */
  const each = <T extends { id: string }>(where: string, form: z.ZodType<T>): T[] =>
    yamlFiles(where).flatMap((file) => {
      const entry = read(file, form);
      if (entry && entry.id !== basename(file, '.yaml'))
        problems.push({
          file: relative(repository, file),
          says: `has the id ${entry.id}; a file is named like its id`,
        });
      return entry ? [entry] : [];
    });

  const stages: schema.Stage[] = [];
  const skills: schema.Skill[] = [];
  const items: schema.PlacementItem[] = [];
  for (const where of folders(join(folder, 'stages'))) {
    const stage = read(join(where, 'stage.yaml'), schema.stage);
    if (!stage) continue;
    if (basename(where) !== `${stage.number}-${stage.id}`)
      problems.push({
        file: relative(repository, where),
        says: `belongs to the stage ${stage.number}-${stage.id}`,
      });
    stages.push(stage);
    skills.push(
      ...each(join(where, 'skills'), schema.skill).map((skill) => ({ ...skill, stage: stage.number })),
    );
    items.push(
      ...each(join(where, 'placement'), schema.placementItem).map((item) => ({
        ...item,
        stage: stage.number,
      })),
    );
  }
  const role = read(join(folder, 'role.yaml'), schema.role);
  const roadmap: Roadmap = {
    ...(role && { role }),
    stages: stages.sort((a, b) => a.number - b.number),
    skills,
    forces: each(join(folder, 'forces'), schema.force),
    domains: each(join(folder, 'domains'), schema.domain),
    specializations: each(join(folder, 'specializations'), schema.specialization),
    sources: each(join(folder, 'sources'), schema.source),
    library: each(join(folder, 'library'), schema.work),
    planned: read(join(folder, 'planned-labs.yaml'), z.array(schema.plannedLab)) ?? [],
    items,
    aliases: read(join(folder, 'aliases.yaml'), schema.aliases) ?? { covered: [], outside: [] },
    ledger: read(join(folder, 'ids.yaml'), ledger) ?? { skills: [], items: [], renamed: {}, retired: [] },
  };
  return { roadmap, problems };
}

/** Ids of the labs there are: the names of their folders. */
export function labIds(): string[] {
  return folders(join(repository, 'labs'))
    .flatMap(folders)
    .filter((lab) => existsSync(join(lab, 'lab.yaml')))
    .map((lab) => basename(lab));
}

function folders(where: string): string[] {
  if (!existsSync(where)) return [];
  return readdirSync(where, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(where, entry.name))
    .sort();
}

function yamlFiles(where: string): string[] {
  if (!existsSync(where)) return [];
  return readdirSync(where)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => join(where, name))
    .sort();
}
