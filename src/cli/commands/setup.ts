// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import { installPackages, missingPackages } from '../../kit/host.ts';
import { findKit, makeKit } from '../../kit/kit.ts';
import { flavorIds } from '../../kernel/flavor.ts';
import { findKernel } from '../../kernel/kernel.ts';
import { begun, buildState, findCurrentKernel, makeKernel } from '../../kernel/make.ts';
import { prepareBench } from '../../lab/bench.ts';
import { databaseState, stopDatabase } from '../../store/store.ts';
import { asBringupError, BringupError, exit } from '../../shared/errors.ts';
import { cacheFolder } from '../../shared/paths.ts';
import { buildOnFirstNeed, howFar } from '../first-need.ts';
import { openBrowser } from '../open-browser.ts';
import { runningWeb, startWeb } from '../web-process.ts';
import { progressView } from '../view/progress.ts';
import { paint } from '../view/style.ts';

const core = 'core';
/** What `start` makes. */
const usual = new Set([core, 'quick']);

/**
 * bringup start: makes what is missing. The kit and Debian's own kernel take a minute; the core kernel
 * is then built in the background while labs can be judged provisionally. `wait` stays until it is done.
 */
export async function start(
  options: { wait?: boolean; quick?: boolean; web?: boolean; open?: boolean },
  signal: AbortSignal,
): Promise<number> {
  // The roadmap needs no kernel: its pages are built while the rest is made. Labs need no web: that it does
  // not come up is said, and no more.
  const web = options.web === false ? Promise.resolve('') : showWeb(options, signal).catch(asBringupError);
  const view = progressView();
  const missing = missingPackages();
  if (missing.length > 0) {
    process.stderr.write(`host    installing ${missing.join(', ')} with apt-get\n`);
    await installPackages(missing, signal);
  }
  const kit = await makeKit(view.on, signal);
  if (!findCurrentKernel(core)) {
    // The background build starts first: downloading and booting Debian's kernel does not slow it much.
    buildOnFirstNeed(core);
    if (options.quick !== false && !findKernel('quick')) await makeKernel(kit, 'quick', view.on, signal);
    if (options.wait) await follow(view.on, signal);
  }
  if (findKernel(core) || findKernel('quick'))
    await prepareBench({ flavor: core }, { onProgress: view.on, signal });
  view.end();
  const url = await web;
  if (typeof url !== 'string') process.stdout.write(`web     ${url.code}: ${url.message}\n`);
  else if (url) process.stdout.write(`web     ${url}      the roadmap\n`);
  process.stdout.write(ready());
  return exit.ok;
}

/** Starts the web and, unless it ran already, shows it in the browser, while the rest is still being made. */
async function showWeb({ open = true }: { open?: boolean }, signal: AbortSignal): Promise<string> {
  const ran = runningWeb();
  const url = await startWeb(signal);
  if (open && !ran) openBrowser(url);
  return url;
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

/** Shows the background build's progress until it has ended. Throws E-KERNEL-BUILD when it failed. */
async function follow(on: ReturnType<typeof progressView>['on'], signal: AbortSignal): Promise<void> {
  for (let idle = 0; !findCurrentKernel(core);) {
    signal.throwIfAborted();
    const state = buildState(core);
    idle = state ? 0 : idle + 1;
    if (idle > 20) {
      throw new BringupError(
        'E-KERNEL-BUILD',
        `the background build ended without a kernel; see ${cacheFolder('logs', `builder-${core}.log`)}`,
      );
    }
    if (state?.progress) on(state.progress);
    await sleep(500);
  }
}

/** bringup stop: ends what runs in the background; what a build has made is kept and gone on with. */
export async function stop(): Promise<number> {
  const web = runningWeb();
  if (web) await end(web.pid, runningWeb);
  const database = await stopDatabase();
  const builders = flavorIds().flatMap((id) => ({ id, pid: buildState(id)?.pid }));
  for (const { id, pid } of builders) if (pid !== undefined) await end(pid, () => buildState(id));
  const ended = [
    web && `the web (process ${web.pid})`,
    database !== undefined && `the database (process ${database})`,
    ...builders.map(
      ({ id, pid }) =>
        pid !== undefined &&
        `the build of the ${id} kernel (process ${pid}); bringup kernel build ${id} goes on where it was`,
    ),
  ].filter((text) => typeof text === 'string');
  process.stdout.write(
    ended.length > 0
      ? ended.map((text) => `stopped ${text}\n`).join('')
      : 'nothing of bringup runs in the background\n',
  );
  return exit.ok;
}

async function end(pid: number, still: () => unknown): Promise<void> {
  process.kill(pid, 'SIGTERM');
  for (let i = 0; i < 100 && still(); i++) await sleep(100);
}

/** bringup status: what is there, what is being made. */
export function status(options: { json?: boolean }): number {
  const kit = findKit();
  const all = flavorIds().map((id) => ({ id, kernel: findKernel(id), building: buildState(id) }));
  // Others are made on first need.
  const kernels = all.filter(({ id, kernel, building }) => usual.has(id) || kernel || building || begun(id));
  const web = runningWeb();
  const database = databaseState();
  if (options.json) {
    process.stdout.write(
      `${JSON.stringify({ web: web ?? null, database, kit: kit ? { id: kit.id, madeAt: kit.madeAt } : null, kernels: kernels.map(({ id, kernel, building }) => ({ id, built: kernel?.id ?? null, building: building ?? null })) }, null, 2)}\n`,
    );
    return exit.ok;
  }
  process.stdout.write(
    `web     ${web ? (web.url ?? 'its pages are being built') : 'not running (bringup start)'}\n`,
  );
  process.stdout.write(
    `data    ${database.running ? `database at ${database.address}` : 'the database is not running; it starts when it is needed'}\n`,
  );
  process.stdout.write(
    `kit     ${kit ? `Debian 13 toolchain, QEMU ${kit.versions['qemu-system-x86']}` : 'not made yet (bringup start)'}\n`,
  );
  for (const { id, kernel, building } of kernels) {
    const how = usual.has(id) ? 'bringup start' : `bringup kernel build ${id}`;
    const text = kernel?.release ?? (building ? howFar(id) : `${howFar(id)} (${how})`);
    process.stdout.write(`kernel  ${id.padEnd(8)}${text}\n`);
  }
  return exit.ok;
}
