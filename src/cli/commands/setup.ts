// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { installPackages, missingPackages } from '../../kit/host.ts';
import { findKit, makeKit } from '../../kit/kit.ts';
import { findKernel } from '../../kernel/kernel.ts';
import { begun, buildState, findCurrentKernel, makeKernel } from '../../kernel/make.ts';
import { prepareBench } from '../../lab/bench.ts';
import { BringupError, exit } from '../../shared/errors.ts';
import { cacheFolder, repository } from '../../shared/paths.ts';
import { progressView } from '../view/progress.ts';
import { paint } from '../view/style.ts';

const core = 'core';

/**
 * bringup start: makes what is missing. The kit and Debian's own kernel take a minute; the core kernel
 * is then built in the background while labs can be judged provisionally. `wait` stays until it is done.
 */
export async function start(
  options: { wait?: boolean; quick?: boolean },
  signal: AbortSignal,
): Promise<number> {
  const view = progressView();
  const missing = missingPackages();
  if (missing.length > 0) {
    process.stderr.write(`host    installing ${missing.join(', ')} with apt-get\n`);
    await installPackages(missing, signal);
  }
  const kit = await makeKit(view.on, signal);
  if (!findCurrentKernel(core)) {
    // The background build starts first: downloading and booting Debian's kernel does not slow it much.
    if (!buildState(core)) startBuilder();
    if (options.quick !== false && !findKernel('quick')) await makeKernel(kit, 'quick', view.on, signal);
    if (options.wait) await follow(view.on, signal);
  }
  if (findKernel(core) || findKernel('quick'))
    await prepareBench({ flavor: core }, { onProgress: view.on, signal });
  view.end();
  process.stdout.write(ready());
  return exit.ok;
}

function ready(): string {
  const state = buildState(core);
  const lines = findKernel(core)
    ? [
        'ready   bringup labs      what there is',
        '        bringup get first-module && cd first-module && bringup watch',
      ]
    : [
        `ready   the core kernel is being built in the background${state ? ` (process ${state.pid})` : ''}; bringup status shows how far it is`,
        '        until then verdicts are provisional, on a kernel without detectors:',
        '        bringup get first-module && cd first-module && bringup watch',
      ];
  return `${lines.map((line, i) => (i === 0 ? line : paint('dim', line))).join('\n')}\n`;
}

/** Builds the core kernel in a process of its own, which goes on when the terminal is closed. */
function startBuilder(): void {
  const logs = cacheFolder('logs');
  mkdirSync(logs, { recursive: true });
  const log = openSync(join(logs, 'builder.log'), 'a');
  const main = join(repository, 'src/cli/main.ts');
  const child = spawn(process.execPath, [main, 'kernel', 'build', core, '--rejudge'], {
    detached: true,
    stdio: ['ignore', log, log],
  });
  child.unref();
}

/** Shows the background build's progress until it has ended. Throws E-KERNEL-BUILD when it failed. */
async function follow(on: ReturnType<typeof progressView>['on'], signal: AbortSignal): Promise<void> {
  for (let idle = 0; !findCurrentKernel(core);) {
    signal.throwIfAborted();
    const state = buildState(core);
    idle = state ? 0 : idle + 1;
    if (idle > 20) {
      throw new BringupError(
        'E-KERNEL-BUILD',
        `the background build ended without a kernel; see ${cacheFolder('logs', 'builder.log')}`,
      );
    }
    if (state?.progress) on(state.progress);
    await sleep(500);
  }
}

/** bringup stop: ends the background build; what it has made is kept and gone on with. */
export async function stop(): Promise<number> {
  const state = buildState(core);
  if (!state) {
    process.stdout.write('nothing of bringup runs in the background\n');
    return exit.ok;
  }
  process.kill(state.pid, 'SIGTERM');
  for (let i = 0; i < 100 && buildState(core); i++) await sleep(100);
  process.stdout.write(`stopped process ${state.pid}; bringup start goes on where it was\n`);
  return exit.ok;
}

/** bringup status: what is there, what is being made. */
export function status(options: { json?: boolean }): number {
  const kit = findKit();
  const kernels = ['core', 'quick'].map((id) => ({ id, kernel: findKernel(id), building: buildState(id) }));
  if (options.json) {
    process.stdout.write(
      `${JSON.stringify({ kit: kit ? { id: kit.id, madeAt: kit.madeAt } : null, kernels: kernels.map(({ id, kernel, building }) => ({ id, built: kernel?.id ?? null, building: building ?? null })) }, null, 2)}\n`,
    );
    return exit.ok;
  }
  process.stdout.write(
    `kit     ${kit ? `Debian 13 toolchain, QEMU ${kit.versions['qemu-system-x86']}` : 'not made yet (bringup start)'}\n`,
  );
  for (const { id, kernel, building } of kernels) {
    const { done, total, phase } = building?.progress ?? {};
    const share = done !== undefined && total ? ` ${Math.floor((done / total) * 100)} %` : '';
    const rest = begun(id) ? 'begun (bringup start goes on)' : 'not made yet (bringup start)';
    const text = kernel ? kernel.release : building ? `${phase ?? 'being made'}${share}` : rest;
    process.stdout.write(`kernel  ${id.padEnd(8)}${text}\n`);
  }
  return exit.ok;
}
