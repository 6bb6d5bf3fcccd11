// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';
import { deviceForm } from '../machine/devices.ts';
import { portCount } from '../machine/qemu.ts';
import { BringupError } from '../shared/errors.ts';
import type { Description } from '../silicon/describe/device.ts';
import type { Chip } from '../silicon/layout/chip.ts';
import { layOut } from '../silicon/layout/lay-out.ts';
import { repository } from '../shared/paths.ts';
import type { Check } from './api.ts';

const id = z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/);

const schema = z.strictObject({
  id,
  title: z.string().max(90),
  stage: z.number().int().min(0).max(6),
  minutes: z.number().int().min(10).max(240),
  flavor: id,
  /** Name of the .ko that the learner's Makefile builds. */
  module: z.string().regex(/^[a-z0-9_-]+$/),
  /** Modules of the kernel itself that are loaded before the check, after what they need. */
  kernelModules: z.array(z.string().regex(/^[a-z0-9_-]+$/)).default([]),
  /** Devices plugged into the machine before the check, as QEMU's -device names them. */
  devices: z.array(deviceForm).max(portCount).default([]),
  /** File with the description of the chip that the lab's machine gets, its default export: device.ts. */
  silicon: z
    .string()
    .regex(/^[a-z0-9-]+\.ts$/)
    .optional(),
  /** The check has a second part, `race`, that runs on two processors at once. */
  races: z.boolean().default(false),
  skills: z
    .array(z.strictObject({ id, depth: z.enum(['foundation', 'working', 'advanced', 'expert']) }))
    .min(1),
  needs: z.array(id),
  requirements: z.array(z.strictObject({ id, says: z.string().max(72) })).min(1),
  hints: z.array(z.string()).length(3),
  read: z.array(z.string().startsWith('Documentation/')).min(1),
});

export interface Lab extends z.infer<typeof schema> {
  folder: string;
}

const labsFolder = join(repository, 'labs');

/** All labs, by stage, then by the order of their needs and names. Throws E-LAB-BROKEN. */
export function allLabs(): Lab[] {
  const folders = readdirSync(labsFolder, { withFileTypes: true })
    .filter((group) => group.isDirectory())
    .flatMap((group) =>
      readdirSync(join(labsFolder, group.name)).map((name) => join(labsFolder, group.name, name)),
    )
    .filter((folder) => existsSync(join(folder, 'lab.yaml')));
  return folders
    .map(readLab)
    .sort((a, b) => a.stage - b.stage || a.minutes - b.minutes || a.id.localeCompare(b.id));
}

/** Throws E-LAB-UNKNOWN. */
export function findLab(name: string): Lab {
  const labs = allLabs();
  const lab = labs.find((candidate) => candidate.id === name);
  if (!lab)
    throw new BringupError(
      'E-LAB-UNKNOWN',
      `there is no lab "${name}"; there are: ${labs.map((l) => l.id).join(', ')}`,
    );
  return lab;
}

function readLab(folder: string): Lab {
  const parsed = schema.safeParse(parse(readFileSync(join(folder, 'lab.yaml'), 'utf8')));
  if (!parsed.success) {
    throw new BringupError('E-LAB-BROKEN', `${join(folder, 'lab.yaml')}: ${z.prettifyError(parsed.error)}`);
  }
  if (parsed.data.id !== basename(folder)) {
    throw new BringupError(
      'E-LAB-BROKEN',
      `${folder} has the id ${parsed.data.id}; a lab is named like its folder`,
    );
  }
  return { ...parsed.data, folder };
}

/** The chip of a lab for a seed. Throws E-LAB-BROKEN when the lab has none, or its file does not describe one. */
export async function loadChip(lab: Lab, seed: number): Promise<Chip> {
  if (!lab.silicon) throw new BringupError('E-LAB-BROKEN', `${lab.id} has no chip`);
  return layOut(await descriptionAt(pathToFileURL(join(lab.folder, lab.silicon)).href), seed);
}

/** The description of a device that the module at a URL exports. Throws E-LAB-BROKEN. */
export async function descriptionAt(url: string): Promise<Description> {
  const exports = (await import(url).catch((error: unknown) => {
    throw new BringupError('E-LAB-BROKEN', `${url}: ${String(error)}`, { cause: error });
  })) as { default?: Description };
  if (!exports.default) throw new BringupError('E-LAB-BROKEN', `${url} has no device as its default export`);
  return exports.default;
}

/** What check.ts exports: the check, and what is tried on two processors when the lab races. */
export interface Checks {
  steady: Check;
  racing?: Check;
}

/** The checks of a lab. Throws E-LAB-BROKEN when check.ts does not export what lab.yaml announces. */
export async function loadCheck(lab: Lab): Promise<Checks> {
  const file = join(lab.folder, 'check.ts');
  const exports = (await import(pathToFileURL(file).href).catch((error: unknown) => {
    throw new BringupError('E-LAB-BROKEN', `${file}: ${String(error)}`, { cause: error });
  })) as { default?: Check; race?: Check };
  if (typeof exports.default !== 'function')
    throw new BringupError('E-LAB-BROKEN', `${file} has no check() as its default export`);
  if (lab.races !== (typeof exports.race === 'function'))
    throw new BringupError(
      'E-LAB-BROKEN',
      `${file} exports \`race\` if, and only if, lab.yaml says \`races: true\``,
    );
  return { steady: exports.default, ...(exports.race && { racing: exports.race }) };
}
