// SPDX-License-Identifier: Apache-2.0
import type { Machine } from '../machine/machine.ts';
import { listGuestFolder } from '../machine/guest-file.ts';
import type { Template } from '../machine/template.ts';
import { workqueues } from '../machine/workqueues.ts';

/**
 * What is there now and was not when the template was saved: workqueues, and names in the watched folders
 * ('path/name').
 */
export async function residue(
  machine: Machine,
  { survey, structs }: Template,
  slot: number,
): Promise<string[]> {
  const left = workqueues(machine.space, structs)
    .filter((name) => !survey.workqueues.includes(name))
    .map((name) => `workqueue ${name}`);
  for (const [folder, before] of Object.entries(survey.folders)) {
    const known = new Set(before);
    for (const name of await listGuestFolder(machine, folder, slot)) {
      if (!known.has(name)) left.push(`${folder}/${name}`);
    }
  }
  return left;
}
