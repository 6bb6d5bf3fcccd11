// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, repository } from '../shared/paths.ts';

/** Starts a command of bringup in a process of its own, which goes on when the terminal is closed. */
export function inBackground(args: readonly string[], logName: string): void {
  mkdirSync(cacheFolder('logs'), { recursive: true });
  const log = openSync(cacheFolder('logs', logName), 'a');
  const main = join(repository, 'src/cli/main.ts');
  spawn(process.execPath, [main, ...args], { detached: true, stdio: ['ignore', log, log] }).unref();
}
