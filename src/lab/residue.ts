// SPDX-License-Identifier: Apache-2.0
import type { Machine } from '../machine/machine.ts';
import { listGuestFolder } from '../machine/guest-file.ts';
import type { Survey } from '../machine/survey.ts';

/** What is in the watched folders now and was not when the template was saved: 'path/name'. */
export async function residue(machine: Machine, survey: Survey, slot: number): Promise<string[]> {
  const left: string[] = [];
  for (const [folder, before] of Object.entries(survey.folders)) {
    const known = new Set(before);
    for (const name of await listGuestFolder(machine, folder, slot)) {
      if (!known.has(name)) left.push(`${folder}/${name}`);
    }
  }
  return left;
}
