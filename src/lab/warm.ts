// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from '../machine/machine.ts';
import { BringupError } from '../shared/errors.ts';
import { repository } from '../shared/paths.ts';
import { buildModule } from './build.ts';
import type { Bench } from './bench.ts';
import { Guest } from './guest.ts';

const images = new Map<string, Promise<Buffer>>();

/** guest/warm.c as a module of this kernel, built once. */
function warmImage({ kit, judge }: Bench): Promise<Buffer> {
  const cached = images.get(judge.kernel.id);
  if (cached) return cached;
  const building = (async () => {
    const sources = new Map([
      ['warm.c', readFileSync(join(repository, 'guest', 'warm.c'))],
      ['Makefile', Buffer.from('obj-m := warm.o\n')],
    ]);
    const build = await buildModule(kit, judge.kernel, 'warm', sources, 'warm');
    if (!build.ok)
      throw new BringupError('E-TEMPLATE', `guest/warm.c does not build: ${build.output.slice(-500)}`);
    return build.image!;
  })();
  images.set(judge.kernel.id, building);
  building.catch(() => images.delete(judge.kernel.id)); // a full disk now is none later
  return building;
}

/** Makes a restored machine do what a check will do, before the learner's part begins. */
export async function warmUp(bench: Bench, machine: Machine): Promise<void> {
  const guest = new Guest(machine, new Map([['warm', await warmImage(bench)]]));
  await guest.load('warm', { value: 1 });
  const [reader, writer] = await guest.tasks(2);
  const file = await writer!.open('/dev/warm', 'rw');
  await file.write('warm');
  await file.seek(0);
  await file.read(16);
  await file.in(reader!).poll(['in']);
  await file.close();
  await guest.unload('warm');
}
