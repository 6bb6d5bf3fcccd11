// SPDX-License-Identifier: Apache-2.0
import { cpSync, existsSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { randomInt } from 'node:crypto';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { BringupError } from '../shared/errors.ts';
import { toMarkdown } from '../silicon/sheet/markdown.ts';
import { toPage } from '../silicon/sheet/page.ts';
import { sheetOf } from '../silicon/sheet/sheet-of.ts';
import { chipHeader, starterOf } from './chip-header.ts';
import { findLab, loadChip, type Lab } from './lab.ts';

const marker = '.bringup.json';
const schema = z.strictObject({
  lab: z.string(),
  seed: z.number().int().min(0).max(0xffff_ffff),
  since: z.string(),
});

/** A learner's folder: which lab it is for, and the seed its unique values are drawn from. */
export interface LabFolder {
  path: string;
  lab: Lab;
  seed: number;
}

/**
 * Makes a folder for a lab: brief, starter, the data sheet of its chip if the lab has one, the chip's numbers as a header
 * if the starter includes it, and the marker that says what it is. Throws E-LAB-EXISTS.
 */
export async function makeLabFolder(lab: Lab, path: string): Promise<LabFolder> {
  const target = resolve(path);
  if (lstatSync(target, { throwIfNoEntry: false }))
    throw new BringupError('E-LAB-EXISTS', `${target} is already there`);
  const seed = randomInt(2 ** 32);
  const sheet = lab.silicon === undefined ? undefined : sheetOf(await loadChip(lab, seed));
  mkdirSync(target, { recursive: true });
  cpSync(join(lab.folder, 'starter'), target, { recursive: true });
  const header = (await starterOf(lab, seed)).get(chipHeader);
  if (header) writeFileSync(join(target, chipHeader), header);
  cpSync(join(lab.folder, 'brief.md'), join(target, 'brief.md'));
  if (sheet) {
    writeFileSync(join(target, 'datasheet.md'), toMarkdown(sheet));
    writeFileSync(join(target, 'datasheet.html'), toPage(sheet));
  }
  const marked = { lab: lab.id, seed, since: new Date().toISOString() };
  writeFileSync(join(target, marker), `${JSON.stringify(marked)}\n`);
  return { path: target, lab, seed };
}

/** The lab folder at a path or above it. Throws E-LAB-FOLDER. */
export function openLabFolder(path: string): LabFolder {
  const start = resolve(path);
  for (let folder = start; ; folder = dirname(folder)) {
    const file = join(folder, marker);
    if (existsSync(file)) {
      const parsed = schema.safeParse(readJson(file));
      if (!parsed.success)
        throw new BringupError('E-LAB-FOLDER', `${file} is not what \`bringup get\` wrote`);
      return { path: folder, lab: findLab(parsed.data.lab), seed: parsed.data.seed };
    }
    if (dirname(folder) === folder)
      throw new BringupError('E-LAB-FOLDER', `${start} is not a lab's folder, nor is one above it`);
  }
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
