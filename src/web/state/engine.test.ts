// SPDX-License-Identifier: Apache-2.0
// What pages say of the kernel that judges: that there is none, how far its build is, nothing when it is there.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { withLock } from '../../shared/lock.ts';
import { cacheFolder } from '../../shared/paths.ts';
import { engine } from './engine.ts';

beforeEach(() => vi.stubEnv('BRINGUP_CACHE', mkdtempSync(join(tmpdir(), 'bringup-engine-'))));
afterEach(() => {
  rmSync(cacheFolder(), { recursive: true });
  vi.unstubAllEnvs();
});

/** As a build that is under way leaves it (src/kernel/make.ts). */
async function whileBuilding(done: number, work: () => void): Promise<void> {
  mkdirSync(cacheFolder('state'), { recursive: true });
  const progress = { task: 'kernel', subject: 'core', phase: 'compiling', done, total: 1000, unit: 'steps' };
  writeFileSync(cacheFolder('state', 'kernel-core.json'), JSON.stringify(progress));
  await withLock(cacheFolder('locks', 'kernel-core'), async () => work());
}

test('without any kernel that is said', () => {
  expect(engine()).toEqual({ state: 'none', provisional: false });
});

test('a build shows how far it is, and after a while how long it takes', async () => {
  const now = vi.spyOn(Date, 'now').mockReturnValue(0);
  await whileBuilding(100, () =>
    expect(engine()).toEqual({ state: 'building', phase: 'compiling', percent: 10, provisional: false }),
  );
  now.mockReturnValue(60_000);
  await whileBuilding(200, () => expect(engine()).toMatchObject({ percent: 20, minutes: 8 }));
  now.mockRestore();
  expect(engine()).toMatchObject({ state: 'none' });
});
