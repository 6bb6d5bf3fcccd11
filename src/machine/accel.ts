// SPDX-License-Identifier: Apache-2.0
import { accessSync, constants, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Judge } from '../kernel/kernel.ts';
import { sandboxFolder } from '../kernel/source.ts';
import type { Kit } from '../kit/kit.ts';
import { cacheFolder } from '../shared/paths.ts';
import { buildAgent } from './agent-build.ts';
import { initramfs } from './initramfs.ts';
import { Machine } from './machine.ts';
import { modelOf } from './template.ts';

const device = '/dev/kvm';
const deadline = 20_000;

/**
 * Whether /dev/kvm really runs guests. On some hosts it opens, creates machines, and every guest hangs;
 * only a kernel that booted tells, within a deadline.
 */
export async function kvmWorks(kit: Kit, judge: Judge): Promise<{ works: boolean; why: string }> {
  if (!existsSync(device)) return { works: false, why: `there is no ${device}` };
  try {
    accessSync(device, constants.R_OK | constants.W_OK);
  } catch {
    return { works: false, why: `${device} may not be opened by this user` };
  }
  sandboxFolder(cacheFolder('templates'));
  const folder = sandboxFolder(mkdtempSync(join(cacheFolder('templates'), '.canary-')));
  try {
    writeFileSync(join(folder, 'initramfs'), initramfs(kit, await buildAgent(kit), judge.kernel.bootModules));
    const machine = await Machine.boot(modelOf(kit, judge, 'kvm'), folder, AbortSignal.timeout(deadline));
    await machine.stop();
    return { works: true, why: 'a canary machine booted' };
  } catch (error) {
    const late = error instanceof Error && error.name === 'TimeoutError';
    const why = late
      ? `${device} opens, but a canary machine did not boot within ${deadline / 1000} s`
      : `a canary machine did not start: ${error instanceof Error ? error.message : String(error)}`;
    return { works: false, why };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
