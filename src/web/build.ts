// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import { join } from 'node:path';
import { BringupError } from '../shared/errors.ts';
import { withLock } from '../shared/lock.ts';
import { cacheFolder, repository } from '../shared/paths.ts';
import type { OnProgress } from '../shared/progress.ts';
import { run } from '../shared/run.ts';

const bundled = [
  ...['app', 'client', 'static', 'vite.config.ts'].map((name) => join('src', 'web', name)),
  join('src', 'silicon', 'sheet', 'sheet.css'),
];
const deadline = 180_000;

/**
 * The folder of the built pages, which is made when no build of these sources is there. Throws
 * E-WEB-BUILD with what the compiler said.
 */
export async function builtPages(onProgress: OnProgress): Promise<string> {
  const folder = cacheFolder('web', digest());
  const pages = join(folder, 'pages');
  if (existsSync(folder)) {
    // Says when it was used last; `bringup cache prune` looks at that.
    utimesSync(folder, new Date(), new Date());
    return pages;
  }
  const progress = { task: 'web', subject: 'pages' };
  return withLock(`${folder}.lock`, async () => {
    if (existsSync(folder)) return pages;
    onProgress({ ...progress, phase: 'compiling' });
    const making = `${folder}.making`;
    rmSync(making, { recursive: true, force: true });
    mkdirSync(making, { recursive: true });
    // What is not bundled is found by its name, from where the output stands.
    symlinkSync(join(repository, 'node_modules'), join(making, 'node_modules'));
    await compile(making);
    rmSync(join(making, 'kit'), { recursive: true });
    renameSync(making, folder);
    onProgress({ ...progress, phase: 'compiled', finished: true });
    return pages;
  });
}

async function compile(into: string): Promise<void> {
  const vite = join(repository, 'node_modules', 'vite', 'bin', 'vite.js');
  const { status, stdout, stderr } = await run(
    [process.execPath, vite, 'build', '--config', join('src', 'web', 'vite.config.ts')],
    {
      cwd: repository,
      env: { ...process.env, NODE_ENV: 'production', NO_COLOR: '1', BRINGUP_WEB_OUT: into },
      deadline,
    },
  );
  if (status !== 0)
    throw new BringupError(
      'E-WEB-BUILD',
      `the pages could not be built:\n${Buffer.concat([stdout, stderr]).toString().trim().slice(-2000)}`,
    );
}

/** Names a build by all that goes into it: sources, packages, and where the checkout stands. */
function digest(): string {
  const hash = createHash('sha256').update(repository);
  for (const name of [...bundled.flatMap(filesBelow), 'package-lock.json'].sort())
    hash.update(`\0${name}\0`).update(readFileSync(join(repository, name)));
  return hash.digest('hex').slice(0, 20);
}

/** Paths of a file or of all files in a folder, from the top of the checkout. */
function filesBelow(name: string): string[] {
  if (!statSync(join(repository, name)).isDirectory()) return [name];
  return readdirSync(join(repository, name)).flatMap((entry) => filesBelow(join(name, entry)));
}
