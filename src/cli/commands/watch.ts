// SPDX-License-Identifier: Apache-2.0
import { watch as watchFolder } from 'node:fs';
import { emitKeypressEvents } from 'node:readline';
import { prepareBench, type Bench } from '../../lab/bench.ts';
import { openLabFolder, type LabFolder } from '../../lab/folder.ts';
import { readyRig, type Rig } from '../../lab/rig.ts';
import type { Verdict } from '../../lab/verdict.ts';
import { exit } from '../../shared/errors.ts';
import { progressView } from '../view/progress.ts';
import { paint } from '../view/style.ts';
import { renderNotes, renderVerdict } from '../view/verdict.ts';
import { judgeFolder, nextLab } from './check.ts';
import { get, hint } from './labs.ts';
import { shell } from './shell.ts';

const settle = 25; // ms: editors save in several steps
const sourceFile = /^[^.].*\.(c|h|S)$|^(Makefile|Kbuild)$/;
const keys = 'h hint · s shell · v verdict · r rerun · n next lab · q quit';

/**
 * bringup watch [DIR]: judges on every save. A machine is kept restored and warm between saves, so that
 * a verdict costs the build and the check.
 */
export async function watch(path: string | undefined, signal: AbortSignal): Promise<number> {
  let folder = openLabFolder(path ?? '.');
  let bench = await prepareBench(folder.lab, { onProgress: progressView().on, signal });
  let ready: Promise<Rig> | undefined;
  let last: Verdict | undefined;
  let wanted = true;
  let paused = false;
  let wake = (): void => {};
  let finished = false;

  const trigger = (): void => {
    wanted = true;
    wake();
  };
  let watcher = watchSources(folder, trigger);
  const leave = (): void => {
    finished = true;
    wake();
  };
  signal.addEventListener('abort', leave);

  const onKey = (_: string, key: { name?: string; ctrl?: boolean }): void => {
    if (paused) return;
    if (key.name === 'q' || (key.ctrl && key.name === 'c')) leave();
    else if (key.name === 'r') trigger();
    else if (key.name === 'v' && last)
      process.stdout.write(renderVerdict(last, nextLab(last.lab)) + renderNotes(last));
    else if (key.name === 'h') inFolder(folder, () => hint({}));
    else if (key.name === 's' || key.name === 'n') {
      command = key.name;
      wake();
    }
  };
  let command: 's' | 'n' | undefined;
  const keyboard = openKeyboard(onKey);

  const makeReady = (current: Bench): Promise<Rig> => {
    const rig = readyRig(current, folder.seed);
    rig.catch(() => {});
    return rig;
  };

  try {
    process.stdout.write(
      paint('dim', `${folder.lab.id}  ${folder.path}      ${keyboard ? keys : 'Ctrl-C ends it'}\n`),
    );
    while (!finished) {
      if (command === 's') {
        paused = true;
        keyboard?.pause();
        await shell(folder.path, signal);
        keyboard?.resume();
        paused = false;
      } else if (command === 'n') {
        const id = last?.outcome === 'pass' ? nextLab(folder.lab.id) : undefined;
        if (id) {
          watcher.close();
          await get(id, undefined, {});
          folder = openLabFolder(id);
          await stop(ready);
          ready = undefined;
          bench = await prepareBench(folder.lab, { onProgress: progressView().on, signal });
          watcher = watchSources(folder, trigger);
        } else process.stdout.write('the next lab comes after a pass\n');
      }
      command = undefined;
      if (wanted) {
        wanted = false;
        const rig = ready ?? makeReady(bench);
        last = await judgeFolder(folder, {
          bench,
          ready: rig,
          signal,
          onVerdict: (known) => process.stdout.write(`\n${renderVerdict(known, nextLab(known.lab))}`),
        });
        process.stdout.write(renderNotes(last));
        ready = makeReady(bench);
      }
      if (!wanted && !finished && !command) await new Promise<void>((resolve) => (wake = resolve));
    }
    return exit.ok;
  } finally {
    watcher.close();
    keyboard?.close();
    await stop(ready);
  }
}

async function stop(ready: Promise<Rig> | undefined): Promise<void> {
  await ready?.then((rig) => rig.stop()).catch(() => {});
}

function watchSources(folder: LabFolder, changed: () => void): { close: () => void } {
  let timer: NodeJS.Timeout | undefined;
  return watchFolder(folder.path, { recursive: true }, (_event, name) => {
    if (!name || !sourceFile.test(name.split('/').at(-1)!)) return;
    clearTimeout(timer);
    timer = setTimeout(changed, settle);
  });
}

/** Commands that work on "this folder" work on the watched one. */
function inFolder(folder: LabFolder, work: () => void): void {
  const before = process.cwd();
  process.chdir(folder.path);
  try {
    work();
  } finally {
    process.chdir(before);
  }
}

function openKeyboard(
  onKey: (text: string, key: { name?: string; ctrl?: boolean }) => void,
): { pause: () => void; resume: () => void; close: () => void } | undefined {
  const { stdin } = process;
  if (!stdin.isTTY) return undefined;
  emitKeypressEvents(stdin);
  const resume = (): void => {
    stdin.setRawMode(true);
    stdin.resume();
    stdin.on('keypress', onKey);
  };
  const pause = (): void => {
    stdin.off('keypress', onKey);
    stdin.setRawMode(false);
    stdin.pause();
  };
  resume();
  return { pause, resume, close: pause };
}
