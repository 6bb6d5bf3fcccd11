// SPDX-License-Identifier: Apache-2.0
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { withChip } from '../../lab/chip-header.ts';
import { makeLabFolder, openLabFolder } from '../../lab/folder.ts';
import { attempts, passed } from '../../lab/history.ts';
import { allLabs, findLab, type Lab } from '../../lab/lab.ts';
import { hintsShown, showNextHint } from '../../lab/hints.ts';
import { readSources } from '../../lab/workspace.ts';
import { BringupError, exit } from '../../shared/errors.ts';
import { buildOnFirstNeed, howFar } from '../first-need.ts';
import { columns, paint, wrap } from '../view/style.ts';

/** bringup labs: what there is, by stage, with what was passed. */
export function labs(options: { json?: boolean }): number {
  const done = passed();
  const tried = new Set(attempts().map(({ lab }) => lab));
  const state = (lab: Lab): string => (done.has(lab.id) ? 'passed' : tried.has(lab.id) ? 'tried' : 'new');
  const all = allLabs();
  if (options.json) {
    const rows = all.map((lab) => ({
      id: lab.id,
      title: lab.title,
      stage: lab.stage,
      minutes: lab.minutes,
      flavor: lab.flavor,
      needs: lab.needs,
      skills: lab.skills,
      state: state(lab),
    }));
    process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
    return exit.ok;
  }
  let stage = -1;
  for (const lab of all) {
    if (lab.stage !== stage)
      process.stdout.write(`${stage < 0 ? '' : '\n'}${paint('bold', `stage ${lab.stage}`)}\n`);
    stage = lab.stage;
    const mark = { passed: paint('green', '✓'), tried: paint('yellow', '~'), new: ' ' }[state(lab)];
    const title = lab.title.slice(0, columns - 34);
    process.stdout.write(
      `  ${mark} ${lab.id.padEnd(18)} ${title.padEnd(columns - 34)} ${paint('dim', `${lab.minutes} min`.padStart(8))}\n`,
    );
  }
  process.stdout.write(
    `\n${paint('dim', `      ✓ passed  ~ tried      bringup get ${all[0]?.id ?? 'LAB'}`)}\n`,
  );
  return exit.ok;
}

/** bringup get LAB [DIR] */
export async function get(
  id: string,
  path: string | undefined,
  options: { json?: boolean },
): Promise<number> {
  const folder = await makeLabFolder(findLab(id), path ?? id);
  if (options.json)
    process.stdout.write(`${JSON.stringify({ lab: id, path: folder.path, seed: folder.seed })}\n`);
  else {
    const sheet = folder.lab.silicon === undefined ? '' : ' and datasheet.md';
    const files = readdirSync(folder.path).filter((name) => !name.startsWith('.'));
    process.stdout.write(`${id}  ${folder.lab.title}\n      ${folder.path}: ${files.join(', ')}\n`);
    process.stdout.write(
      paint(
        'dim',
        `      read brief.md${sheet}, edit, then: cd ${path ?? id} && bringup check      (or: bringup watch)\n`,
      ),
    );
    if (buildOnFirstNeed(folder.lab.flavor))
      process.stdout.write(
        `      its kernel (${folder.lab.flavor}) is being built in the background: ${howFar(folder.lab.flavor)}; bringup status shows how far it is\n`,
      );
  }
  return exit.ok;
}

/** bringup hint: the next hint of the lab in this folder, one at a time. */
export function hint(options: { json?: boolean; again?: boolean }): number {
  const { lab, path } = openLabFolder('.');
  const number = options.again
    ? Math.min(Math.max(1, hintsShown(path)), lab.hints.length)
    : showNextHint(path, lab.hints.length);
  const text = lab.hints[number - 1]!;
  if (options.json)
    process.stdout.write(`${JSON.stringify({ lab: lab.id, hint: number, of: lab.hints.length, text })}\n`);
  else
    process.stdout.write(
      `${paint('bold', `hint ${number} of ${lab.hints.length}`)}\n${wrap(text, 2).join('\n')}\n`,
    );
  return exit.ok;
}

/** bringup solution LAB: our solution, after a pass or with --anyway. */
export async function solution(id: string, options: { anyway?: boolean }): Promise<number> {
  const lab = findLab(id);
  if (!options.anyway && !passed().has(id))
    throw new BringupError('E-LAB-UNSOLVED', `${id} has not been passed yet`);
  const seed = seedHere(lab);
  const ours = readSources(join(lab.folder, 'solution'));
  for (const [name, content] of seed === undefined ? ours : await withChip(lab, ours, seed))
    process.stdout.write(`${paint('bold', `--- ${name}`)}\n${content.toString()}\n`);
  if (lab.silicon && seed === undefined)
    process.stdout.write(
      `${wrap('chip.h has the numbers of one chip. Run this in your folder of the lab to see those of yours.').join('\n')}\n`,
    );
  return exit.ok;
}

/** The seed of the folder one is in, when it is one of this lab. */
function seedHere(lab: Lab): number | undefined {
  try {
    const folder = openLabFolder('.');
    return folder.lab.id === lab.id ? folder.seed : undefined;
  } catch (error) {
    if (error instanceof BringupError && error.code === 'E-LAB-FOLDER') return undefined;
    throw error;
  }
}
