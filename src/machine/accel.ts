// SPDX-License-Identifier: Apache-2.0
import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Judge } from '../kernel/kernel.ts';
import type { Kit } from '../kit/kit.ts';
import { cacheFolder } from '../shared/paths.ts';
import { ms } from './calls.ts';
import { Machine } from './machine.ts';
import type { Lane } from './qemu.ts';
import { sys } from './syscalls.ts';
import { getTemplate } from './template.ts';

const device = '/dev/kvm';
const deadline = 20_000;

interface Answer {
  works: boolean;
  why: string;
}

/** What two processors run on: hardware where a canary came through on this boot of the host, else TCG. */
export async function racingLane(kit: Kit, judge: Judge): Promise<Lane> {
  if (!existsSync(device)) return 'racing';
  const key = `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${judge.kernel.id}`;
  const { works } = remembered(key) ?? remember(key, await kvmWorks(kit, judge));
  return works ? 'kvm' : 'racing';
}

/**
 * Whether /dev/kvm really runs guests. On some hosts it opens, creates machines, and every guest hangs; only
 * a kernel that booted, was saved, was restored and answered tells, within a deadline.
 */
export async function kvmWorks(kit: Kit, judge: Judge): Promise<Answer> {
  if (!existsSync(device)) return { works: false, why: `there is no ${device}` };
  try {
    accessSync(device, constants.R_OK | constants.W_OK);
  } catch {
    return { works: false, why: `${device} may not be opened by this user` };
  }
  try {
    const signal = AbortSignal.timeout(deadline);
    const template = await getTemplate(kit, judge, 'kvm', { signal });
    const machine = await Machine.restore(template);
    try {
      const answer = machine.caller.ask(1, { nr: sys.getpid, args: [] });
      const outcome = await Promise.race([
        answer.then((asked) => machine.caller.settle(asked, ms(1000))),
        sleep(deadline, undefined, { ref: false }),
      ]);
      if (!outcome) return { works: false, why: 'a canary machine did not answer after it was restored' };
      return { works: true, why: 'a canary machine booted, was saved, restored, and answered' };
    } finally {
      await machine.stop();
    }
  } catch (error) {
    const late = error instanceof Error && error.name === 'TimeoutError';
    const why = late
      ? `${device} opens, but a canary machine did not boot within ${deadline / 1000} s`
      : `a canary machine did not start: ${error instanceof Error ? error.message : String(error)}`;
    return { works: false, why };
  }
}

const memory = (): string => cacheFolder('state', 'kvm.json');

function remembered(key: string): Answer | undefined {
  try {
    const known = JSON.parse(readFileSync(memory(), 'utf8')) as Answer & { key: string };
    return known.key === key ? known : undefined;
  } catch {
    return undefined;
  }
}

function remember(key: string, answer: Answer): Answer {
  mkdirSync(cacheFolder('state'), { recursive: true });
  writeFileSync(memory(), JSON.stringify({ key, ...answer }));
  return answer;
}
