// SPDX-License-Identifier: Apache-2.0
import type { Machine } from '../machine/machine.ts';
import type { Bench } from './bench.ts';
import { Guest } from './guest.ts';
import { ownModule } from './own-module.ts';

/** Makes a restored machine do what a check will do, before the learner's part begins. */
export async function warmUp(bench: Bench, machine: Machine): Promise<void> {
  const guest = new Guest(machine, new Map([['warm', await ownModule(bench, 'warm')]]));
  await guest.load('warm', { value: 1 });
  const [reader, writer] = await guest.tasks(2);
  const file = await writer.open('/dev/warm', 'rw');
  await file.write('warm');
  await file.seek(0);
  await file.read(16);
  await file.in(reader).poll(['in']);
  await file.close();
  await guest.unload('warm');
}
