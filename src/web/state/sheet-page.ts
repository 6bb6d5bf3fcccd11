// SPDX-License-Identifier: Apache-2.0
import { loadChip } from '../../lab/lab.ts';
import { toHtml } from '../../silicon/sheet/html.ts';
import { sheetOf } from '../../silicon/sheet/sheet-of.ts';
import { site } from '../site/site.ts';
import { ownPart, type OwnPart } from './own.ts';
import { lastSeed } from './verdicts.ts';

export interface SheetPage {
  lab: { id: string; title: string };
  /** Title of the data sheet: part number and what it is. */
  title: string;
  /** The data sheet; every text in it is escaped. */
  html: string;
  seed: number;
  /** Why it is the chip of this seed. */
  of: 'asked' | 'own' | 'example';
  trouble?: OwnPart<unknown>['trouble'];
}

/** The chip that is shown to who has none. */
const example = 1;

/**
 * The data sheet of a lab's chip: for the seed that is asked for, else the one of the folder that the reader was
 * judged in last, else an example. Undefined for a lab that is not there or has no chip.
 */
export async function sheetPage(id: string, asked: number | undefined): Promise<SheetPage | undefined> {
  const lab = site().labs.get(id);
  if (lab?.silicon === undefined) return undefined;
  const { own, trouble } = asked === undefined ? await ownPart((mine) => lastSeed(mine, id)) : {};
  const seed = asked ?? own ?? example;
  const sheet = sheetOf(await loadChip(lab, seed));
  const of = asked !== undefined ? 'asked' : own !== undefined ? 'own' : 'example';
  const { title } = sheet;
  return { lab: { id, title: lab.title }, title, html: toHtml(sheet), seed, of, ...(trouble && { trouble }) };
}
