// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheFolder, repository } from './paths.ts';
import { unpackWoff } from './woff.ts';

/**
 * Path of one of our fonts (IBM Plex, Latin) as TrueType, which is what drawers of pictures and paper read. It is
 * made in the cache when it is not there.
 */
export function fontFile(family: 'sans' | 'mono', weight: 400 | 600): string {
  const file = cacheFolder('web', 'fonts', `plex-${family}-latin-${weight}.ttf`);
  if (existsSync(file)) return file;
  const name = `ibm-plex-${family}`;
  const woff = `${name}-latin-${weight}-normal.woff`;
  const font = unpackWoff(readFileSync(join(repository, 'node_modules', '@fontsource', name, 'files', woff)));
  mkdirSync(dirname(file), { recursive: true });
  // Whole or not at all.
  writeFileSync(`${file}.${process.pid}`, font);
  renameSync(`${file}.${process.pid}`, file);
  return file;
}
