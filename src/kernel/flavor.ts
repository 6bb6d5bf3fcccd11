// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { BringupError } from '../shared/errors.ts';
import { dataFolder, repository } from '../shared/paths.ts';

const common = {
  title: z.string(),
  arch: z.enum(['x86_64']),
  memory: z
    .string()
    .regex(/^\d+M$/)
    .transform((text) => parseInt(text, 10) << 20),
  commandLine: z.string().default(''),
  /** Kernel variables that must be the same after a run as before it. */
  sentinels: z.record(z.string(), z.enum(['int', 'long'])).default({}),
  detectors: z.array(z.string()).default([]),
  /** The flavor whose verdicts count; this one's are provisional. */
  provisionalFor: z.string().optional(),
};

/** Debian's source package, and what is asked of Kconfig: parts of kernels/parts/ and options beside them. */
const built = z.strictObject({
  ...common,
  source: z.string(),
  parts: z.array(z.string().regex(/^[a-z0-9-]+$/)).min(1),
  options: z.array(z.string().regex(/^CONFIG_\w+=\S+$/)).default([]),
});
const prebuilt = z.strictObject({
  ...common,
  prebuilt: z.string(),
  headers: z.string(),
});
/** A learner's own tree: `tree` is its top folder; `config` empty keeps the tree's own .config. */
const own = z.strictObject({ ...common, tree: z.string() });

export type BuiltFlavor = z.infer<typeof built> & { id: string; folder: string };
export type PrebuiltFlavor = z.infer<typeof prebuilt> & { id: string; folder: string };
export type OwnFlavor = z.infer<typeof own> & { id: string; folder: string };
export type Flavor = BuiltFlavor | PrebuiltFlavor | OwnFlavor;

const idPattern = /^[a-z0-9][a-z0-9-]*$/;
const homes = (): string[] => [join(repository, 'kernels'), dataFolder('kernels')];

/** Ids of all flavors: those of the repository, then the learner's own. */
export function flavorIds(): string[] {
  return homes()
    .filter((home) => existsSync(home))
    .flatMap((home) =>
      readdirSync(home).filter((id) => idPattern.test(id) && existsSync(join(home, id, 'flavor.yaml'))),
    );
}

/** Reads a flavor. Throws E-KERNEL-UNKNOWN, or E-INPUT when its file is wrong. */
export function loadFlavor(id: string): Flavor {
  const folder = homes()
    .map((home) => join(home, id))
    .find((path) => idPattern.test(id) && existsSync(join(path, 'flavor.yaml')));
  if (!folder)
    throw new BringupError(
      'E-KERNEL-UNKNOWN',
      `there is no flavor "${id}"; there are: ${flavorIds().join(', ')}`,
    );
  const file = join(folder, 'flavor.yaml');
  const parsed = z.union([built, prebuilt, own]).safeParse(readYaml(file));
  if (!parsed.success)
    throw new BringupError('E-INPUT', `${file} is not a flavor: ${z.prettifyError(parsed.error)}`);
  return { ...parsed.data, id, folder };
}

function readYaml(file: string): unknown {
  try {
    return parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new BringupError('E-INPUT', `${file} is not a flavor: ${String(cause)}`, { cause });
  }
}
