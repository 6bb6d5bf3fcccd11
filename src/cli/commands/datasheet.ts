// SPDX-License-Identifier: Apache-2.0
// bringup datasheet [LAB or DIR]: the data sheet of a learner's chip.
import { existsSync, writeFileSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { openLabFolder, type LabFolder } from '../../lab/folder.ts';
import { allLabs, findLab, loadChip, type Lab } from '../../lab/lab.ts';
import { asBringupError, BringupError, exit, isErrno } from '../../shared/errors.ts';
import { toMarkdown } from '../../silicon/sheet/markdown.ts';
import { toPage } from '../../silicon/sheet/page.ts';
import { sheetOf } from '../../silicon/sheet/sheet-of.ts';
import type { Sheet } from '../../silicon/sheet/sheet.ts';

const formats = ['markdown', 'html', 'pdf'] as const;
type Format = (typeof formats)[number];

export interface DatasheetOptions {
  format?: string;
  /** File to write; `-` is standard output. */
  output?: string;
  seed?: string;
  json?: boolean;
}

/**
 * Prints or writes the data sheet of a chip: of the lab in a folder, or of a lab for the seed that is given or that
 * the learner's folder has.
 */
export async function datasheet(what: string | undefined, options: DatasheetOptions): Promise<number> {
  const output = options.output === '-' ? undefined : options.output;
  const format = formatOf(options.format, output);
  if (output === undefined && format === 'pdf' && (process.stdout.isTTY || options.json)) {
    throw new BringupError('E-USAGE', 'a PDF is not for the terminal', {
      next: 'Name a file for it: `--output datasheet.pdf`.',
    });
  }
  const lab = labOf(what);
  const seed = options.seed === undefined ? ownSeed(lab, what) : seedOf(options.seed);
  const chip = await loadChip(lab, seed);
  const content = await written(sheetOf(chip), format);
  if (output !== undefined) writeOut(output, content);
  if (options.json) {
    const where = output === undefined ? { text: content } : { path: resolve(output) };
    process.stdout.write(`${JSON.stringify({ lab: lab.id, seed, part: chip.part, format, ...where })}\n`);
  } else {
    process.stdout.write(output === undefined ? content : `${chip.part}: ${resolve(output)}\n`);
  }
  return exit.ok;
}

/** The lab that is meant, which has a chip. A lab's id counts before a folder of that name. */
function labOf(what: string | undefined): Lab {
  const lab = what === undefined || isFolder(what) ? openLabFolder(what ?? '.').lab : findLab(what);
  if (lab.silicon === undefined)
    throw new BringupError('E-USAGE', `${lab.id} is about no chip of ours, so it has no data sheet`, {
      next: 'Its brief.md has all there is to know.',
    });
  return lab;
}

function isFolder(what: string | undefined): boolean {
  return what === undefined || (existsSync(what) && !allLabs().some(({ id }) => id === what));
}

/** The seed of a learner's folder: of the one named, else of the one that this is in, or that is here. */
function ownSeed(lab: Lab, what: string | undefined): number {
  if (isFolder(what)) return openLabFolder(what ?? '.').seed;
  const folder = folderOf(lab, '.') ?? folderOf(lab, lab.id);
  if (folder) return folder.seed;
  throw new BringupError(
    'E-USAGE',
    `each folder of ${lab.id} has a chip of its own, and this is none of them`,
    {
      next: `Run \`bringup get ${lab.id}\` first, go to your folder, or name any chip: \`--seed 1\`.`,
    },
  );
}

/** The learner's folder at a path or above it, when it is one of that lab. */
function folderOf(lab: Lab, path: string): LabFolder | undefined {
  try {
    const folder = openLabFolder(path);
    return folder.lab.id === lab.id ? folder : undefined;
  } catch (error) {
    if (error instanceof BringupError && error.exitStatus === exit.usage) return undefined;
    throw error;
  }
}

function seedOf(text: string): number {
  const seed = Number(text);
  if (!/^\d+$/.test(text) || seed > 0xffff_ffff)
    throw new BringupError('E-USAGE', `--seed takes a whole number from 0 to 4294967295, not "${text}"`);
  return seed;
}

/** The one asked for, else by the end of the file's name, else Markdown. */
function formatOf(asked: string | undefined, output: string | undefined): Format {
  if (asked !== undefined) {
    const format = formats.find((one) => one === asked);
    if (!format) throw new BringupError('E-USAGE', `--format is markdown, html or pdf, not "${asked}"`);
    return format;
  }
  const ends: Record<string, Format> = { '.html': 'html', '.htm': 'html', '.pdf': 'pdf' };
  return ends[extname(output ?? '').toLowerCase()] ?? 'markdown';
}

async function written(sheet: Sheet, format: Format): Promise<string | Buffer> {
  if (format === 'pdf') return (await import('../../silicon/sheet/pdf.ts')).toPdf(sheet);
  return format === 'html' ? toPage(sheet) : toMarkdown(sheet);
}

function writeOut(file: string, content: string | Buffer): void {
  try {
    writeFileSync(file, content);
  } catch (error) {
    if (!isErrno(error) || error.code === 'ENOSPC') throw asBringupError(error);
    throw new BringupError('E-USAGE', `${file} can not be written (${error.code})`, { cause: error });
  }
}
