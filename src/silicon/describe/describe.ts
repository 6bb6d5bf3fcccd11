// SPDX-License-Identifier: Apache-2.0
import { checkDescription } from './check.ts';
import type { Description, DeviceSpec } from './device.ts';
import type { Formats } from './formats.ts';
import type { Registers } from './registers.ts';

/**
 * Describes a device: registers, rules, texts and behaviour in one object. All else (a chip, its data sheet, a chip
 * that runs) is made from what this returns. Handlers, rules, interrupts and blocks that name a register, field or
 * value that is not described do not compile; what types can not tell throws E-SILICON-DEVICE.
 */
export function describe<
  const R extends Registers,
  Revision extends string,
  const F extends Formats = Record<never, never>,
  Interrupt extends string = never,
  Rule extends string = never,
  Parameter extends string = never,
  Time extends string = never,
  Erratum extends string = never,
  State extends string = never,
  Memory = undefined,
>(spec: DeviceSpec<R, F, Parameter, Time, Interrupt, Rule, Erratum, Revision, State, Memory>): Description {
  // From here on names are strings; a handler gets the view it was written for, since it is made from this spec.
  const description = {
    interrupts: {},
    rules: {},
    states: {},
    blocks: [],
    behaviour: {},
    ...spec,
  } as unknown as Description;
  checkDescription(description);
  return description;
}
