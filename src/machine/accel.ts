// SPDX-License-Identifier: Apache-2.0
import { accessSync, constants, existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Judge } from '../kernel/kernel.ts';
import type { Kit } from '../kit/kit.ts';
import { startQemu } from './qemu.ts';
import { modelOf } from './template.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../shared/paths.ts';
import { sandboxFolder } from '../kernel/source.ts';

const deadline = 10_000;

/**
 * Whether /dev/kvm really runs guests. On some hosts it opens, creates machines, and every guest hangs;
 * only a guest that got somewhere tells. The canary is the firmware: under KVM it is past its first
 * instructions within a second.
 */
export async function kvmWorks(kit: Kit, judge: Judge, device = '/dev/kvm'): Promise<{ works: boolean; why: string }> {
  if (!existsSync(device)) return { works: false, why: `there is no ${device}` };
  try {
    accessSync(device, constants.R_OK | constants.W_OK);
  } catch {
    return { works: false, why: `${device} may not be opened by this user` };
  }
  sandboxFolder(cacheFolder('templates'));
  const folder = sandboxFolder(mkdtempSync(join(cacheFolder('templates'), '.canary-')));
  const model = { ...modelOf(kit, judge, 'kvm'), memory: 64 << 20 };
  const qemu = startQemu(model, folder, 'canary');
  try {
    await qemu.pid;
    await qemu.qmp.command('cont');
    const seen = new Set<string>();
    for (const start = performance.now(); performance.now() - start < deadline; await sleep(100)) {
      const registers = (await qemu.qmp.command('human-monitor-command', { 'command-line': 'info registers' })) as string;
      const ip = /[ER]IP=([0-9a-f]+)/.exec(registers)?.[1];
      if (ip) seen.add(ip);
      if (seen.size >= 4) return { works: true, why: 'a canary machine ran' };
    }
    return { works: false, why: `${device} opens, but a canary machine got nowhere in ${deadline / 1000} s` };
  } catch {
    qemu.process.kill('SIGKILL');
    const { stderr } = await qemu.gone;
    return { works: false, why: `a canary machine did not start: ${stderr || 'QEMU gave no reason'}` };
  } finally {
    qemu.process.kill('SIGKILL');
    await qemu.gone;
    rmSync(folder, { recursive: true, force: true });
  }
}
