// SPDX-License-Identifier: Apache-2.0
import { statfsSync } from 'node:fs';
import { availableMemory, missingPackages } from '../../kit/host.ts';
import { findKit } from '../../kit/kit.ts';
import { isRoot, sandboxed } from '../../kit/sandbox.ts';
import { findKernel } from '../../kernel/kernel.ts';
import { loadFlavor } from '../../kernel/flavor.ts';
import { kvmWorks } from '../../machine/accel.ts';
import { exit } from '../../shared/errors.ts';
import { cacheFolder } from '../../shared/paths.ts';
import { run } from '../../shared/run.ts';
import { paint } from '../view/style.ts';

interface Finding {
  what: string;
  ok: boolean;
  /** A thing bringup can do without. */
  optional?: boolean;
  says: string;
}

const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

/** bringup doctor: looks at everything the engine needs of the host and says what to do about the rest. */
export async function doctor(options: { json?: boolean }): Promise<number> {
  const findings = [node(), packages(), disk(), memory(), await sandbox(), await memoryAccess(), await kvm()];
  if (options.json) process.stdout.write(`${JSON.stringify(findings, null, 2)}\n`);
  else {
    for (const { what, ok, optional, says } of findings) {
      const mark = ok ? paint('green', '✓') : optional ? paint('dim', '·') : paint('red', '✗');
      process.stdout.write(`  ${mark} ${what.padEnd(12)} ${says}\n`);
    }
  }
  return findings.every(({ ok, optional }) => ok || optional) ? exit.ok : exit.ours;
}

function node(): Finding {
  return { what: 'node', ok: true, says: process.version };
}

function packages(): Finding {
  const missing = missingPackages();
  return {
    what: 'packages',
    ok: missing.length === 0,
    says:
      missing.length === 0
        ? 'mmdebstrap, bubblewrap and what they need are here'
        : `missing: ${missing.join(', ')} (bringup start installs them)`,
  };
}

function disk(): Finding {
  let stat;
  try {
    stat = statfsSync(cacheFolder());
  } catch {
    stat = statfsSync('/');
  }
  const free = stat.bavail * stat.bsize;
  const enough = free > (findKernel('core') ? 1 : 7) * 2 ** 30;
  return {
    what: 'disk',
    ok: enough,
    says: `${gib(free)} free in ${cacheFolder()}${enough ? '' : '; the kit and the core kernel take about 7 GiB while they are made'}`,
  };
}

function memory(): Finding {
  const available = availableMemory();
  const enough = available > 1.5 * 2 ** 30;
  return {
    what: 'memory',
    ok: enough,
    says: `${gib(available)} available${enough ? '' : '; a machine and a build take about 1 GiB'}`,
  };
}

async function sandbox(): Promise<Finding> {
  const kit = findKit();
  if (!kit)
    return { what: 'sandbox', ok: true, says: 'not tried: the kit has not been made yet (bringup start)' };
  try {
    const { status, stderr } = await run(sandboxed({ kit: kit.root }, ['true']));
    const says =
      status === 0
        ? isRoot
          ? 'bubblewrap works (as root)'
          : 'bubblewrap works in a user namespace'
        : `bubblewrap failed: ${stderr.toString().trim()}`;
    return { what: 'sandbox', ok: status === 0, says };
  } catch (error) {
    return { what: 'sandbox', ok: false, says: String(error) };
  }
}

/** The engine reads machines from outside, which the host may forbid (Yama's ptrace_scope 3). */
async function memoryAccess(): Promise<Finding> {
  const { readFile } = await import('node:fs/promises');
  const scope = await readFile('/proc/sys/kernel/yama/ptrace_scope', 'utf8').catch(() => '0');
  const ok = isRoot || Number(scope) < 3;
  return {
    what: 'memory access',
    ok,
    says: ok
      ? 'machines can be looked at from outside'
      : 'kernel.yama.ptrace_scope is 3: the memory of machines can not be read (set it to 1)',
  };
}

async function kvm(): Promise<Finding> {
  const kit = findKit();
  const kernel = findKernel('core') ?? findKernel('quick');
  if (!kit || !kernel) return { what: 'kvm', ok: false, optional: true, says: 'not tried yet' };
  const { works, why } = await kvmWorks(kit, {
    kernel,
    flavor: loadFlavor(kernel.flavor),
    provisional: false,
  });
  return {
    what: 'kvm',
    ok: works,
    optional: true,
    says: `${why}; machines run under TCG, which the targets are for`,
  };
}
