// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { BringupError } from '../shared/errors.ts';
import { lockHolder, withLock } from '../shared/lock.ts';
import { cacheFolder } from '../shared/paths.ts';
import { inBackground } from './background.ts';

const lock = (): string => cacheFolder('locks', 'web');
const state = (): string => cacheFolder('state', 'web.json');
const patience = 60_000; // the pages are built first when their sources changed

/** The web server that runs now; without `url` while its pages are still being built. */
export function runningWeb(): { pid: number; url?: string } | undefined {
  const pid = lockHolder(lock());
  if (!pid) return undefined;
  try {
    const known = JSON.parse(readFileSync(state(), 'utf8')) as { pid: number; url: string };
    return known.pid === pid ? known : { pid };
  } catch {
    return { pid };
  }
}

/** Runs `work` as the one web server there is; `announce` tells others where it listens. */
export async function asTheWeb<T>(work: (announce: (url: string) => void) => Promise<T>): Promise<T> {
  return withLock(
    lock(),
    async () => {
      try {
        return await work((url) => {
          mkdirSync(cacheFolder('state'), { recursive: true });
          writeFileSync(state(), JSON.stringify({ pid: process.pid, url }));
        });
      } finally {
        rmSync(state(), { force: true });
      }
    },
    { patience: 0 },
  );
}

/** Starts the web in the background unless it runs; gives its address. Throws E-WEB-BUILD when it does not come up. */
export async function startWeb(signal: AbortSignal): Promise<string> {
  if (!runningWeb()) inBackground(['web'], 'web.log');
  for (const start = Date.now(); Date.now() - start < patience; await sleep(100)) {
    signal.throwIfAborted();
    const url = runningWeb()?.url;
    if (url) return url;
    if (Date.now() - start > 5000 && !runningWeb()) break;
  }
  throw new BringupError('E-WEB-BUILD', `the web did not come up; see ${cacheFolder('logs', 'web.log')}`);
}
