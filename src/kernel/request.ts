// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from '../shared/paths.ts';
import { parseConfig } from './config.ts';

/** What is asked of Kconfig: parts of `kernels/parts/` by name, one after the other, and options of one's own. */
export function requestOf({
  parts,
  options,
}: {
  parts: readonly string[];
  options: readonly string[];
}): string {
  const texts = parts.map((name) =>
    readFileSync(join(repository, 'kernels/parts', `${name}.config`), 'utf8'),
  );
  return [...texts, ...options.map((option) => `${option}\n`)].join('');
}

/** A request without order, comments and repetitions: what a kernel of it depends on. */
export function essence(request: string): string {
  const options = [...parseConfig(request)].map(([name, value]) => `${name}=${value}\n`);
  return options.sort().join('');
}
