// SPDX-License-Identifier: Apache-2.0
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { folderBytes } from '../../kit/guard.ts';
import { recipeId } from '../../kit/contents.ts';
import { requireKit } from '../../kit/kit.ts';
import { exit } from '../../shared/errors.ts';
import { cacheFolder } from '../../shared/paths.ts';

const day = 24 * 3600 * 1000;
const mib = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`.padStart(10);

/** bringup cache size: what takes how much room. */
export function cacheSize(options: { json?: boolean }): number {
  const rows = existsSync(cacheFolder())
    ? readdirSync(cacheFolder()).map((name) => ({ name, bytes: folderBytes(cacheFolder(name)) }))
    : [];
  if (options.json) process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
  else {
    for (const { name, bytes } of rows.sort((a, b) => b.bytes - a.bytes))
      process.stdout.write(`${mib(bytes)}  ${name}\n`);
    process.stdout.write(`${mib(rows.reduce((sum, { bytes }) => sum + bytes, 0))}  ${cacheFolder()}\n`);
  }
  return exit.ok;
}

/**
 * bringup cache prune: drops what nothing needs any more: kits of other recipes, templates and builds
 * not used for a week, what interrupted work left. `templates` drops all templates, `all` everything.
 */
export function cachePrune(options: { templates?: boolean; all?: boolean }): number {
  const before = folderBytes(cacheFolder());
  if (options.all)
    for (const name of [
      'kits',
      'kernels',
      'sources',
      'templates',
      'builds',
      'agents',
      'logs',
      'state',
      'web',
    ])
      drop(cacheFolder(name));
  for (const name of list('kits')) if (name !== recipeId()) drop(cacheFolder('kits', name));
  for (const name of list('templates')) {
    const path = cacheFolder('templates', name);
    if (options.templates || name.startsWith('.') || unused(join(path, 'template.json'))) drop(path);
  }
  for (const name of list('builds'))
    if (unused(join(cacheFolder('builds', name), 'shape'))) drop(cacheFolder('builds', name));
  // Pages of the web, by their sources; the images and fonts beside them are small.
  for (const name of list('web')) if (unused(cacheFolder('web', name))) drop(cacheFolder('web', name));
  for (const name of list('sources')) if (name.startsWith('.')) drop(cacheFolder('sources', name));
  process.stdout.write(`${mib(before - folderBytes(cacheFolder())).trim()} freed\n`);
  return exit.ok;
}

function list(name: string): string[] {
  return existsSync(cacheFolder(name)) ? readdirSync(cacheFolder(name)) : [];
}

function drop(path: string): void {
  rmSync(path, { recursive: true, force: true });
}

function unused(file: string): boolean {
  const stat = statSync(file, { throwIfNoEntry: false });
  return !stat || Date.now() - stat.mtimeMs > 7 * day;
}

/** bringup kit info: what the kit contains, with versions. */
export function kitInfo(options: { json?: boolean }): number {
  const kit = requireKit();
  if (options.json) process.stdout.write(`${JSON.stringify(kit, null, 2)}\n`);
  else {
    process.stdout.write(`${kit.id}  made ${kit.madeAt}  ${kit.root}\n`);
    for (const [name, version] of Object.entries(kit.versions))
      process.stdout.write(`  ${name.padEnd(32)} ${version}\n`);
  }
  return exit.ok;
}
