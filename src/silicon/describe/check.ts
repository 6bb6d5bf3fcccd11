// SPDX-License-Identifier: Apache-2.0
// What must hold of a description and no type can tell.
import { BringupError } from '../../shared/errors.ts';
import { checkRegisters } from './check-registers.ts';
import type { AnyInterrupt, Description } from './device.ts';
import { range } from './range.ts';
import { pieces, texts } from './references.ts';

/** Throws E-SILICON-DEVICE, naming the place, for the first thing that is wrong. */
export function checkDescription(description: Description): void {
  const wrong = (where: string, what: string): never => {
    throw new BringupError('E-SILICON-DEVICE', `device ${description.name}, ${where}: ${what}`);
  };
  if (!/^[a-z][a-z0-9-]*$/.test(description.name)) wrong('name', 'not lower-case words joined by hyphens');
  checkRegisters(description, wrong);
  if (Object.keys(description.revisions).length === 0) wrong('revisions', 'there is none');

  const field = (path: string): { bits: number } | undefined => {
    const [register = '', name = ''] = path.split('.');
    return description.registers[register]?.fields?.[name];
  };
  const oneBit = (where: string, path: string | undefined): void => {
    if (path !== undefined && field(path)?.bits !== 1) wrong(where, `${path} is no field of one bit`);
  };
  const interrupts = Object.entries<AnyInterrupt>(description.interrupts);
  const vectors = description.bus.kind === 'pci' ? range(description.bus.vectors ?? 1).smallest : 1;
  for (const [name, { status, enable, mask, vector = 0 }] of interrupts) {
    if (vector >= vectors) wrong(`interrupt ${name}`, `there may be no vector ${vector}`);
    if (enable && mask) wrong(`interrupt ${name}`, 'has both an enable and a mask bit');
    for (const path of [status, enable, mask]) oneBit(`interrupt ${name}`, path);
  }
  for (const [name, { when, require }] of Object.entries(description.rules)) {
    if ((when === undefined) !== (require === undefined)) wrong(`rule ${name}`, '`when` needs `require`');
    for (const path of Object.keys(require ?? {})) {
      if (!field(path)) wrong(`rule ${name}`, `there is no field ${path}`);
    }
  }
  for (const [name, { format, entries }] of Object.entries(description.rings ?? {})) {
    if (!description.formats?.[format]) wrong(`ring ${name}`, `there is no format ${format}`);
    if (!description.parameters?.[entries]) wrong(`ring ${name}`, `there is no parameter ${entries}`);
  }
  for (const [name, { next }] of Object.entries(description.states)) {
    for (const follower of Object.keys(next ?? {})) {
      if (!description.states[follower]) wrong(`state ${name}`, `there is no state ${follower}`);
    }
  }
  for (const [name, { min, max }] of Object.entries(description.timing ?? {})) {
    if (min === undefined && max === undefined) wrong(`timing ${name}`, 'has neither minimum nor maximum');
    if (min !== undefined && max !== undefined && !(range(min).largest <= range(max).smallest)) {
      wrong(`timing ${name}`, 'the minimum can be larger than the maximum');
    }
  }
  for (const { where, text } of texts(description)) {
    pieces(description, text, (reference) => wrong(where, `${reference} refers to nothing`));
  }
}
