// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab } from '../../lab/lab.ts';
import { hoursOf, site } from './site.ts';
import { labsOf } from './stages.ts';

/** An entry as it is published: all that its file says, and where its page is. */
export type Entry = { id: string; url: string } & Record<string, unknown>;

const collections = {
  stages: (): Entry[] =>
    site().roadmap.stages.map((stage) => {
      const skills = site().byStage.get(stage.number)!;
      return {
        ...stage,
        startsAt: site().startsAt.get(stage.number)!,
        hours: hoursOf(skills),
        skills: skills.map(({ id }) => id),
        labs: labsOf(stage.number).map(({ id }) => id),
        url: `/stages/${stage.id}`,
      };
    }),
  skills: (): Entry[] =>
    [...site().byStage.values()].flat().map((skill) => ({
      ...skill,
      neededBy: site().neededBy.get(skill.id)!,
      url: `/skills/${skill.id}`,
    })),
  labs: (): Entry[] => [
    ...[...site().labs.values()].map(publicLab),
    ...site().roadmap.planned.map((lab) => ({ ...lab, planned: true, url: `/labs#${lab.id}` })),
  ],
  forces: (): Entry[] => withUrl('forces'),
  domains: (): Entry[] => withUrl('domains'),
  specializations: (): Entry[] => withUrl('specializations'),
  sources: (): Entry[] => withUrl('sources'),
  library: (): Entry[] => withUrl('library'),
};

function withUrl(field: 'forces' | 'domains' | 'specializations' | 'sources' | 'library'): Entry[] {
  return site().roadmap[field].map((entry) => ({ ...entry, url: `/${field}/${entry.id}` }));
}

/** A lab without its hints, which are given one at a time, and without where it stands on the disk. */
function publicLab({ folder, hints, ...lab }: Lab): Entry {
  const brief = readFileSync(join(folder, 'brief.md'), 'utf8');
  return { ...lab, hints: hints.length, brief, planned: false, url: `/labs/${lab.id}` };
}

/** All entries of a collection by its name, or undefined when there is none of that name. */
export function collection(name: string): Entry[] | undefined {
  return Object.hasOwn(collections, name) ? collections[name as keyof typeof collections]() : undefined;
}

/** Everything that is published, in one piece. */
export function everything(): Record<string, unknown> {
  const all = Object.entries(collections).map(([name, entries]) => [name, entries()] as const);
  return { format: 1, role: site().role, ...(Object.fromEntries(all) as Record<string, Entry[]>) };
}

export const collectionNames = Object.keys(collections);
