// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BringupError } from '../shared/errors.ts';
import { repository } from '../shared/paths.ts';
import type { Bench } from './bench.ts';
import { buildModule } from './build.ts';

const images = new Map<string, Promise<Buffer>>();

/** A module of ours (guest/NAME.c) for the bench's kernel, built once. Throws E-TEMPLATE. */
export function ownModule({ kit, judge }: Bench, name: string): Promise<Buffer> {
  const key = `${judge.kernel.id} ${name}`;
  const cached = images.get(key);
  if (cached) return cached;
  const building = (async () => {
    const sources = new Map([
      [`${name}.c`, readFileSync(join(repository, 'guest', `${name}.c`))],
      ['Makefile', Buffer.from(`obj-m := ${name}.o\n`)],
    ]);
    const build = await buildModule(kit, judge.kernel, name, sources, name);
    if (!build.ok)
      throw new BringupError('E-TEMPLATE', `guest/${name}.c does not build: ${build.output.slice(-500)}`);
    return build.image!;
  })();
  images.set(key, building);
  building.catch(() => images.delete(key)); // a full disk now is none later
  return building;
}
