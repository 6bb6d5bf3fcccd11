// SPDX-License-Identifier: Apache-2.0
// For tests: the logs of this folder.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = import.meta.dirname;

export const sampleNames: readonly string[] = readdirSync(folder).filter((name) => name.endsWith('.log'));

export function sample(name: string): string {
  return readFileSync(join(folder, name), 'utf8');
}
