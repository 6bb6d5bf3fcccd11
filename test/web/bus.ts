// SPDX-License-Identifier: Apache-2.0
import { extract, insert } from '../../src/silicon/layout/value.ts';
import { registerNamed } from '../../src/silicon/layout/find.ts';
import { Driven } from '../../src/silicon/trace/driven.ts';
import reckoner from '../../labs/3-drivers/pci-mmio/device.ts';

const ms = 1_000_000;

/** A driver of pci-mmio's chip that works as the data sheet says, but starts one operation while another is under way. */
export function carelessDriver(seed: number, operations = 3): Driven {
  const driven = new Driven(reckoner, seed);
  const field = (register: string, name: string) =>
    registerNamed(driven.chip, register)!.fields.find((one) => one.name === name)!;
  driven.read('ID');
  driven.write('CONTROL', insert(field('CONTROL', 'ENABLE'), driven.read('CONTROL'), 1));
  driven.pass(driven.chip.times['settle']!.min!);
  const [, second = field('OPERATION', 'CODE').values![0]!] = field('OPERATION', 'CODE').values!;
  for (let number = 1; number <= operations; number++) {
    driven.write('OPERAND_A', 1000 + number);
    driven.write('OPERAND_B', number);
    driven.write('OPERATION', insert(field('OPERATION', 'CODE'), 0, second.code));
    driven.write('START', 1);
    if (number % 3 === 2) driven.write('START', 1);
    while (extract(field('STATUS', 'DONE'), driven.read('STATUS')) === 0) driven.pass(0.2 * ms);
    driven.read('RESULT');
    driven.pass(ms);
  }
  return driven;
}
